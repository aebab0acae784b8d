"""Metrics at the address of the EC2 API, for whoever signs; without `--metrics`."""

import os
import subprocess
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from lab import REGION, ask

URL = os.environ["AWS_ENDPOINT_URL_EC2"] + "/metrics"
key = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])


def read(credentials=key, *, service="ec2", method="GET", accept=None):
    """Status, media type and text."""
    request = AWSRequest(method, URL, {"Accept": accept} if accept else {})
    if credentials:
        SigV4Auth(credentials, service, REGION).add_auth(request)
    request = request.prepare()
    plain = urllib.request.Request(URL, headers=dict(request.headers), method=method)
    try:
        with urllib.request.urlopen(plain, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


assert ask("GET", "/latest/meta-data/mac")[0] == 401
status, kind, text = read()
assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8"), (status, kind)
line = 'imds_metadata_no_token_rejected_total{instance_id="i-1234567890abcdef0"} 1'
assert line in text.splitlines(), text
assert "imds_build_info" in text and "imds_agent_following 1" in text.splitlines(), text
status, kind, text = read(accept="application/openmetrics-text; version=1.0.0")
assert status == 200 and kind.startswith("application/openmetrics-text") and text.endswith("# EOF\n"), (status, kind)

# Any key may look, and nobody else.
made = subprocess.check_output(["imds", "access-key", "create", "--read-only"], text=True)
made = dict(line.removeprefix("export ").replace("'", "").split("=") for line in made.splitlines())
assert read(Credentials(made["AWS_ACCESS_KEY_ID"], made["AWS_SECRET_ACCESS_KEY"]))[0] == 200
for code, options in [
    ("AuthFailure", {"credentials": None}),
    ("AuthFailure", {"credentials": Credentials(key.access_key, "wrong")}),
    ("MethodNotAllowed", {"method": "DELETE"}),
]:
    status, _, text = read(**options)
    assert status >= 400 and f"<Code>{code}</Code>" in text and "imds_" not in text, (options, status, text)
role = boto3.client("sts", region_name=REGION).assume_role(
    RoleArn="arn:aws:iam::123456789012:role/any", RoleSessionName="me"
)["Credentials"]
session = Credentials(role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
status, _, text = read(session)
assert status == 403 and "UnauthorizedOperation" in text, (status, text)
