#!/usr/bin/env bash
# CNI plugins host-device and macvlan: DEL needs what has gone already, and then the container's address is never free again.
#
# Versions: containernetworking-plugins 1.1.1+ds1-3+b5 (Debian 12), iproute2 6.1.
# Expected: DEL gives back what can still be given back, whatever is missing: the specification says so, with an address
#   whose network namespace has gone as its example. bridge and ptp do.
# Seen: without the namespace (a crash, a restart of the machine) DEL of host-device fails each time, before it asks the IPAM
#   plugin; with CNI_NETNS empty, as runtimes say that there is none, it succeeds and does not ask it either. Once the master
#   device has gone, DEL of macvlan fails each time. host-local then keeps the address of a container that is no more.
# So: call the IPAM plugin's DEL oneself with the same configuration and variables. It needs no namespace, and frees it.
# Needs: apt-get download, ip, and unshare with user namespaces.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -q -o APT::Sandbox::User=root containernetworking-plugins=1.1.1+ds1-3+b5 > /dev/null
dpkg-deb -x ./*.deb unpacked

cat > probe.sh <<'BASH'
set -euo pipefail
mount -t tmpfs none /run
mkdir /run/netns
ip link set lo up
export CNI_PATH=$PWD/unpacked/usr/lib/cni CNI_CONTAINERID=one CNI_IFNAME=eth0
call() { # $1: command, $2: namespace, $3: plugin
    local network='"cniVersion": "1.0.0", "name": "net", "type": "'$type'", "master": "dev0", "device": "dev0"'
    local ipam='{"type": "host-local", "dataDir": "/run/ipam", "subnet": "192.0.2.0/24"}'
    CNI_COMMAND=$1 CNI_NETNS=$2 "$CNI_PATH/$3" <<< "{$network, \"ipam\": $ipam}" > answer
}
add() {
    type=$1
    rm -rf /run/ipam
    ip link del dev0 2> /dev/null || true
    ip link add dev0 type veth peer name dev1
    ip link set dev0 up
    ip netns add container
    call ADD /run/netns/container "$type"
}
del() { # $1: what has gone, $2: namespace, $3: plugin
    local result=succeeds
    call DEL "$2" "$3" || result="fails ($(sed -n 's/.*"msg": "\(.*: \)*\(.*\)"$/\2/p' answer))"
    echo "$1: DEL of $3 $result, addresses in use: $(find /run/ipam -name '192.*' | wc -l)"
}
for plugin in bridge ptp macvlan host-device; do
    add $plugin
    ip netns del container
    del namespace /run/netns/container $plugin
done
del namespace /run/netns/container host-device
del "namespace, CNI_NETNS is empty" "" host-device
del namespace "" host-local
add host-device
del nothing /run/netns/container host-device
ip netns del container
add macvlan
ip link del dev0
del master /run/netns/container macvlan
del master /run/netns/container macvlan
del master "" host-local
BASH
seen=$(unshare --map-root-user --net --mount bash probe.sh)
echo "$seen"
[ "$seen" = "namespace: DEL of bridge succeeds, addresses in use: 0
namespace: DEL of ptp succeeds, addresses in use: 0
namespace: DEL of macvlan succeeds, addresses in use: 0
namespace: DEL of host-device fails (no such file or directory), addresses in use: 1
namespace: DEL of host-device fails (no such file or directory), addresses in use: 1
namespace, CNI_NETNS is empty: DEL of host-device succeeds, addresses in use: 1
namespace: DEL of host-local succeeds, addresses in use: 0
nothing: DEL of host-device succeeds, addresses in use: 0
master: DEL of macvlan fails (Link not found), addresses in use: 1
master: DEL of macvlan fails (Link not found), addresses in use: 1
master: DEL of host-local succeeds, addresses in use: 0" ] || { echo "this has changed" >&2; exit 1; }
