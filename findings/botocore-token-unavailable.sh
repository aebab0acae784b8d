#!/usr/bin/env bash
# botocore (boto3, AWS CLI v1): one "503 Service Unavailable" to the request for a token makes it ask for credentials
# without a token, as if the metadata service knew no tokens.
#
# Versions: botocore 1.43.11 (PyPI), Python 3.11.
# Expected: 503 says that the service is busy for now, so the token is asked for again, or the provider fails and says
#   so. Only 403, 404 and 405 say that there are no tokens.
# Seen: by default each request is sent once (`metadata_service_num_attempts`). After a single 503 the token counts as
#   not available, and all that follows is IMDSv1. Where that is allowed, whoever counts IMDSv1 calls sees some of a
#   client that never makes any otherwise; where tokens are required, there are no credentials, and no error either.
#   With two attempts the second one gets a token.
# Needs: python3 with venv, PyPI, and unshare: the client runs where nothing but loopback is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check botocore==1.43.11

cat > "$work/probe.py" <<'PYTHON'
import http.server, os, threading

ROLE = '{"Code": "Success", "AccessKeyId": "ASIAEXAMPLE", "SecretAccessKey": "x", "Token": "x", ' \
       '"Expiration": "2099-01-01T00:00:00Z", "LastUpdated": "2026-01-01T00:00:00Z", "Type": "AWS-HMAC"}'

class Service(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_PUT(self):
        self.server.puts += 1
        if self.server.puts == 1:
            return self.answer(503)
        self.answer(200, "a-token")

    def do_GET(self):
        token = self.headers.get("x-aws-ec2-metadata-token")
        self.server.tokens.append(token)
        if self.server.is_token_required and token is None:
            return self.answer(401)
        self.answer(200, ROLE if self.path.endswith("/my-role") else "my-role")

    def log_message(self, *_):
        pass

def run(is_token_required, **more):
    server = http.server.HTTPServer(("127.0.0.1", 0), Service)
    server.puts, server.tokens, server.is_token_required = 0, [], is_token_required
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
    os.environ.update(more)
    import botocore.session
    credentials = botocore.session.Session().get_credentials()
    print(f"{server.puts} for a token; with a token: {[token is not None for token in server.tokens]};",
          credentials.access_key if credentials else None)

run(False)
run(True)
run(True, AWS_METADATA_SERVICE_NUM_ATTEMPTS="2")
PYTHON
export HOME="$work" AWS_EC2_METADATA_DISABLED=false
unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN http_proxy HTTP_PROXY
seen=$(unshare --map-root-user --net sh -c 'ip link set lo up; exec "$0" "$1"' "$work/python/bin/python" "$work/probe.py")
echo "$seen"
[ "$seen" = "1 for a token; with a token: [False, False]; ASIAEXAMPLE
1 for a token; with a token: [False]; None
2 for a token; with a token: [True, True]; ASIAEXAMPLE" ] || { echo "this has changed" >&2; exit 1; }
