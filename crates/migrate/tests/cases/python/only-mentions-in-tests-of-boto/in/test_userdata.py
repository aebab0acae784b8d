from unittest import mock

from boto.utils import get_instance_userdata


@mock.patch("boto.utils.retry_url", return_value=b"x")
def test_userdata(retry_url):
    assert get_instance_userdata() == "x"
