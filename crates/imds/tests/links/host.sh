# A host of containers, to be sourced by the tests' scripts. All that is kept is in memory, in a mount
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
# One more image, whose programs are this host's, once it has them as volumes.
mkdir -p /mnt/system/etc /mnt/system/usr /mnt/system/mnt /mnt/system/run /mnt/system/tmp /mnt/system/var/lib
for name in bin sbin lib lib64; do
    ln -s usr/$name /mnt/system/$name
done
tar -C /mnt/system -cf /mnt/system.tar .
ip link set lo up

# Programs that are only on this host.
mkdir /mnt/bin
PATH=/mnt/bin:$PATH

# Starts the service, and waits until it serves.
serve() {
    imds serve --access-log off "$@" > /mnt/banner 2> /mnt/messages &
    service=$!
    until grep -q 'imds env' /mnt/banner; do
        kill -0 $service || { cat /mnt/messages >&2; exit 1; }
    done
}
