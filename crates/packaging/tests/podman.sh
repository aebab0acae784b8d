# Podman whose containers, images and networks are in the memory of a mount namespace, with the image $1.
mount --make-rprivate /
image=$(mktemp)
cp "$1" "$image"
for directory in /mnt /run /var/lib/cni; do
    mkdir -p $directory
    mount -t tmpfs none $directory
done
mkdir -p /mnt/tmp /mnt/libraries
export TMPDIR=/mnt/tmp HOME=/mnt CONTAINERS_CONF=/mnt/containers.conf CONTAINERS_STORAGE_CONF=/mnt/storage.conf
# Limits may not be raised here.
cat > $CONTAINERS_CONF <<'TOML'
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
tmp_dir = "/mnt/tmp"
[network]
network_config_dir = "/mnt/networks"
TOML
cat > $CONTAINERS_STORAGE_CONF <<'TOML'
[storage]
driver = "vfs"
graphroot = "/mnt/storage"
runroot = "/mnt/run"
TOML
ip link set lo up
podman load --quiet --input "$image" > /dev/null
rm "$image"
name=$(podman images --format '{{.Repository}}:{{.Tag}}')

# The program that the tests are built with needs libraries; that of a release does not.
ldd "$(command -v imds)" | grep -o '/[^ ]*' | tar -C / --dereference -T - -cf - 2> /dev/null | tar -C /mnt/libraries -xf -
podman create --name libraries "$name" > /dev/null
podman cp /mnt/libraries/. libraries:/ > /dev/null
podman commit --quiet libraries "$name" > /dev/null
podman rm libraries > /dev/null
