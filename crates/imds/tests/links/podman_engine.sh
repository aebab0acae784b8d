# Podman on a host of host.sh.

# A container that is given this host's programs has this one.
unpacked=
# The engine is found by its name.
engine=$(command -v podman)
cat > /mnt/bin/podman <<EOF
#!/bin/sh
if [ "\$1" = run ]; then
    shift
    # Here these limits may not be raised.
    set -- run --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "\$@"
fi
exec $engine --root /mnt/root --runroot /mnt/run --tmpdir /mnt/tmp --runtime runc \
    --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "\$@"
EOF
chmod +x /mnt/bin/podman
podman import --quiet /mnt/image.tar probe > /dev/null
