"""Facts about the instance this program runs on, for its logs and metrics."""

import json
import logging
import socket
from dataclasses import dataclass
from functools import lru_cache

import requests

BASE = "http://169.254.169.254/latest"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Facts:
    instance_id: str
    zone: str
    account: str
    hostname: str

    @property
    def region(self):
        return self.zone[:-1]

    def as_dimensions(self):
        return [
            {"Name": "InstanceId", "Value": self.instance_id},
            {"Name": "AvailabilityZone", "Value": self.zone},
        ]


@lru_cache(maxsize=1)
def facts():
    try:
        instance_id = requests.get(f"{BASE}/meta-data/instance-id", timeout=2).text
        zone = requests.get(BASE + "/meta-data/placement/availability-zone", timeout=2).text
        document = requests.get(f"{BASE}/dynamic/instance-identity/document", timeout=2)
        document.raise_for_status()
    except requests.RequestException as error:
        log.warning("not on EC2: %s", error)
        return None
    account = json.loads(document.text)["accountId"]
    return Facts(instance_id, zone, account, socket.gethostname())


def main():
    logging.basicConfig(level=logging.INFO)
    known = facts()
    if known is None:
        raise SystemExit("this program runs on EC2 only")
    for dimension in known.as_dimensions():
        print("{Name}={Value}".format(**dimension))
    print(f"{known.hostname} in {known.region}, account {known.account}")


if __name__ == "__main__":
    main()
