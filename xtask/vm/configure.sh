# Configures the packages of a root that debootstrap has unpacked, in namespaces without a network, and leaves no
# trace of the machine that made it.
set -eu
root=$(realpath "$1")
mount --make-rprivate /
mount --bind "$root" "$root"
for directory in proc dev sys; do
    # In a container, debootstrap leaves links to the machine's own.
    [ ! -L "$root/$directory" ] || rm "$root/$directory"
    mkdir -p "$root/$directory"
done
mount -t proc proc "$root/proc"
mount -t tmpfs none "$root/tmp"
mount -t tmpfs none "$root/dev"
mkdir "$root/dev/pts"
for device in null zero full random urandom tty; do
    : > "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ip link set lo up
# If it fails it is made anew, so that it need not be on the disk after each package.
echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/image"
chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive \
    /debootstrap/debootstrap --second-stage
cd "$root"
rm -rf var/cache/apt/* var/lib/apt/lists/* usr/share/doc usr/share/man usr/share/locale etc/dpkg/dpkg.cfg.d/image
rm -f etc/resolv.conf etc/machine-id
: > etc/machine-id
echo localhost > etc/hostname
