# A host with Podman, to be sourced by the tests' scripts. All that is kept is in memory, in a mount
# namespace that ends with the script.
for directory in /mnt /run /var/lib/cni; do
    mkdir -p $directory
    mount -t tmpfs none $directory
done
mount -t proc proc /proc
mkdir -p /mnt/image/bin /mnt/root /mnt/run /mnt/tmp /mnt/home
export HOME=/mnt/home XDG_STATE_HOME=/mnt/home TMPDIR=/mnt/tmp
cp "$(command -v busybox)" /mnt/image/bin/
tar -C /mnt/image -cf /mnt/image.tar .
ip link set lo up

# The engine is found by its name.
mkdir /mnt/bin
engine=$(command -v podman)
cat > /mnt/bin/podman <<EOF
#!/bin/sh
if [ "\$1" = run ]; then
    shift
    # Here these limits may not be raised.
    set -- run --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "\$@"
fi
exec $engine --root /mnt/root --runroot /mnt/run --tmpdir /mnt/tmp --runtime runc \
    --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "\$@"
EOF
chmod +x /mnt/bin/podman
PATH=/mnt/bin:$PATH
podman import --quiet /mnt/image.tar probe > /dev/null

# Starts the service, and waits until it serves.
serve() {
    imds serve --access-log off "$@" > /mnt/banner 2> /mnt/messages &
    service=$!
    until grep -q 'imds env' /mnt/banner; do
        kill -0 $service || { cat /mnt/messages >&2; exit 1; }
    done
}
