"""A running `imds serve`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from ._metadata import PATIENCE, ImdsError, Metadata, flags

@dataclass(frozen=True)
class Request:
    """A request that was answered."""

    #: `GET`, `PUT`, …
    method: str
    #: The path as the service reads it, without a query.
    path: str
    #: The status of the response.
    status: int
    #: Whether it is one of IMDSv2: it has a session token, or asks for one.
    has_token: bool


class Imds(Metadata):
    """A metadata service on a free port of 127.0.0.1, with an EC2 API beside it.

    A context manager: it runs from the beginning of the block to its end.
    """

    #: Where the EC2 API answers.
    control_url: str
    #: The id of the instance.
    instance_id: str

    def __init__(
        self,
        *,
        ami: str = "al2023",
        role: str | None = None,
        instance_id: str | None = None,
        instance_type: str | None = None,
        region: str | None = None,
        http_tokens: str | None = None,
        tags: Mapping[str, str] | None = None,
        user_data: str | None = None,
        faults: Sequence[str] = (),
        options: Sequence[str] = (),
        program: str | os.PathLike[str] | None = None,
    ) -> None:
        self._arguments = flags(
            ami=ami,
            role=role,
            instance_id=instance_id,
            instance_type=instance_type,
            region=region,
            http_tokens=http_tokens,
            tags=tags,
            faults=faults,
            options=options,
        )
        self._user_data = user_data
        self._program = program or os.environ.get("IMDS_PROGRAM") or shutil.which("imds")
        self._process: subprocess.Popen[bytes] | None = None
        self._taken = 0

    def __enter__(self) -> Imds:
        if self._program is None:
            raise ImdsError("the program imds is not on the PATH; set IMDS_PROGRAM to where it is")
        self._directory = tempfile.TemporaryDirectory(prefix="imds-")
        home = Path(self._directory.name)
        arguments = [
            "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--state", "memory",
            "--ready-file", str(home / "ready.json"),
            "--access-log", str(home / "access.log"), "--log-format", "json",
        ]  # fmt: skip
        if self._user_data is not None:
            (home / "user-data").write_text(self._user_data)
            arguments += ["--user-data", str(home / "user-data")]
        messages = home / "messages"
        try:
            with messages.open("wb") as log:
                self._process = subprocess.Popen(
                    [os.fspath(self._program), "serve", *arguments, *self._arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                )
        except OSError as error:
            self._directory.cleanup()
            raise ImdsError(f"cannot run {os.fspath(self._program)}: {error.strerror}") from error
        try:
            ready = self._wait(home / "ready.json", messages)
        except BaseException:
            self.stop()
            raise
        self.url = ready["metadata"][0]["url"] + "/"
        self.control_url = ready["control"]["url"]
        self.instance_id = ready["instance_id"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the service. It may have ended before."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
            self._directory.cleanup()

    def requests(self) -> list[Request]:
        """The requests that were answered since this was last called, in the order in which they were.

        The service writes them after its answers, so one that was answered just now may come later.
        """
        lines = (Path(self._directory.name) / "access.log").read_text().split("\n")[:-1]
        new, self._taken = lines[self._taken :], len(lines)
        records = map(json.loads, new)
        return [
            Request(record["method"], record["path"], record["status"], record["imds"] == "v2") for record in records
        ]

    def _wait(self, ready: Path, messages: Path) -> Any:
        assert self._process is not None
        deadline = time.monotonic() + PATIENCE
        while not ready.exists():
            if self._process.poll() is not None:
                raise ImdsError(messages.read_text().strip() or f"imds ended with {self._process.returncode}")
            if time.monotonic() > deadline:
                raise ImdsError(f"imds is not ready after {PATIENCE:.0f} s: {messages.read_text().strip()}")
            time.sleep(0.01)
        return json.loads(ready.read_text())
