# Podman without root: the service runs in the user namespace of its containers.
mount -t proc proc /proc
for directory in /mnt /run; do
    mount -t tmpfs none $directory
done
mkdir -p /mnt/image/bin /mnt/home/bin /mnt/tmp
chmod 1777 /mnt/tmp
cp "$(command -v busybox)" /mnt/image/bin/
tar -C /mnt/image -cf /mnt/image.tar .
cp "$(command -v imds)" /mnt/imds
echo user:x:1000:1000::/mnt/home:/bin/sh > /mnt/passwd
mount --bind /mnt/passwd /etc/passwd
engine=$(command -v podman)
cat > /mnt/home/bin/podman <<EOF
#!/bin/sh
exec $engine --root /mnt/home/root --runroot /mnt/home/run --tmpdir /mnt/home/tmp --runtime runc \
    --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "\$@"
EOF
chmod +x /mnt/home/bin/podman
chown -R 1000:1000 /mnt/home
ip link set lo up
cat > /mnt/script <<'EOF'
podman import --quiet /mnt/image.tar probe > /dev/null
podman run --detach --name web --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
    probe /bin/busybox sleep 600 > /dev/null
podman unshare /mnt/imds serve --ami al2 --access-log off --link container=web > banner 2> messages &
service=$!
until grep -q 'imds env' banner; do
    kill -0 $service || { cat messages >&2; exit 1; }
done
podman exec web /bin/busybox sh -c \
    'printf "GET /latest/meta-data/instance-id HTTP/1.0\r\n\r\n" | busybox timeout 9 busybox nc 169.254.169.254 80'
echo
/mnt/imds link list
podman rm --force --time 0 web > /dev/null
kill $service
EOF
cd /mnt/home
exec setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/mnt/home XDG_RUNTIME_DIR=/mnt/home \
    XDG_STATE_HOME=/mnt/home TMPDIR=/mnt/tmp PATH="/mnt/home/bin:$PATH" sh -eu /mnt/script
