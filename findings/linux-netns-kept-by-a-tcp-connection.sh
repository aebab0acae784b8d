#!/usr/bin/env bash
# A network namespace of Linux, and the other end of its veth pair, outlive every process in it while a TCP
# connection there has data that nobody acknowledges.
#
# Versions: Linux 6.18, iproute2 6.1, util-linux 2.38, Python 3.11 (Debian 12).
# Expected: a namespace without a name ends with its last process, and its veth pair with it, at once; so
#   "the device is gone" tells a supervisor that the workload is gone.
# Seen: that holds without a connection. With one that still has bytes to send, the kernel keeps the orphaned
#   socket, the socket keeps the namespace, and the device stays until the kernel gives up (minutes). What
#   watches devices must watch the process as well.
# Needs: ip, unshare, python3, and user namespaces. Everything happens in namespaces of its own.
set -euo pipefail
if [ "${1:-}" != inside ]; then
    exec unshare --map-root-user --net --mount bash "$0" inside
fi
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
cat > "$home/server.py" <<'PYTHON'
import socket, sys, time
listener = socket.create_server(("192.0.2.2", 8080))
print("ready", flush=True)
connection = listener.accept()[0]
sys.stdin.readline()  # the client's address is gone
connection.sendall(b"x" * 1000)
print("sent", flush=True)
time.sleep(60)
PYTHON
cat > "$home/client.py" <<'PYTHON'
import socket, time
connection = socket.create_connection(("192.0.2.2", 8080))
print("connected", flush=True)
time.sleep(60)
PYTHON
ip link set lo up
there() { ip link show veth-host >/dev/null 2>&1; }

seconds_left() { # how long the device is there after the processes, at most five seconds; $1: connect?
    mkfifo "$home/in" "$home/out" "$home/client"
    unshare --net python3 -c 'import sys; sys.stdin.readline(); import runpy; runpy.run_path(sys.argv[1])' \
        "$home/server.py" < "$home/in" > "$home/out" &
    local server=$!
    exec 7> "$home/in" 8< "$home/out"
    until [ "$(readlink /proc/$server/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
    ip link add veth-host type veth peer name veth-work netns "$server"
    ip addr add 192.0.2.1/24 dev veth-host
    ip link set veth-host up
    nsenter --target "$server" --net ip addr add 192.0.2.2/24 dev veth-work
    nsenter --target "$server" --net ip link set veth-work up
    echo >&7
    read -r _ <&8
    local client=
    if [ "$1" = yes ]; then
        python3 "$home/client.py" > "$home/client" &
        client=$!
        exec 9< "$home/client"
        read -r _ <&9
        ip addr del 192.0.2.1/24 dev veth-host
        echo >&7
        read -r _ <&8
    fi
    kill -9 "$server" $client
    wait "$server" $client 2>/dev/null || true
    exec 7>&- 8<&-
    rm "$home/in" "$home/out" "$home/client"
    local left=0
    while there && [ "$left" -lt 50 ]; do sleep 0.1; left=$((left + 1)); done
    echo "$left"
}
without=$(seconds_left no)
with=$(seconds_left yes)
echo "tenths of a second that the device outlives the processes, at most 50: without a connection $without, with $with"
if [ "$without" -lt 20 ] && [ "$with" -eq 50 ]; then
    echo "as stated"
else
    echo "no longer as stated" >&2
    exit 1
fi
