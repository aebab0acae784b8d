#!/usr/bin/env bash
# etcd: a watch with a token that the server does not know is told so by the text of a response, not by its status.
#
# Versions: etcd 3.4.23 (Debian 12), grpcio 1.76.0 (PyPI), Python 3.11.
# Expected: with authentication on, a call whose token is unknown, as after a change of the password, ends with the gRPC
#   status UNAUTHENTICATED, whatever the call. Clients take that as the sign to log in again.
# Seen: a range does. A watch gets a response that says `canceled`, with the status written out in `cancel_reason`, and then
#   ends with UNKNOWN, or not at all. A client that looks at statuses alone asks again with the same token for ever.
# Needs: apt-get download, python3 with venv, PyPI, and unshare: server and client run where nothing but loopback is.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -q -o APT::Sandbox::User=root etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 > /dev/null
for package in *.deb; do dpkg-deb -x "$package" unpacked; done
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check grpcio==1.76.0

cat > probe.py <<'PYTHON'
import sys
import grpc

# The few members that are used here, in protobuf's wire format: one string, or one message, per field.
def field(number, value):
    return bytes([number << 3 | 2, len(value)]) + value

def fields(message):
    found, at = {}, 0
    while at < len(message):
        def varint():
            nonlocal at
            value = shift = 0
            while True:
                byte = message[at]
                at += 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value
        tag = varint()
        if tag & 7 == 0:
            found[tag >> 3] = varint()
        else:
            length = varint()
            found[tag >> 3] = message[at:at + length]
            at += length
    return found

channel = grpc.insecure_channel("127.0.0.1:2379")
if sys.argv[1] == "login":
    authenticate = channel.unary_unary("/etcdserverpb.Auth/Authenticate")
    print(fields(authenticate(field(1, b"root") + field(2, b"x"), timeout=10))[2].decode())
else:
    token = [("token", sys.argv[2])]
    try:
        channel.unary_unary("/etcdserverpb.KV/Range")(field(1, b"k"), metadata=token, timeout=10)
        print("range: OK")
    except grpc.RpcError as error:
        print("range:", error.code().name)
    watch = channel.stream_stream("/etcdserverpb.Watch/Watch")
    calls = watch(iter([field(1, field(1, b"k"))]), metadata=token, timeout=3)
    response = fields(next(calls))
    print(f"watch: canceled {response.get(4, 0)}, {response.get(6, b'').decode()}")
    print("watch: UNAUTHENTICATED is", calls.code() == grpc.StatusCode.UNAUTHENTICATED)
PYTHON

cat > inside.sh <<'SH'
set -euo pipefail
ip link set lo up
export ETCDCTL_API=3
ctl() { unpacked/usr/bin/etcdctl "$@" > /dev/null 2>&1; }
unpacked/usr/bin/etcd --data-dir data > log 2>&1 &
until ctl endpoint health; do sleep 0.1; done
ctl user add root:x
ctl user grant-role root root
ctl auth enable
token=$(python/bin/python probe.py login)
echo y | ctl --user=root:x user passwd root --interactive=false
python/bin/python probe.py ask "$token"
kill %%
SH
export HOME="$work"
unset http_proxy HTTP_PROXY https_proxy HTTPS_PROXY grpc_proxy
seen=$(unshare --map-root-user --net bash inside.sh)
echo "$seen"
[ "$seen" = "range: UNAUTHENTICATED
watch: canceled 1, rpc error: code = Unauthenticated desc = etcdserver: invalid auth token
watch: UNAUTHENTICATED is False" ] || { echo "this has changed" >&2; exit 1; }
