# Docker on a host of host.sh, unpacked by `cargo xtask test`. Ends with 77 where it does not start.
mkdir -p /mnt/etc /mnt/work
mount -t overlay -o lowerdir=/etc,upperdir=/mnt/etc,workdir=/mnt/work none /etc
PATH=$PATH:$IMDS_TEST_DOCKER/usr/bin:$IMDS_TEST_DOCKER/usr/sbin:$IMDS_TEST_CONTAINERD/usr/bin
# What a container needs that has these programs as well.
unpacked="--volume $IMDS_TEST_DOCKER:$IMDS_TEST_DOCKER:ro --volume $IMDS_TEST_CONTAINERD:$IMDS_TEST_CONTAINERD:ro
    --env IMDS_TEST_DOCKER --env IMDS_TEST_CONTAINERD"
cat > /mnt/bin/docker <<END
#!/bin/sh
exec $IMDS_TEST_DOCKER/usr/bin/docker "\$@"
END
chmod +x /mnt/bin/docker
dockerd --data-root /mnt/docker --storage-driver vfs --exec-opt native.cgroupdriver=cgroupfs > /mnt/dockerd 2>&1 &
daemon=$!
until docker version > /dev/null 2>&1; do
    kill -0 $daemon || { tail -n 1 /mnt/dockerd >&2; exit 77; }
done
docker import /mnt/image.tar probe > /dev/null
