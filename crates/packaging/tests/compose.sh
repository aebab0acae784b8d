# What a container of `app` in the Compose file $2 learns, with the image $1 as the service's.
. "$(dirname "$0")/podman.sh"
mkdir -p /mnt/image/bin
cp "$(command -v busybox)" /mnt/image/bin/
for applet in sh ip sleep; do
    ln -s busybox /mnt/image/bin/$applet
done
tar -C /mnt/image -cf /mnt/image.tar .
podman import --quiet /mnt/image.tar docker.io/library/busybox > /dev/null

# It asks both ways: for the status of IMDSv1, and for the length of a token.
cat > /mnt/test.yaml <<'YAML'
services:
  app:
    image: docker.io/library/busybox
    command:
      - sh
      - -c
      - |
        ask() { printf "$$1\r\n\r\n" | busybox timeout 2 busybox nc 169.254.169.254 80; }
        until status=$$(ask "GET / HTTP/1.0" | busybox head -n 1 | busybox cut -d " " -f 2) && [ "$$status" ]; do
            busybox usleep 100000
        done
        token=$$(ask "PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60" | busybox tail -n 1)
        echo "$$status $${#token}"
YAML
compose() {
    podman-compose --project-name test --file "$compose/$file" --file /mnt/test.yaml "$@"
}

# What the app of a Compose file says, and whether all its containers go away again.
app() {
    file=$1
    compose up --abort-on-container-exit > /mnt/up 2>&1 || { cat /mnt/up >&2; exit 1; }
    echo "$file: $(podman logs test_app_1)"
    compose down > /mnt/down 2>&1 || { cat /mnt/down >&2; exit 1; }
    podman ps --all --quiet
}
compose=$2
app compose.yaml
app router.yaml
HOP_LIMIT=2
export HOP_LIMIT
app router.yaml
