//! The first article on real engines: containers of Podman and of Docker on a host that is linked.

use testkit::{Finished, Need, Result, Skip, Trial, ensure, program, test};

/// What scripts end with where an engine does not start.
const NO_ENGINE: i32 = 77;

pub(super) fn tests() -> Vec<Trial> {
    const PODMAN: &[Need] = &[
        Need::Root,
        Need::Python,
        Need::Program("podman"),
        Need::Program("runc"),
        Need::Program("iptables"),
        Need::Program("busybox"),
    ];
    const ROOTLESS: &[Need] =
        &[Need::Root, Need::Program("podman"), Need::Program("runc"), Need::Program("busybox")];
    const ROOTLESS_ON_HOST: &[Need] = &[
        Need::Root,
        Need::Tap,
        Need::Program("podman"),
        Need::Program("runc"),
        Need::Program("slirp4netns"),
        Need::Program("busybox"),
    ];
    const DOCKER: &[Need] = &[
        Need::Root,
        Need::Python,
        Need::Docker,
        Need::Containerd,
        Need::Program("runc"),
        Need::Program("iptables"),
        Need::Program("busybox"),
    ];
    vec![
        test("links::engines::podman_on_a_linked_host", PODMAN, || run("podman.sh").map(drop)),
        test("links::engines::podman_without_root", ROOTLESS, without_root),
        test("links::engines::podman_without_root_on_a_linked_host", ROOTLESS_ON_HOST, || {
            run("rootless_on_host.sh").map(drop)
        }),
        test("links::engines::docker_on_a_linked_host", DOCKER, docker),
    ]
}

fn docker() -> Result<()> {
    let finished = Finished::of(&mut command("docker.sh"))?;
    if finished.status.code() == Some(NO_ENGINE) {
        return Err(Skip(format!("Docker does not start here: {}", finished.stderr)).into());
    }
    finished.expect_code(0)?;
    Ok(())
}

/// In a user namespace, where the helper cannot come back to the service's own network.
fn without_root() -> Result<()> {
    let finished = run("rootless.sh")?;
    ensure!(finished.stdout.contains("\ni-1234567890abcdef0\n"), "{finished:#?}");
    ensure!(finished.stdout.contains("attached  1 (0 open)"), "{finished:#?}");
    Ok(())
}

/// Runs a script in namespaces that play a host, and end with it.
pub(super) fn run(script: &str) -> Result<Finished> {
    Finished::success(&mut command(script))
}

fn command(script: &str) -> std::process::Command {
    let mut command = program("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-eu"]);
    command.arg(format!("{}/tests/links/{script}", env!("CARGO_MANIFEST_DIR")));
    command.env("PATH", testkit::path_with_imds_and_python());
    command
}
