# Podman without root, with its back end of CNI. The service runs where the networks of its user are, and
# needs no root either.
mount -t proc proc /proc
for directory in /mnt /run /dev/net; do
    mount -t tmpfs none $directory
done
# For slirp4netns; many machines let every user open it.
mknod -m 666 /dev/net/tun c 10 200
mkdir -p /mnt/image/bin /mnt/home/bin /mnt/tmp /mnt/home/plugins /mnt/home/networks
chmod 1777 /mnt/tmp
cp "$(command -v busybox)" /mnt/image/bin/
tar -C /mnt/image -cf /mnt/image.tar .
cp "$(command -v imds)" /mnt/imds
ln -s /mnt/imds /mnt/home/plugins/imds-cni
echo user:x:1000:1000::/mnt/home:/bin/sh > /mnt/passwd
mount --bind /mnt/passwd /etc/passwd
cat > /mnt/home/networks/pods.conflist <<'END'
{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni-pods", "isGateway": true,
      "ipam": {
        "type": "host-local", "dataDir": "/mnt/home/addresses",
        "ranges": [[{"subnet": "10.89.0.0/16"}]], "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "imds-cni", "state": "/mnt/home/state.db", "launch": {"image": "al2"}}
  ]
}
END
cat > /mnt/home/containers.conf <<'END'
[network]
network_backend = "cni"
cni_plugin_dirs = ["/mnt/home/plugins", "/usr/lib/cni"]
network_config_dir = "/mnt/home/networks"
END
engine=$(command -v podman)
cat > /mnt/home/bin/podman <<END
#!/bin/sh
exec $engine --root /mnt/home/root --runroot /mnt/home/run --tmpdir /mnt/home/tmp --runtime runc \
    --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "\$@"
END
chmod +x /mnt/home/bin/podman
chown -R 1000:1000 /mnt/home
ip link set lo up
cat > /mnt/script <<'END'
podman import --quiet /mnt/image.tar probe > /dev/null
podman unshare --rootless-netns /mnt/imds serve --state /mnt/home/state.db --access-log off > banner 2> messages &
service=$!
until grep -q 'imds env' banner; do
    kill -0 $service || { cat messages >&2; exit 1; }
done
for name in web other; do
    podman run --detach --name $name --network pods --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
        probe /bin/busybox sleep 600 > /dev/null
done
podman exec web /bin/busybox sh -c \
    'printf "GET /latest/meta-data/instance-id HTTP/1.0\r\n\r\n" | busybox timeout 9 busybox nc 169.254.169.254 80' > answer
# The other keeps the namespace that both are in.
podman rm --force --time 0 web > /dev/null
podman unshare --rootless-netns /mnt/imds link list --state /mnt/home/state.db > links
podman rm --force --time 0 other > /dev/null
kill $service
[ "$(grep -c 'netns .* attached' links)" = 1 ] || { cat links >&2; exit 1; }
cat answer
END
cd /mnt/home
exec setpriv --reuid=1000 --regid=1000 --clear-groups env HOME=/mnt/home XDG_RUNTIME_DIR=/mnt/home \
    CONTAINERS_CONF=/mnt/home/containers.conf TMPDIR=/mnt/tmp PATH="/mnt/home/bin:$PATH" sh -eu /mnt/script
