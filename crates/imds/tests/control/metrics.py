"""Metrics at the address of the EC2 API, for whoever signs; without `--metrics`."""

import json
import os
import subprocess
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from lab import REGION, ask, token

URL = os.environ["AWS_ENDPOINT_URL_EC2"] + "/metrics"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
key = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])


def read(credentials=key, *, service="ec2", method="GET", accept=None, headers={}, body=None):
    """Status, media type and text."""
    fields = {**headers, **({"Accept": accept} if accept else {})}
    request = AWSRequest(method, URL, fields, data=body)
    if credentials:
        SigV4Auth(credentials, service, REGION).add_auth(request)
    request = request.prepare()
    plain = urllib.request.Request(URL, headers=dict(request.headers), method=method, data=body)
    try:
        with urllib.request.urlopen(plain, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def session(role, **more):
    """Temporary credentials of a role."""
    made = boto3.client("sts", region_name=REGION).assume_role(
        RoleArn=f"arn:aws:iam::123456789012:role/{role}", RoleSessionName="me", **more
    )["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


# What was sent is counted, and there for the next reader.
for _ in range(3):
    assert ask("GET", "/latest/meta-data/mac")[0] == 401
token()
status, kind, text = read()
assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8"), (status, kind)
for line in [
    'imds_metadata_no_token_rejected_total{instance_id="i-1234567890abcdef0"} 3',
    'imds_requests_total{version="v1",status="401",path="meta-data"} 3',
    'imds_requests_total{version="v2",status="200",path="token"} 1',
    "imds_tokens_total 1",
    "imds_agent_following 1",
]:
    assert line in text.splitlines(), (line, text)
assert "imds_build_info{version=" in text and "process_open_fds" in text, text
status, kind, text = read(accept=OPEN_METRICS)
assert status == 200 and kind == OPEN_METRICS + "; charset=utf-8" and text.endswith("# EOF\n"), (status, kind)
assert read(method="HEAD")[::2] == (200, "")

# Any key may look, and nobody else.
made = subprocess.check_output(["imds", "access-key", "create", "--read-only"], text=True)
made = dict(line.removeprefix("export ").replace("'", "").split("=") for line in made.splitlines())
assert read(Credentials(made["AWS_ACCESS_KEY_ID"], made["AWS_SECRET_ACCESS_KEY"]))[0] == 200
for status, code, options in [
    (403, "MissingAuthenticationToken", {"credentials": None}),
    (403, "MissingAuthenticationToken", {"credentials": None, "method": "POST", "body": b"Action=ListMetrics&Version=2010-08-01"}),
    (401, "AuthFailure", {"credentials": Credentials(key.access_key, "wrong")}),
    (401, "AuthFailure", {"credentials": Credentials("AKIAIOSFODNN7EXAMPLE", key.secret_key)}),
    (401, "AuthFailure", {"service": "monitoring"}),
    (405, "MethodNotAllowed", {"method": "DELETE"}),
    (405, "MethodNotAllowed", {"method": "POST", "body": b"Action=DescribeInstances&Version=2016-11-15"}),
]:
    answer = read(**options)
    assert answer[0] == status and f"<Code>{code}</Code>" in answer[2] and "imds_" not in answer[2], (options, answer)

# A role may if its policy says so, unless its session restricts it.
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}
assert read(session("everything"))[0] == 200
for credentials in [session("app"), session("none"), session("everything", Policy=json.dumps(ALLOW))]:
    status, _, text = read(credentials)
    assert status == 403 and "<Code>UnauthorizedOperation</Code>" in text, (status, text)
    assert "is not authorized to perform: imds:GetMetrics because" in text, text

# The metadata service has nothing like it, with a token or without.
for headers in [{}, {"X-aws-ec2-metadata-token": token()}]:
    status, text = ask("GET", "/metrics", headers)
    assert status in (401, 404) and "imds_" not in text, (headers, status, text)
