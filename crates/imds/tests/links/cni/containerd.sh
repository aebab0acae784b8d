# containerd, the runtime of most of Kubernetes, with the network that it finds in /etc/cni/net.d. Its own
# command runs containers by the same library that it runs pods by.
mount -t proc proc /proc
for directory in /mnt /run; do
    mount -t tmpfs none $directory
done
for directory in /etc /opt /var/lib; do
    mkdir -p /mnt/written$directory /mnt/work$directory
    mount -t overlay -o lowerdir=$directory,upperdir=/mnt/written$directory,workdir=/mnt/work$directory \
        none $directory
done
ip link set lo up
PATH=$IMDS_TEST_CONTAINERD/usr/bin:$PATH

mkdir -p /opt/cni/bin /etc/cni/net.d /mnt/state
rm -f /etc/cni/net.d/*
cp /usr/lib/cni/* /opt/cni/bin/
ln -s "$(command -v imds)" /opt/cni/bin/imds-cni
cat > /etc/cni/net.d/10-pods.conflist <<'END'
{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "ptp",
      "ipam": {"type": "host-local", "subnet": "10.99.0.0/16", "routes": [{"dst": "0.0.0.0/0"}]}
    },
    {
      "type": "imds-cni", "state": "/mnt/state/state.db", "launch": {"image": "al2"},
      "capabilities": {"io.kubernetes.cri.pod-annotations": true}
    }
  ]
}
END
imds serve --state /mnt/state/state.db --access-log off > /mnt/banner 2> /mnt/messages &
service=$!
until grep -q 'imds env' /mnt/banner; do
    kill -0 $service || { cat /mnt/messages >&2; exit 1; }
done

cat > /mnt/config.toml <<'END'
version = 2
root = "/mnt/root"
state = "/run/containerd"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
END
containerd --config /mnt/config.toml > /mnt/log 2>&1 &
runtime=$!
until ctr version > /dev/null 2>&1; do
    kill -0 $runtime || { cat /mnt/log >&2; exit 1; }
done

mkdir -p /mnt/image/bin /mnt/image/dev /mnt/image/proc /mnt/image/sys
cp "$(command -v busybox)" /mnt/image/bin/
ask='printf "GET /latest/meta-data/instance-id HTTP/1.0\r\n\r\n" |
    busybox timeout 9 busybox nc 169.254.169.254 80 | busybox tail -n 1; echo'
for name in one other; do
    ctr run --rm --cni --rootfs /mnt/image $name /bin/busybox sh -c "$ask" || { cat /mnt/log >&2; exit 1; }
done
imds instance list --state /mnt/state/state.db | grep -c terminated
imds link list --state /mnt/state/state.db --json
kill $runtime $service
