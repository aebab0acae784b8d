"""What services have in common, however they are started."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

#: How long a service may take to start or to answer, in seconds.
PATIENCE = 30.0


class ImdsError(Exception):
    """The service does not start, or says that a setting is not valid."""


class Metadata:
    """Metadata that is served at `url`."""

    #: Where metadata is served, as in `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
    url: str

    def get(self, path: str) -> str:
        """A value by its path below the version, such as `meta-data/instance-id`, fetched with a token."""
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        token = self._ask("latest/api/token", method="PUT", headers=headers)
        return self._ask(f"latest/{path.lstrip('/')}", headers={"X-aws-ec2-metadata-token": token})

    def credentials(self, role: str) -> dict[str, Any]:
        """The credentials of a role, as the service gives them to a program."""
        document: dict[str, Any] = json.loads(self.get(f"meta-data/iam/security-credentials/{role}"))
        return document

    def _ask(self, path: str, *, method: str = "GET", headers: Mapping[str, str]) -> str:
        request = urllib.request.Request(self.url + path, method=method, headers=dict(headers))
        # Without the proxies of the environment: they cannot reach this machine's loopback.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=PATIENCE) as response:
            body: bytes = response.read()
            return body.decode()


def flags(
    *,
    ami: str = "al2023",
    role: str | None = None,
    instance_id: str | None = None,
    instance_type: str | None = None,
    region: str | None = None,
    http_tokens: str | None = None,
    tags: Mapping[str, str] | None = None,
    faults: Sequence[str] = (),
    options: Sequence[str] = (),
) -> list[str]:
    """What `imds serve` is told of an instance."""
    values = {
        "--ami": ami,
        "--role": role,
        "--instance-id": instance_id,
        "--instance-type": instance_type,
        "--region": region,
        "--http-tokens": http_tokens,
    }
    words = [word for flag, value in values.items() if value is not None for word in (flag, value)]
    for key, value in (tags or {}).items():
        words += ["--tag", f"{key}={value}"]
    if tags:
        words += ["--instance-metadata-tags", "enabled"]
    for fault in faults:
        words += ["--fault", fault]
    return [*words, *options]
