# Makes a machine with an empty disk and no devices in the memory of `exec`'s mount namespace, with the unpacked
# packages $1 on it, and runs the script $2 there.
#
# cloud-init may write wherever it likes there. It has to be root's, because it gives files away to the user that it
# makes.
mount -t tmpfs -o mode=755 none /mnt
cd /mnt
mkdir -p dev etc home proc root run/cloud-init sys tmp upper usr var/lib var/log work
cp -a /etc/. "$1"/etc/. etc
: > etc/fstab
for link in /bin /lib /lib64 /sbin; do cp -P $link .; done
mount -t overlay -o lowerdir="$1/usr":/usr,upperdir=upper,workdir=work none usr
for device in null random urandom zero; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done
ln -s /proc/self/fd dev/fd
mount --rbind /proc proc
mount --rbind /sys sys
exec chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root sh -ec "$2"
