#!/usr/bin/env bash
# GDAL (rasterio and others, by /vsis3/) asks for the name of the instance's role once in the life of a process. When
# the instance gets another role, GDAL has no credentials any more.
#
# Versions: rasterio 1.4.4 with GDAL 3.10.3 (PyPI), Python 3.11.
# Expected: a role of an instance that runs can be replaced (`aws ec2 replace-iam-instance-profile-association`). A client
#   that asks for new credentials asks for the name first, which is one more request in hours, and so goes over to the new
#   role when the old credentials are due.
# Seen: GDAL asks for credentials of the old name, gets 404, and does so four times for each file, each time with a token of
#   its own, without asking for the name again. The error speaks of AWS_SECRET_ACCESS_KEY and files, and not of the role.
# So: call VSICurlClearCache() after such an error (gdal.VSICurlClearCache() in Python), or start the process anew.
# Needs: python3 with venv, PyPI, and unshare: the client runs where nothing but loopback is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet --disable-pip-version-check rasterio==1.4.4

cat > "$work/probe.py" <<'PYTHON'
import ctypes, datetime, glob, http.server, json, os, threading, time

role, seen = "first", []

def credentials():
    # They are due a minute before their end, so in ten seconds; on EC2 it takes hours.
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=70)
    return json.dumps({"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z", "AccessKeyId":
                       f"ASIA-{role}", "SecretAccessKey": "x", "Token": "y", "Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}"})

class Service(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body, note):
        seen.append(note if status == 200 else f"{note} {status}")
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_PUT(self):
        self.answer(200, "a-token", "PUT")

    def do_GET(self):
        name = self.path.rpartition("/security-credentials/")[2]
        if self.path.startswith("/bucket/"):  # S3
            return self.answer(200, "no image", "S3 " + self.headers["authorization"].split("/")[0].rpartition("=")[2])
        if name in ("", role):
            return self.answer(200, credentials() if name else role, name or "list")
        self.answer(404, "", name)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f"127.0.0.1:{server.server_port}"
os.environ.update(CPL_AWS_EC2_API_ROOT_URL=f"http://{here}", CPL_AWS_AUTODETECT_EC2="NO", AWS_S3_ENDPOINT=here,
                  AWS_HTTPS="NO", AWS_VIRTUAL_HOSTING="FALSE", AWS_REGION="us-east-1",
                  GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR")
import rasterio

def open_file(number):
    seen.clear()
    try:
        rasterio.open(f"/vsis3/bucket/{number}")
    except rasterio.errors.RasterioIOError as error:
        reason = "no credentials" if "AWS_SECRET_ACCESS_KEY" in str(error) else "no image"
    print(f"with role {role}: {', '.join(dict.fromkeys(seen))}; {seen.count('PUT')} PUT; {reason}")

open_file(1)
role = "second"
time.sleep(11)
open_file(2)
open_file(3)
ctypes.CDLL(*glob.glob(f"{os.path.dirname(rasterio.__file__)}/../rasterio.libs/libgdal*")).VSICurlClearCache()
open_file(4)
PYTHON
export HOME="$work"
unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN http_proxy HTTP_PROXY
seen=$(unshare --map-root-user --net sh -c 'ip link set lo up; exec "$0" "$1"' "$work/python/bin/python" "$work/probe.py")
echo "$seen"
[ "$seen" = "with role first: PUT, list, first, S3 ASIA-first; 1 PUT; no image
with role second: PUT, first 404; 4 PUT; no credentials
with role second: PUT, first 404; 4 PUT; no credentials
with role second: PUT, list, second, S3 ASIA-second; 1 PUT; no image" ] || { echo "this has changed" >&2; exit 1; }
