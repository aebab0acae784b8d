//! The plugin for Netavark, run by the Podman of Debian 13: `cargo xtask netavark`. Debian 12 has a Podman without plugins.
//! Its packages are unpacked below `target/netavark`, and run in namespaces that play a host.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::command::{cargo, run};
use crate::install;

const RELEASE: &str = "trixie";

const PACKAGES: &str =
    "podman,netavark,runc,nftables,iptables,iproute2,busybox-static,aardvark-dns";

/// Runs all of it.
pub(crate) fn run_all() -> Result<()> {
    install::debian(&[
        ("debootstrap", "debootstrap"),
        ("unshare", "util-linux"),
        ("ip", "iproute2"),
    ])?;
    run(&mut cargo("build --quiet --package imds"))?;
    let root = Path::new("target/netavark/root");
    make(root)?;
    run(Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child"])
        .args(["sh", "xtask/netavark/host.sh"])
        .arg(root)
        .args(["target/debug/imds", "xtask/netavark/inside.sh"]))
}

/// Unpacks the packages, unless they are there.
fn make(root: &Path) -> Result<()> {
    let stamp = root.join("unpacked");
    if std::fs::read_to_string(&stamp).is_ok_and(|unpacked| unpacked == PACKAGES) {
        return Ok(());
    }
    if root.exists() {
        std::fs::remove_dir_all(root)?;
    }
    let packages = format!("--include={PACKAGES}");
    run(Command::new("debootstrap")
        .args(["--foreign", "--variant=minbase", &packages, RELEASE])
        .arg(root))?;
    // It unpacks only what it needs for its second stage.
    let archives = root.join("var/cache/apt/archives");
    for archive in std::fs::read_dir(&archives)? {
        let archive = archive?.path();
        if archive.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("--extract").arg(archive).arg(root))?;
        }
    }
    std::fs::remove_dir_all(archives)?;
    std::fs::write(stamp, PACKAGES)?;
    Ok(())
}
