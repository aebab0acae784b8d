#!/usr/bin/env bash
# Linux with 169.254.169.254 on `lo`, as `ip address add` puts it there: connections to other hosts may come from it, though
# another interface has an address that is good for them.
#
# Versions: Linux 6.18, iproute2 6.1, Python 3.11 (Debian 12).
# Expected: an address of 169.254.0.0/16 is link-local, and on `lo` it is for this machine alone. What leaves by an interface
#   without an address (WireGuard, a routed tunnel, an unnumbered uplink) has the machine's LAN address, as before.
# Seen: the scope that iproute2 chooses is global for all networks but 127.0.0.0/8, so for 169.254.0.0/16 too. For an
#   interface without an address the kernel takes the first global one of any interface, the oldest first, and `lo` is the
#   oldest. So packets leave with the metadata service's address, to which no other host can answer. With the address on an
#   interface that is younger than the LAN's, or with scope link or host, they have the LAN's address.
# So: `ip address add 169.254.169.254/32 dev lo scope host`; the address answers local programs all the same.
# Needs: ip, python3, and unshare. No packet is sent: connect() of UDP looks up the route, and that is all.
set -euo pipefail
if [ "${1:-}" != inside ]; then
    exec unshare --map-root-user --net bash "$0" inside
fi
source_address() { # $1: what was done
    python3 - "$1" <<'PYTHON'
import socket, sys
client = socket.socket(type=socket.SOCK_DGRAM)
client.connect(("198.51.100.1", 53))
server = socket.socket(type=socket.SOCK_DGRAM)
try:
    server.bind(("169.254.169.254", 0))
    is_served = "can be served"
except OSError:
    is_served = "cannot be served"
print(f"{sys.argv[1]}: from {client.getsockname()[0]}; 169.254.169.254 {is_served}")
PYTHON
}
metadata() { # $@: device, scope
    ip address add 169.254.169.254/32 dev "$@"
    source_address "$*"
    ip address del 169.254.169.254/32 dev "$1"
}
ip link set lo up
ip link add lan type veth peer name lan-peer
ip link add uplink type veth peer name uplink-peer
ip link add young type veth peer name young-peer
for device in lan lan-peer uplink uplink-peer young young-peer; do ip link set $device up; done
ip address add 192.0.2.10/24 dev lan
ip route add default dev uplink
seen=$(
    source_address "no address"
    metadata lo
    metadata young
    metadata lo scope link
    metadata lo scope host
)
echo "$seen"
[ "$seen" = "no address: from 192.0.2.10; 169.254.169.254 cannot be served
lo: from 169.254.169.254; 169.254.169.254 can be served
young: from 192.0.2.10; 169.254.169.254 can be served
lo scope link: from 192.0.2.10; 169.254.169.254 can be served
lo scope host: from 192.0.2.10; 169.254.169.254 can be served" ] || { echo "this has changed" >&2; exit 1; }
