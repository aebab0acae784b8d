# Podman with its back end of CNI: a network with imds-cni in its chain makes each container an instance.
. "$(dirname "$0")/../host.sh"
. "$(dirname "$0")/../podman_engine.sh"

mkdir /mnt/plugins /mnt/networks /mnt/addresses
ln -s "$(command -v imds)" /mnt/plugins/imds-cni
# Podman looks for a network by its file's name as well.
cat > /mnt/networks/pods.conflist <<'EOC'
{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {
      "type": "bridge", "bridge": "cni-pods", "isGateway": true, "ipMasq": true,
      "ipam": {
        "type": "host-local", "dataDir": "/mnt/addresses",
        "ranges": [[{"subnet": "10.89.0.0/16"}]], "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {
      "type": "imds-cni", "state": "/mnt/home/imds/state.db",
      "launch": {"image": "al2", "httpTokens": "optional", "instanceMetadataTags": "enabled"}
    }
  ]
}
EOC
cat > /mnt/containers.conf <<'EOC'
[network]
network_backend = "cni"
cni_plugin_dirs = ["/mnt/plugins", "/usr/lib/cni"]
network_config_dir = "/mnt/networks"
EOC
export CONTAINERS_CONF=/mnt/containers.conf

fail() {
    echo "$1" >&2
    cat /mnt/messages >&2
    exit 1
}
ask() {
    podman exec "$1" /bin/busybox sh -c "printf '$2\r\n\r\n' | busybox timeout 5 busybox nc 169.254.169.254 80 | busybox tail -n 1"
    echo
}
token='PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60'

serve
for name in one other; do
    podman run --detach --name $name --network pods probe /bin/busybox sleep 600 > /dev/null
    ask $name 'GET /latest/meta-data/instance-id HTTP/1.0'
    [ "$(ask $name 'GET /latest/meta-data/tags/instance/Name HTTP/1.0')" = $name ] || fail "no name"
    value=$(ask $name "$token")
    [ ${#value} = 56 ] || fail "no token: $value"
done
# It is stopped and started again, with the same id: another instance.
podman stop --time 0 one > /dev/null
[ "$(imds link list --json | grep -c '"netns"')" = 1 ] || fail "a link is left"
podman start one > /dev/null
ask one 'GET /latest/meta-data/instance-id HTTP/1.0'
podman rm --all --force --time 0 > /dev/null
[ "$(imds link list --json)" = "[]" ] || fail "a link is left"
imds instance list | grep -c running || fail "none runs"
kill $service
wait $service
