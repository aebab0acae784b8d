import logging
import requests

log = logging.getLogger(__name__)


class Metadata(object):
    URL = "http://169.254.169.254/latest"

    def __init__(self, timeout=3):
        self.timeout = timeout

    @property
    def instance_id(self):
        return self._get("meta-data/instance-id")

    def _get(self, path):
        try:
            imds_token = requests.put("http://169.254.169.254/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}, timeout=self.timeout).text
            r = requests.get("{}/{}".format(self.URL, path), headers={"X-aws-ec2-metadata-token": imds_token}, timeout=self.timeout)
            r.raise_for_status()
            return r.text
        except requests.exceptions.RequestException as e:
            log.warning("no metadata: %s", e)
            return None
