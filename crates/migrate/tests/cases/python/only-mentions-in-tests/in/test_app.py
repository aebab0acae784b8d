import pytest
import requests
import responses

BLOCKED = {"169.254.169.254", "metadata.google.internal"}


def test_blocked(client, requests_mock):
    assert client.post("/fetch", json={"url": "http://169.254.169.254/latest/meta-data/"}).status_code == 400
    with pytest.raises(ValueError):
        validate("http://169.254.169.254/latest/meta-data/")
    responses.add(responses.GET, "http://169.254.169.254/latest/meta-data/instance-id", body="i-1")
    requests_mock.get("http://169.254.169.254/latest/meta-data/instance-id", text="i-1")
