import requests


def test_answer():
    assert requests.get("http://169.254.169.254/latest/meta-data/instance-id").text == "i-1"
