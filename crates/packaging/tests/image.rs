//! The image, as container tools read and run it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use testkit::{Finished, Need, Result, Trial, ensure};

use crate::artifacts::artifact;

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

/// Runs a script of this folder with the image and `arguments`, in namespaces that end with it.
pub(crate) fn in_podman(script: &str, arguments: &[&Path]) -> Result<Finished> {
    let mut command = testkit::program("unshare");
    command.args([
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "sh",
        "-eu",
    ]);
    command.arg(format!("{}/tests/{script}", env!("CARGO_MANIFEST_DIR")));
    command.arg(artifact(".oci.tar")?).args(arguments);
    command.env("PATH", testkit::path_with_imds_and_python());
    Finished::success(&mut command)
}

fn podman_runs_the_image() -> Result<()> {
    let finished = in_podman("image.sh", &[])?;
    let lines: Vec<_> = finished.stdout.lines().collect();
    let version = concat!(":", env!("CARGO_PKG_VERSION"));
    ensure!(lines[0] == format!("localhost/imds{version}"), "{finished:#?}");
    ensure!(lines[1].starts_with("imds "), "{finished:#?}");
    ensure!(lines[2].starts_with("i-"), "{finished:#?}");
    ensure!(lines[3].contains("AWS_"), "{finished:#?}");
    ensure!(lines[4] == "imds" || lines[4] == "65532", "{finished:#?}");
    Ok(())
}
