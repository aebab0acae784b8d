#!/usr/bin/env bash
# QEMU: behind `guestfwd=tcp:ADDRESS:PORT-tcp:HOST:PORT` all connections of the guest are one connection on the host, so
# an answer can reach whoever did not ask, and the first one that the server closes is the last.
#
# Versions: qemu-system-x86 and -common 7.2+dfsg-7+deb12u18+b3, libslirp0 4.7.0-1 (Debian 12), Python 3.11.
# Expected: as with `hostfwd`, or a proxy, each connection of the guest to 169.254.169.254 becomes one of its own to the
#   server on the host. That is a short way to give a guest a metadata service without a TAP device.
# Seen: QEMU connects once, when it starts, and never again. What the guest's connections send goes into that connection one
#   after another; what comes out of it goes to the guest's newest connection. So an answer that was too late for its own
#   connection is the first thing that the next one reads, and of two that are open at once one gets both answers. After
#   one "Connection: close" the guest can connect as before, and no request is answered any more.
# So: `guestfwd=tcp:ADDRESS:PORT-cmd:COMMAND`, which starts a command for each connection, or a TAP device.
# Needs: apt-get download, python3, curl, /dev/net/tun, and unshare. The guest is a network namespace behind a TAP device
#   that a hub of QEMU joins with its user network; it runs no machine.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -q -o APT::Sandbox::User=root qemu-system-x86=1:7.2+dfsg-7+deb12u18+b3 \
    qemu-system-common=1:7.2+dfsg-7+deb12u18+b3 libslirp0=4.7.0-1 \
    libaio1=0.3.113-4 libbpf1=1:1.1.2-0+deb12u1 libcapstone4=4.0.2-5 libdaxctl1=76.1-1 libfdt1=1.6.1-4+b1 \
    libfuse3-3=3.14.0-4 libibverbs1=44.0-2 libjpeg62-turbo=1:2.1.5-2 libkmod2=30+20221128-1 libndctl6=76.1-1 \
    libnl-3-200=3.7.0-0.2+b1 libnl-route-3-200=3.7.0-0.2+b1 libnuma1=2.0.16-1 libpixman-1-0=0.42.2-1 libpmem1=1.12.1-2 \
    librdmacm1=44.0-2 libsasl2-2=2.1.28+dfsg-10+deb12u1 liburing2=2.3-3 libvdeplug2=4.0.1-4 > /dev/null
for package in *.deb; do dpkg-deb -x "$package" unpacked; done

cat > server.py <<'PYTHON'
import http.server, time

class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1)
        body = f"[{self.path}]".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/close":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Service).serve_forever()
PYTHON

cat > guest.py <<'PYTHON'
import re, socket, time

def connect():
    return socket.create_connection(("169.254.169.254", 80), timeout=2)

def ask(path, connection=None):
    connection = connection or connect()
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: metadata\r\n\r\n".encode())
    time.sleep(0.2)
    return connection

def answers(connection):
    text = b""
    try:
        while data := connection.recv(4096):
            text += data
    except TimeoutError:
        pass
    connection.close()
    return " ".join(re.findall(r"\[(\S+)\]", text.decode())) or "nothing"

ask("/slow").close()  # gives up
print("after one that gave up, /next reads:", answers(ask("/next")))
first, second = connect(), connect()
ask("/first", first), ask("/second", second)
print("two at once: /first reads:", answers(first), "and /second reads:", answers(second))
print("/close reads:", answers(ask("/close")))
print("after it, /last reads:", answers(ask("/last")))
PYTHON

cat > relay.sh <<'BASH'
exec 3<> /dev/tcp/127.0.0.1/8080
cat <&3 &
cat >&3
kill $!
BASH

cat > host.sh <<'BASH'
set -euo pipefail
trap 'kill $(jobs -p)' EXIT
ip link set lo up
python3 server.py > server.log 2>&1 &
until curl -s http://127.0.0.1:8080/ > /dev/null; do sleep 0.1; done
unpacked/usr/bin/qemu-system-x86_64 -M none -nodefaults -display none \
    -netdev "user,id=user,net=169.254.169.0/24,guestfwd=tcp:169.254.169.254:80-$1" \
    -netdev tap,id=tap,ifname=tap0,script=no,downscript=no \
    -netdev hubport,id=one,hubid=0,netdev=user -netdev hubport,id=two,hubid=0,netdev=tap > qemu.log 2>&1 &
qemu=$!
until ip link show tap0 > /dev/null 2>&1; do sleep 0.1; done
sleep 1
kill -0 $qemu || { cat qemu.log; exit 1; }
unshare --net sleep 60 > /dev/null 2>&1 &
guest=$!
until [ "$(readlink /proc/$guest/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
ip link set tap0 netns $guest
inside() { nsenter --target $guest --net "$@"; }
inside ip address add 169.254.169.15/24 dev tap0
inside ip link set tap0 up
inside python3 guest.py
BASH
unset http_proxy HTTP_PROXY
export LD_LIBRARY_PATH="$work/unpacked/usr/lib/x86_64-linux-gnu:$work/unpacked/lib/x86_64-linux-gnu"
seen() { timeout 60 unshare --map-root-user --net bash host.sh "$1"; }
seen=$(seen tcp:127.0.0.1:8080; echo "with cmd:"; seen "cmd:bash relay.sh")
echo "$seen"
[ "$seen" = "after one that gave up, /next reads: /slow /next
two at once: /first reads: nothing and /second reads: /first /second
/close reads: /close
after it, /last reads: nothing
with cmd:
after one that gave up, /next reads: /next
two at once: /first reads: /first and /second reads: /second
/close reads: /close
after it, /last reads: /last" ] || { echo "this has changed" >&2; exit 1; }
