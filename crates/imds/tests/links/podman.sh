# A host with Podman, as its administrator uses it.
for directory in /mnt /run /var/lib/cni; do
    mkdir -p $directory
    mount -t tmpfs none $directory
done
mount -t proc proc /proc
mkdir -p /mnt/image/bin /mnt/root /mnt/run /mnt/tmp /mnt/home
export HOME=/mnt/home XDG_STATE_HOME=/mnt/home TMPDIR=/mnt/tmp
cp "$(command -v busybox)" /mnt/image/bin/
tar -C /mnt/image -cf /mnt/image.tar .
ip link set lo up

# The engine is found by its name.
mkdir /mnt/bin
engine=$(command -v podman)
cat > /mnt/bin/podman <<EOF
#!/bin/sh
exec $engine --root /mnt/root --runroot /mnt/run --tmpdir /mnt/tmp --runtime runc \
    --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "\$@"
EOF
chmod +x /mnt/bin/podman
PATH=/mnt/bin:$PATH
podman import --quiet /mnt/image.tar probe > /dev/null
container() {
    podman run --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$@"
}

# Fails unless both are the same.
same() {
    [ "$1" = "$2" ] || { echo "$3: expected $1, got: $2" >&2; exit 1; }
}

# Asks both ways: the instance id by IMDSv1, and the length of a token.
probe='
ask() { printf "$1\r\n\r\n" | busybox timeout 2 busybox nc 169.254.169.254 80 | busybox tail -n 1; }
id=$(ask "GET /latest/meta-data/instance-id HTTP/1.0")
token=$(ask "PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60")
echo $id ${#token}'
default=i-1234567890abcdef0

imds serve --ami al2 --link host --access-log off > /mnt/banner 2> /mnt/messages &
service=$!
until grep -q 'imds env' /mnt/banner; do
    kill -0 $service || { cat /mnt/messages >&2; exit 1; }
done
eval "$(imds env)"

same "$default 0" "$(container --rm probe /bin/busybox sh -c "$probe")" "a container at hop limit 1"
same "$default 56" "$(container --rm --network host probe /bin/busybox sh -c "$probe")" "the host's network"
aws ec2 modify-instance-metadata-options --instance-id $default --http-put-response-hop-limit 2 > /dev/null
until [ "$(aws ec2 describe-instances --instance-ids $default --output text \
    --query 'Reservations[].Instances[].MetadataOptions.State')" = applied ]; do :; done
same "$default 56" "$(container --rm probe /bin/busybox sh -c "$probe")" "a container at hop limit 2"

# A container that is an instance of its own, found by its name: at the first hop.
image=$(aws ec2 describe-images --owners amazon --filters 'Name=name,Values=amzn2-*' \
    --query 'Images[0].ImageId' --output text)
own=$(aws ec2 run-instances --image-id "$image" --metadata-options HttpPutResponseHopLimit=1 \
    --query 'Instances[].InstanceId' --output text)
aws ec2 wait instance-running --instance-ids "$own"
container --detach --name web --network none probe /bin/busybox sleep 600 > /dev/null
imds link add "container=web,instance=$own"
same "$own 56" "$(podman exec web /bin/busybox sh -c "$probe")" "a container of its own"

# It ends and comes back: so does its link.
podman kill web > /dev/null
state() {
    imds link list --json | python3 -c 'import json, sys
print(*[link["state"] for link in json.load(sys.stdin) if link["kind"] == "container"])'
}
until [ "$(state)" = waiting ]; do :; done
podman start web > /dev/null
until [ "$(state)" = attached ]; do :; done
same "$own 56" "$(podman exec web /bin/busybox sh -c "$probe")" "after a restart"
podman rm --force --time 0 web > /dev/null
kill $service
wait $service
