# The first article, with containers of Podman on a host that is linked, and a container that is an instance.
here=$(dirname "$0")
. "$here/host.sh"
. "$here/podman_engine.sh"
. "$here/article.sh"

article podman

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
