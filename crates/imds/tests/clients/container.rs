//! A real container on the instance, behind its engine's own masqueraded bridge.

use testkit::{Context as _, Finished, Need, Result, Trial, ensure, exec, test};

use super::Log;

/// Everything podman keeps, and the image, are in the memory of a mount namespace that ends with
/// `exec`. No systemd is needed: runc manages control groups itself.
const PODMAN: &str = r#"
set -e
for directory in /mnt /run /tmp /var/lib/cni; do
    mkdir -p $directory
    mount -t tmpfs none $directory
done
mkdir -p /mnt/image/bin /mnt/root /mnt/run /mnt/tmp
cp "$(command -v busybox)" /mnt/image/bin/
tar -C /mnt/image -cf /mnt/image.tar .
podman() {
    command podman --root /mnt/root --runroot /mnt/run --tmpdir /mnt/tmp \
        --runtime runc --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"
}
podman import --quiet /mnt/image.tar probe >/dev/null
podman run --rm --network bridge --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
    probe /bin/busybox sh -c "$1"
"#;

/// Asks both ways with the only program of the image.
const PROBE: &str = r#"
ask() { printf "$1\r\n\r\n" | busybox timeout 2 busybox nc 169.254.169.254 80 | busybox tail -n 1; }
echo "GET [$(ask 'GET /latest/meta-data/instance-id HTTP/1.0')]"
echo "PUT [$(ask 'PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60')]"
"#;

pub(super) fn tests() -> Vec<Trial> {
    const NEEDS: &[Need] = &[
        Need::Root,
        Need::Program("podman"),
        Need::Program("runc"),
        Need::Program("iptables"),
        Need::Program("busybox"),
    ];
    const ROOTLESS_NEEDS: &[Need] =
        &[Need::Root, Need::Program("podman"), Need::Program("runc"), Need::Program("busybox")];
    let rootless = test("clients::a_rootless_podman_container", ROOTLESS_NEEDS, rootless);
    [("1", false), ("2", true)]
        .map(|(limit, arrives)| {
            let name = format!("clients::a_podman_container_at_hop_limit_{limit}");
            test(name, NEEDS, move || in_a_container(limit, arrives))
        })
        .into_iter()
        .chain([rootless])
        .collect()
}

/// A user of root's `exec` runs a container. Its user namespace has that user alone, and no network.
const ROOTLESS: &str = r#"
set -e
mount -t tmpfs none /mnt
mount -t tmpfs none /run
mount -t tmpfs none /tmp
mkdir -p /mnt/image/bin /mnt/home
cp "$(command -v busybox)" /mnt/image/bin/
tar -C /mnt/image -cf /mnt/image.tar .
echo user:x:1000:1000::/mnt/home:/bin/sh >/mnt/passwd
mount --bind /mnt/passwd /etc/passwd
chown 1000:1000 /mnt/home
chmod 1777 /tmp
exec setpriv --reuid=1000 --regid=1000 --clear-groups \
    env HOME=/mnt/home XDG_RUNTIME_DIR=/mnt/home sh -ec '
    podman() {
        command podman --root /mnt/home/root --runroot /mnt/home/run --tmpdir /mnt/home/tmp \
            --runtime runc --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"
    }
    podman import --quiet /mnt/image.tar probe >/dev/null
    podman run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
        probe /bin/busybox ls /sys/class/net'
"#;

fn rootless() -> Result<()> {
    let finished = Finished::success(&mut exec(&[], &["sh", "-c", ROOTLESS]))?;
    ensure!(finished.stdout == "lo\n", "{finished:#?}");
    Ok(())
}

fn in_a_container(limit: &str, arrives: bool) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let log = directory.path().join("access.log");
    let log_text = log.to_str().context("a path in UTF-8")?;
    let options = ["--ami", "al2", "--hop-limit", limit, "--access-log", log_text];
    let finished = Finished::success(&mut exec(&options, &["sh", "-c", PODMAN, "sh", PROBE]))?;
    ensure!(finished.stdout.contains("GET [i-1234567890abcdef0]\n"), "{finished:#?}");
    ensure!(finished.stdout.contains("==]\n") == arrives, "{finished:#?}");
    ensure!(arrives || finished.stdout.contains("PUT []\n"), "{finished:#?}");

    // The bridge is masqueraded, so the peer is the instance itself; its TTL tells of the router.
    let log = Log::read(&log)?;
    log.expect(&[" 172.31.", " v1 GET /latest/meta-data/instance-id 200 hops=1"])?;
    log.expect(&[" 172.31.", " v2 PUT /latest/api/token 200 hops=1"])?;
    let lost = log.count(&["token undeliverable: client is 1 hop away, hop limit 1 (needs 2)"]);
    ensure!((lost == 0) == arrives, "{}", log.0);
    Ok(())
}
