# Containers of a user without root, on a host that is linked: slirp4netns connects for them, as a program of the host.
here=$(dirname "$0")
. "$here/host.sh"
. "$here/article.sh"
mount -t tmpfs none /dev/net
# Many machines let every user open it.
mknod -m 666 /dev/net/tun c 10 200
echo user:x:1000:1000::/mnt/home:/bin/sh > /mnt/passwd
mount --bind /mnt/passwd /etc/passwd
serve --ami al2 --link host
mkdir /mnt/user
chmod 1777 /mnt/tmp
cat > /mnt/user/script <<'END'
engine="podman --root /mnt/user/root --runroot /mnt/user/run --tmpdir /mnt/user/tmp --runtime runc
    --storage-driver vfs --cgroup-manager cgroupfs --events-backend none"
$engine import --quiet /mnt/image.tar probe > /dev/null
for network in slirp4netns host; do
    $engine run --rm --network $network --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
        probe /bin/busybox sh -c "$1"
done
END
chown 1000:1000 /mnt/user
seen=$(cd /mnt/user && setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/mnt/user XDG_RUNTIME_DIR=/mnt/user \
    sh -eu /mnt/user/script "$probe")
same "$default 56
$default 56" "$seen" "containers at hop limit 1, by slirp4netns and on the host's network"
kill $service
wait $service
