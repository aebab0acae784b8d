//! The image, as container tools read and run it.

use std::process::Command;

use serde_json::Value;
use testkit::{Finished, Need, Result, Trial, ensure};

use crate::artifacts::artifact;

/// Loads the image and starts the service. What podman keeps is in the memory of a mount namespace.
const PODMAN: &str = r#"
set -e
mount --make-rprivate /
image=$(mktemp)
cp "$1" "$image"
for directory in /mnt /run; do
    mount -t tmpfs none $directory
done
mkdir -p /mnt/root /mnt/run /mnt/tmp
podman() {
    TMPDIR=/mnt/tmp command podman --root /mnt/root --runroot /mnt/run --tmpdir /mnt/tmp \
        --runtime runc --storage-driver vfs --cgroup-manager cgroupfs --events-backend none "$@"
}
podman load --quiet --input "$image"
rm "$image"
name=$(podman images --format '{{.Repository}}:{{.Tag}}')
echo "$name"
# The program that the tests are built with needs libraries; that of a release does not.
run() {
    podman run --network none --read-only --cap-drop all --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
        --volume /lib:/lib:ro --volume /lib64:/lib64:ro "$@"
}
run --rm "$name" -V
run --detach --name service \
    "$name" serve --listen 127.0.0.1:1338 --control 127.0.0.1:1339 --ami al2 > /dev/null
until podman exec --env AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1338 \
    service imds get instance-id 2> /dev/null; do [ $((tries += 1)) -lt 50 ]; done
podman exec service imds env | head -n 1 | cut -d= -f1
podman top service user | tail -n 1
podman kill service > /dev/null
"#;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = testkit::tests![&[Need::Program("skopeo")];
        skopeo_reads_the_image,
    ];
    tests.extend(testkit::tests![&[Need::Root, Need::Program("podman"), Need::Program("runc")];
        podman_runs_the_image,
    ]);
    tests
}

fn skopeo_reads_the_image() -> Result<()> {
    let image = format!("oci-archive:{}", artifact(".oci.tar")?.display());
    let inspect = |arguments: &[&str]| -> Result<Value> {
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["--override-os=linux", "inspect"]).args(arguments).arg(&image);
        Ok(serde_json::from_str(&Finished::success(&mut skopeo)?.stdout)?)
    };
    let image = inspect(&[])?;
    ensure!(image["Layers"].as_array().is_some_and(|layers| layers.len() == 1), "{image}");
    let version = &image["Labels"]["org.opencontainers.image.version"];
    ensure!(version == env!("CARGO_PKG_VERSION"), "{image}");
    let config = inspect(&["--config"])?;
    ensure!(config["config"]["User"] == "65532:65532", "{config}");
    ensure!(config["config"]["Entrypoint"][0] == "/usr/bin/imds", "{config}");
    Ok(())
}

fn podman_runs_the_image() -> Result<()> {
    let mut command = testkit::program("unshare");
    command.args(["--mount", "sh", "-c", PODMAN, "sh"]).arg(artifact(".oci.tar")?);
    let finished = Finished::success(&mut command)?;
    let lines: Vec<_> = finished.stdout.lines().skip(1).collect();
    let version = concat!(":", env!("CARGO_PKG_VERSION"));
    ensure!(lines[0] == format!("localhost/imds{version}"), "{finished:#?}");
    ensure!(lines[1].starts_with("imds "), "{finished:#?}");
    ensure!(lines[2].starts_with("i-"), "{finished:#?}");
    ensure!(lines[3].contains("AWS_"), "{finished:#?}");
    ensure!(lines[4] == "imds" || lines[4] == "65532", "{finished:#?}");
    Ok(())
}
