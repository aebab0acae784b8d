"""The fixtures with the real program."""

from __future__ import annotations

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import boto3
import pytest
from pytest_imds import Imds, ImdsError, Request


def seen(imds: Imds, count: int) -> list[Request]:
    """The requests, once there are so many."""
    requests: list[Request] = []
    deadline = time.monotonic() + 20
    while len(requests) < count and time.monotonic() < deadline:
        requests += imds.requests()
    return requests


def test_an_sdk_gets_the_credentials_of_the_role(imds: Imds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url)
    monkeypatch.setenv("HOME", "/nonexistent")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    credentials = boto3.Session().get_credentials()
    assert credentials is not None
    assert credentials.access_key == imds.credentials("my-role")["AccessKeyId"]
    assert all(request.has_token for request in seen(imds, 3))


def test_settings_show_in_the_metadata(imds_factory: Callable[..., Imds]) -> None:
    imds = imds_factory(
        ami="al2",
        instance_id="i-00000000000000001",
        instance_type="t3.micro",
        region="eu-west-1",
        tags={"Name": "web-1"},
        user_data="#!/bin/sh\n",
        http_tokens="required",
    )
    assert imds.instance_id == imds.get("meta-data/instance-id") == "i-00000000000000001"
    assert imds.get("meta-data/instance-type") == "t3.micro"
    assert imds.get("meta-data/placement/region") == "eu-west-1"
    assert imds.get("meta-data/tags/instance/Name") == "web-1"
    assert imds.get("user-data") == "#!/bin/sh\n"


def test_requests_say_what_a_program_did(imds: Imds) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(imds.url + "latest/meta-data/ami-id")
    imds.get("meta-data/ami-id")
    assert seen(imds, 3) == [
        Request("GET", "/latest/meta-data/ami-id", 401, False),
        Request("PUT", "/latest/api/token", 200, True),
        Request("GET", "/latest/meta-data/ami-id", 200, True),
    ]


def test_faults_are_in_force_from_the_start(imds_factory: Callable[..., Imds]) -> None:
    imds = imds_factory(faults=["token,status=503,count=1"])
    with pytest.raises(urllib.error.HTTPError, match="503"):
        imds.get("meta-data/instance-id")
    assert imds.get("meta-data/instance-id") == imds.instance_id


def test_two_services_know_nothing_of_each_other(imds_factory: Callable[..., Imds]) -> None:
    one, other = (imds_factory(instance_id=f"i-0000000000000000{number}") for number in (1, 2))
    assert (one.get("meta-data/instance-id"), other.get("meta-data/instance-id")) == (one.instance_id, other.instance_id)


def test_a_setting_that_is_not_valid_is_the_programs_own_error() -> None:
    with pytest.raises(ImdsError, match="web-1"), Imds(instance_id="web-1"):
        pass


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(ImdsError, match="/nonexistent/imds"), Imds(program="/nonexistent/imds"):
        pass


def test_nothing_runs_after_the_block() -> None:
    with Imds() as imds:
        url = imds.url
        process = imds._process
        assert isinstance(process, subprocess.Popen)
    assert process.returncode == 0
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url)
