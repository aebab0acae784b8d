# Plays a host with Podman and Netavark of the root that is given, in namespaces that end with it.
set -eu
root=$(realpath "$1") program=$(realpath "$2") inside=$(realpath "$3")
mount --make-rprivate /
mount --bind "$root" "$root"
for directory in proc dev sys mnt run tmp var/lib/containers etc/containers/networks usr/local/lib/netavark; do
    # In a container, debootstrap leaves links to the machine's own.
    [ ! -L "$root/$directory" ] || rm "$root/$directory"
    mkdir -p "$root/$directory"
done
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
for directory in mnt run tmp var/lib/containers etc/containers/networks usr/local/lib/netavark; do
    mount -t tmpfs none "$root/$directory"
done
for file in imds inside; do
    : > "$root/mnt/$file"
done
mount --bind "$program" "$root/mnt/imds"
mount --bind "$inside" "$root/mnt/inside"
[ -e "$root/etc/passwd" ] || echo root:x:0:0:root:/root:/bin/sh > "$root/etc/passwd"
ip link set lo up
exec chroot "$root" /usr/bin/env -i PATH=/mnt/bin:/mnt:/usr/sbin:/usr/bin:/sbin:/bin HOME=/mnt XDG_STATE_HOME=/mnt \
    PODMAN_IGNORE_CGROUPSV1_WARNING=1 sh -eu /mnt/inside
