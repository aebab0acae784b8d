# The first article, with containers on a host that is linked, and a container that is an instance.
. "$(dirname "$0")/engine.sh"

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

serve --ami al2 --link host
eval "$(imds env)"

same "$default 0" "$(podman run --rm probe /bin/busybox sh -c "$probe")" "a container at hop limit 1"
same "$default 56" "$(podman run --rm --network host probe /bin/busybox sh -c "$probe")" "the host's network"
aws ec2 modify-instance-metadata-options --instance-id $default --http-put-response-hop-limit 2 > /dev/null
until [ "$(aws ec2 describe-instances --instance-ids $default --output text \
    --query 'Reservations[].Instances[].MetadataOptions.State')" = applied ]; do :; done
same "$default 56" "$(podman run --rm probe /bin/busybox sh -c "$probe")" "a container at hop limit 2"

# A container that is an instance of its own, found by its name: at the first hop.
image=$(aws ec2 describe-images --owners amazon --filters 'Name=name,Values=amzn2-*' \
    'Name=architecture,Values=x86_64' \
    --query 'Images[0].ImageId' --output text)
own=$(aws ec2 run-instances --image-id "$image" --metadata-options HttpPutResponseHopLimit=1 \
    --query 'Instances[].InstanceId' --output text)
aws ec2 wait instance-running --instance-ids "$own"
podman run --detach --name web --network none probe /bin/busybox sleep 600 > /dev/null
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
