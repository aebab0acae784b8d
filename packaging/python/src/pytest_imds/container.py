"""The service in a container, for tests that use Testcontainers: `pip install pytest-imds[container]`."""

from __future__ import annotations

import time
import urllib.error
from typing import Any

from testcontainers.core.container import DockerContainer

from ._metadata import PATIENCE, ImdsError, Metadata, flags

#: The image of a release, once it was loaded.
IMAGE = "localhost/imds:0.1.0"

#: The port inside the container.
PORT = 1338


class ImdsContainer(Metadata, DockerContainer):
    """A metadata service on a port of the machine that runs containers, without an EC2 API.

    A context manager: it runs from the beginning of the block to its end. The settings are those of `Imds`
    without `user_data` and `program`.
    """

    def __init__(self, image: str = IMAGE, **settings: Any) -> None:
        super().__init__(image)
        self.with_exposed_ports(PORT)
        serve = ["serve", "--listen", f"0.0.0.0:{PORT}", "--control", "off", "--state", "memory"]
        self.with_command([*serve, *flags(**settings)])

    def start(self) -> ImdsContainer:
        """Starts it, and waits until it answers."""
        super().start()
        self._wait()
        return self

    @property
    def url(self) -> str:  # type: ignore[override]
        """Where metadata is served, as in `AWS_EC2_METADATA_SERVICE_ENDPOINT`."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}/"

    @property
    def instance_id(self) -> str:
        """The id of the instance."""
        return self.get("meta-data/instance-id")

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._ask("", headers={})
                return
            except urllib.error.HTTPError:
                # It answers: without a token it may refuse.
                return
            except OSError as error:
                container = self.get_wrapped_container()
                container.reload()
                if container.status == "exited" or time.monotonic() > deadline:
                    messages = b"".join(self.get_logs()).decode().strip()
                    raise ImdsError(messages or f"imds does not answer: {error}") from error
            time.sleep(0.01)
