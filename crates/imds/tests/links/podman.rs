//! The first article on a real engine: containers of Podman on a host that is linked.

use testkit::{Finished, Need, Result, Trial, ensure, program, test};

pub(super) fn tests() -> Vec<Trial> {
    const NEEDS: &[Need] = &[
        Need::Root,
        Need::Python,
        Need::Program("podman"),
        Need::Program("runc"),
        Need::Program("iptables"),
        Need::Program("busybox"),
    ];
    const ROOTLESS: &[Need] =
        &[Need::Root, Need::Program("podman"), Need::Program("runc"), Need::Program("busybox")];
    vec![
        test("links::podman::the_article_on_a_linked_host", NEEDS, the_article),
        test("links::podman::a_container_without_root", ROOTLESS, without_root),
    ]
}

fn the_article() -> Result<()> {
    run("podman.sh")?;
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
    let mut command = program("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-eu"]);
    command.arg(format!("{}/tests/links/{script}", env!("CARGO_MANIFEST_DIR")));
    command.env("PATH", testkit::path_with_imds_and_python());
    Finished::success(&mut command)
}
