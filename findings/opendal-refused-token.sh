#!/usr/bin/env bash
# opendal and ec2-metadata go on with a token that the metadata service refuses, and ask for no other.
#
# Versions: opendal 0.47.12, ec2-metadata 3.0.0 (PyPI), Python 3.11.
# Expected: "401 Unauthorized" says that the token is not valid, and AWS's advice for it is to get a new one. So one request
#   fails, or none, and the next one asks for a token first. Then a restarted stand-in of the service, or a process that was
#   moved or restored with its memory, costs one error at most.
# Seen: each request has the old token, which was made for six hours, and is refused; no PUT is sent. With opendal no call to
#   S3 works any more once the credentials are due, and its error says "permanent", for which RetryLayer does not try again.
#   A new Operator works at once, beside the old one; so does ec2-metadata after `clear_all()`.
# So: after an error of the signer make a new Operator; call clear_all() on an HTTPError with 401.
# Needs: python3 with venv, PyPI, and unshare: the clients run where nothing is but loopback, which has the metadata address.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check opendal==0.47.12 ec2-metadata==3.0.0

cat > "$work/probe.py" <<'PYTHON'
import datetime, http.server, json, threading

tokens, puts = set(), 0

def role():
    # With a minute left opendal asks for each call; on EC2 it takes hours until the credentials are due.
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
    return json.dumps({"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z", "AccessKeyId":
                       "ASIAEXAMPLE", "SecretAccessKey": "x", "Token": "y", "Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}"})

class Service(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_PUT(self):
        global puts
        puts += 1
        tokens.add(f"token-{puts}")
        self.answer(200, f"token-{puts}")

    def do_GET(self):
        if self.server.server_port != 80:  # S3
            return self.answer(200, "object")
        if self.headers.get("x-aws-ec2-metadata-token") not in tokens:
            return self.answer(401)
        if self.path.endswith("/instance-id"):
            return self.answer(200, "i-1234567890abcdef0")
        self.answer(200, role() if self.path.endswith("/my-role") else "my-role")

    def log_message(self, *_):
        pass

for address in [("169.254.169.254", 80), ("127.0.0.1", 9000)]:
    threading.Thread(target=http.server.ThreadingHTTPServer(address, Service).serve_forever, daemon=True).start()

def call(function):
    before = puts
    try:
        function()
        result = "works"
    except Exception as error:
        result = f"{type(error).__name__}{' (permanent)' if '(permanent)' in str(error) else ''}"
    return f"{result}, {puts - before} PUT"

import opendal
def operator():
    operator = opendal.Operator("s3", bucket="b", region="us-east-1", endpoint="http://127.0.0.1:9000")
    return lambda: operator.read("key")

old = operator()
print("opendal:", call(old))
tokens.clear()
for _ in range(3):
    print("- the token is refused:", call(old))
print("- a new Operator:", call(operator()))
print("- the old one:", call(old))

from ec2_metadata import EC2Metadata
client = EC2Metadata()
def instance_id():
    client.__dict__.pop("instance_id", None)  # a value that is kept
    return client.instance_id
print("ec2-metadata:", call(instance_id))
tokens.clear()
for _ in range(3):
    print("- the token is refused:", call(instance_id))
client.clear_all()
print("- after clear_all():", call(instance_id))
PYTHON
export HOME="$work"
unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_EC2_METADATA_SERVICE_ENDPOINT
unset AWS_EC2_METADATA_DISABLED http_proxy HTTP_PROXY
seen=$(unshare --map-root-user --net sh -c '
    ip link set lo up
    ip address add 169.254.169.254/32 dev lo
    exec "$0" "$1"' "$work/python/bin/python" "$work/probe.py")
echo "$seen"
[ "$seen" = "opendal: works, 1 PUT
- the token is refused: Unexpected (permanent), 0 PUT
- the token is refused: Unexpected (permanent), 0 PUT
- the token is refused: Unexpected (permanent), 0 PUT
- a new Operator: works, 1 PUT
- the old one: Unexpected (permanent), 0 PUT
ec2-metadata: works, 1 PUT
- the token is refused: HTTPError, 0 PUT
- the token is refused: HTTPError, 0 PUT
- the token is refused: HTTPError, 0 PUT
- after clear_all(): works, 1 PUT" ] || { echo "this has changed" >&2; exit 1; }
