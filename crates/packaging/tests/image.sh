# What the image $1 says once it runs, and its service.
. "$(dirname "$0")/podman.sh"
echo "$name"
run() {
    podman run --network none --read-only --cap-drop all "$@"
}
run --rm "$name" -V
run --detach --name service \
    "$name" serve --listen 127.0.0.1:1338 --control 127.0.0.1:1339 --ami al2 > /dev/null
tries=0
until podman exec --env AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1338 \
    service imds get instance-id 2> /dev/null; do [ $((tries += 1)) -lt 50 ]; done
podman exec service imds env | head -n 1 | cut -d= -f1
podman top service user | tail -n 1
podman kill service > /dev/null
