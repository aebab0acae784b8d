# A host on which the blocks of a page are run: the script is the first argument.
. "$(dirname "$0")/host.sh"
. "$(dirname "$0")/podman_engine.sh"

# What pages write there ends with the script.
for directory in /etc /opt /usr/share /var/lib; do
    mkdir -p /mnt/written$directory /mnt/work$directory
    mount -t overlay -o lowerdir=$directory,upperdir=/mnt/written$directory,workdir=/mnt/work$directory \
        none $directory
done

# Its user may do everything.
cat > /mnt/bin/sudo <<'EOF'
#!/bin/sh
exec "$@"
EOF
chmod +x /mnt/bin/sudo

# The image, without a network: curl with its libraries, and a few programs.
for file in $(ldd "$(command -v curl)" | grep -o '/[^ ]*') "$(command -v curl)"; do
    cp --parents --dereference "$file" /mnt/image
done
for name in sh sleep; do
    ln -s /bin/busybox /mnt/image/bin/$name
done
tar -C /mnt/image -cf /mnt/curl.tar .
podman import --quiet --change 'ENTRYPOINT ["curl"]' /mnt/curl.tar docker.io/curlimages/curl > /dev/null

served() {
    service=$!
    until grep -q 'imds env' /mnt/banner; do
        kill -0 $service || { cat /mnt/messages >&2; exit 1; }
    done
}

# A container that may not be reached is a failure that the page shows.
set +e
. "$1"
podman rm --all --force --time 0 > /dev/null
kill $service
wait $service
