# In a container of an engine: the same engine once more, and a container in it that asks.
probe=$2
here=$(dirname "$0")
for group in /sys/fs/cgroup /sys/fs/cgroup/*; do
    mount -o remount,bind,rw "$group" 2> /dev/null || :
done
. "$here/host.sh"
# Where Podman would use the addresses of the container that this is.
export CONTAINERS_CONF=/mnt/containers.conf
cat > $CONTAINERS_CONF <<'END'
[network]
default_subnet = "10.89.0.0/16"
network_config_dir = "/mnt/networks"
END
. "$here/${1}_engine.sh"
"$1" run --rm probe /bin/busybox sh -c "$probe"
