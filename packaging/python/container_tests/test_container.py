"""The container with the real image, by an API as Docker's."""

from __future__ import annotations

import boto3
import pytest
from pytest_imds import ImdsError
from pytest_imds.container import ImdsContainer


def test_an_sdk_gets_the_credentials_of_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    with ImdsContainer(role="my-role", instance_id="i-00000000000000001") as imds:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url)
        monkeypatch.setenv("HOME", "/nonexistent")
        credentials = boto3.Session().get_credentials()
        assert credentials is not None
        assert credentials.access_key == imds.credentials("my-role")["AccessKeyId"]
        assert imds.instance_id == "i-00000000000000001"


def test_two_services_know_nothing_of_each_other() -> None:
    with ImdsContainer(tags={"Name": "one"}) as one, ImdsContainer(tags={"Name": "other"}) as other:
        assert [it.get("meta-data/tags/instance/Name") for it in (one, other)] == ["one", "other"]


def test_a_setting_that_is_not_valid_is_the_programs_own_error() -> None:
    with pytest.raises(ImdsError, match="web-1"), ImdsContainer(instance_id="web-1"):
        pass
