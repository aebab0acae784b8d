//! The first article on a real engine: containers of Podman on a host that is linked.

use testkit::{Finished, Need, Result, Trial, program, test};

pub(super) fn tests() -> Vec<Trial> {
    const NEEDS: &[Need] = &[
        Need::Root,
        Need::Python,
        Need::Program("podman"),
        Need::Program("runc"),
        Need::Program("iptables"),
        Need::Program("busybox"),
        Need::Program("curl"),
    ];
    vec![test("links::podman::the_article_on_a_linked_host", NEEDS, the_article)]
}

/// Everything, the engine's state included, is in namespaces that end with the script.
fn the_article() -> Result<()> {
    let mut command = program("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-eu"]);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/links/podman.sh"));
    command.env("PATH", testkit::path_with_imds_and_python());
    Finished::success(&mut command)?;
    Ok(())
}
