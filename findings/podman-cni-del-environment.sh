#!/usr/bin/env bash
# Podman runs a CNI plugin with two different environments: that of its caller when a container comes, and a bare one
# when it goes.
#
# Versions: podman 4.3.1+ds1-8+deb12u1+b3, conmon 2.1.6+ds1-1, runc 1.1.5+ds1-1+deb12u1, containernetworking-plugins
#   1.1.1+ds1-3+b5, busybox-static 1:1.35.0-4+deb12u1+b1 (Debian 12).
# Expected: ADD and DEL of one attachment see the same environment. The specification gives a plugin nothing but
#   variables that begin with CNI_ and the configuration, so what else is there should not come and go.
# Seen: on ADD a plugin has every variable of whoever ran `podman run`; on DEL after the container's own end, which a
#   process of conmon does, it has the CNI_ variables, PATH, HOME and few more. A plugin that finds its state by
#   XDG_STATE_HOME, say, writes to one place and cleans up in another.
# Needs: root, for namespaces of its own and a control group, and Debian's packages by apt-get download.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download -q -o APT::Sandbox::User=root podman=4.3.1+ds1-8+deb12u1+b3 conmon=2.1.6+ds1-1 \
    runc=1.1.5+ds1-1+deb12u1 \
    containernetworking-plugins=1.1.1+ds1-3+b5 busybox-static=1:1.35.0-4+deb12u1+b1 \
    libsubid4=1:4.13+dfsg1-1+deb12u2 libgpgme11=1.18.0-3+b1 libassuan0=2.5.5-5 > /dev/null
for package in *.deb; do dpkg-deb -x "$package" unpacked; done

cat > engine.sh <<'END'
set -eu
work=$1
mount -t tmpfs none /run
mkdir -p /run/image/bin /run/cni /run/networks /run/engine /run/state
cp "$work"/unpacked/bin/busybox /run/image/bin/
mkdir /run/var && mount -t tmpfs none /run/var
export HOME=/run/engine PATH="$work/unpacked/usr/bin:$work/unpacked/usr/sbin:$PATH"
export LD_LIBRARY_PATH="$work/unpacked/usr/lib/x86_64-linux-gnu"
ip link set lo up
cp "$work"/unpacked/usr/lib/cni/* /run/cni/
cat > /run/cni/witness <<'PLUGIN'
#!/bin/sh
env | cut -d= -f1 | sort > "/run/state/$CNI_COMMAND"
input=$(cat)
case $CNI_COMMAND in
VERSION) echo '{"cniVersion": "0.4.0", "supportedVersions": ["0.4.0"]}' ;;
ADD) printf '%s' "$input" | python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["prevResult"]))' ;;
esac
PLUGIN
chmod +x /run/cni/witness
cat > /run/networks/probe.conflist <<'NETWORK'
{"cniVersion": "0.4.0", "name": "probe", "plugins": [
  {"type": "ptp", "ipam": {"type": "host-local", "dataDir": "/run/var/ipam", "ranges": [[{"subnet": "10.91.0.0/24"}]]}},
  {"type": "witness"}]}
NETWORK
cat > /run/containers.conf <<'CONF'
[network]
network_backend = "cni"
cni_plugin_dirs = ["/run/cni"]
network_config_dir = "/run/networks"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
CONF
export CONTAINERS_CONF=/run/containers.conf
A_VARIABLE_OF_THE_CALLER=1 podman --conmon "$work/unpacked/usr/bin/conmon" --runtime "$work/unpacked/usr/sbin/runc" \
    --root /run/var/storage --runroot /run/var/run --tmpdir /run/var/tmp --storage-driver vfs \
    run --rm --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network probe \
    --rootfs /run/image /bin/busybox true
until [ -e /run/state/DEL ]; do sleep 0.1; done
for command in ADD DEL; do
    has=$(grep -c '^A_VARIABLE_OF_THE_CALLER$' "/run/state/$command" || true)
    echo "$command: $has of the caller's variable, $(grep -c '^CNI_' "/run/state/$command") of CNI"
done
END
seen=$(unshare --net --mount --pid --fork --mount-proc bash engine.sh "$work" 2> messages) || {
    cat messages >&2
    exit 1
}
echo "$seen"
[ "$seen" = "ADD: 1 of the caller's variable, 6 of CNI
DEL: 0 of the caller's variable, 6 of CNI" ] || { echo "this has changed" >&2; exit 1; }
