# Networks of the driver imds-netavark, by Podman's own commands.
mkdir -p /mnt/bin /mnt/image/bin
cp /usr/bin/busybox /mnt/image/bin/
tar -C /mnt/image -cf /mnt/image.tar .
cat > /mnt/bin/podman <<'EOF'
#!/bin/sh
if [ "$1" = run ]; then
    shift
    # Where these limits may not be raised.
    set -- run --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$@"
fi
# crun refuses machines whose groups of processes are of both kinds.
exec /usr/bin/podman --runtime runc --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"
EOF
chmod +x /mnt/bin/podman
ln -s /mnt/imds /usr/local/lib/netavark/imds-netavark
echo "$(podman --version), $(/usr/lib/podman/netavark --version)"

: > /mnt/banner
imds serve --state /mnt/state.db --access-log off >> /mnt/banner 2> /mnt/messages &
service=$!
tail --pid=$service -n +1 -f /mnt/banner | sed '/imds env/q' > /dev/null
podman import --quiet /mnt/image.tar probe > /dev/null
podman network create --driver imds-netavark --opt state=/mnt/state.db --opt image=al2 --opt role=my-role \
    --opt tag.team=shop metadata > /dev/null

same() {
    [ "$1" = "$2" ] || { echo "$3: expected $1, got: $2" >&2; exit 1; }
    echo "$3: $2"
}
# Of what is listed as running with this name: its id.
running() {
    imds instance list --state /mnt/state.db | sed -n "s/^\(i-[^ ]*\)  running  .*  $1\$/\1/p"
}
links() { imds link list --state /mnt/state.db | tail -n +2 | wc -l; }
probe='ask() { printf "$1\r\n\r\n" | busybox timeout 5 busybox nc 169.254.169.254 80 | busybox tail -n 1; }
id=$(ask "GET /latest/meta-data/instance-id HTTP/1.0")
role=$(ask "GET /latest/meta-data/iam/security-credentials/ HTTP/1.0")
token=$(ask "PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60")
echo $id $role ${#token}'

podman run --detach --name web --network podman --network metadata probe /bin/busybox sleep 600 > /dev/null
podman run --detach --name other --network podman --network metadata:role=other probe /bin/busybox sleep 600 > /dev/null
same "$(running web) my-role 56" "$(podman exec web /bin/busybox sh -c "$probe")" 'a container'
same "$(running other) other 56" "$(podman exec other /bin/busybox sh -c "$probe")" 'one with a role of its own'
same 2 "$(links)" 'links'
podman rm --force --time 0 web other > /dev/null
same '' "$(running web)$(running other)" 'running, once they are removed'
same 0 "$(links)" 'links, once they are removed'
podman network rm metadata > /dev/null
kill $service
wait $service
