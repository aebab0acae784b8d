//! Virtual machines with images made for EC2, behind TAP devices of a host that `imds serve` is linked to:
//! `cargo xtask vm`. The host is played by namespaces; nothing is installed or changed on this machine but what makes
//! and runs guests, below `target/vm`. QEMU runs the guests; one of them by libvirt.

mod accelerator;
mod image;
mod seen;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::command::{cargo, run};
use crate::{distributions, install, test};
use image::Image;

const HOME: &str = "target/vm";

/// The host's ends of two guests from one disk; what they saw has these names.
const INSTANCES: &[&str] = &["tap0", "tap1"];

/// The host's end of the guest for the package.
const PACKAGE: &[&str] = &["tap2"];

/// Starts all guests, and prints what they saw.
pub(crate) fn run_all() -> Result<()> {
    install::debian(&[
        ("debootstrap", "debootstrap"),
        ("qemu-system-x86_64", "qemu-system-x86"),
        ("virt-qemu-run", "libvirt-daemon-driver-qemu"),
        ("libvirtd", "libvirt-daemon"),
        ("virsh", "libvirt-clients"),
        ("dnsmasq", "dnsmasq-base"),
        ("mke2fs", "e2fsprogs"),
        ("ssh-keygen", "openssh-client"),
        ("ip", "iproute2"),
        ("unshare", "util-linux"),
    ])?;
    let python = install::python(&test::PYTHON)?;
    run(&mut cargo("build --quiet --package imds"))?;
    let home = Path::new(HOME);
    std::fs::create_dir_all(home)?;
    let image = Image::make(home)?;
    let seen = home.join("seen");
    if seen.exists() {
        std::fs::remove_dir_all(&seen)?;
    }
    std::fs::create_dir(&seen)?;
    let package = package(home)?;
    let start = Instant::now();
    let path = std::env::var("PATH").unwrap_or_default();
    let programs = std::path::absolute("target/debug")?;
    let mut host = Command::new("unshare");
    host.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(["sh", "xtask/vm/host.sh"])
        .args([&image.kernel, &image.initial, &image.disk])
        .args(accelerator::find(&image, home)?)
        .arg("xtask/vm")
        .arg(std::path::absolute(&seen)?)
        .arg(package.as_deref().unwrap_or(Path::new("")))
        .env("PATH", format!("{}:{}:{path}", programs.display(), python.display()));
    run(&mut host)?;
    println!("from the first launch to the last end: {} s", start.elapsed().as_secs());
    let mut wrong = seen::print(&seen, INSTANCES, seen::INSTANCE)?;
    match package {
        Some(_) => wrong += seen::print(&seen, PACKAGE, seen::PACKAGE)?,
        None => println!("without the Debian package: run cargo xtask dist first"),
    }
    ensure!(wrong == 0, "{wrong} of these are wrong; the consoles are in {}", seen.display());
    Ok(())
}

/// The Debian package in a tar archive, which can be a disk: it may be followed by zeros.
fn package(home: &Path) -> Result<Option<PathBuf>> {
    let Ok(package) = distributions::artifact(".deb") else { return Ok(None) };
    let archive = std::path::absolute(home.join("package.tar"))?;
    let (directory, name) = (package.parent(), package.file_name());
    let (Some(directory), Some(name)) = (directory, name) else { return Ok(None) };
    run(Command::new("tar").arg("-cf").arg(&archive).arg("-C").arg(directory).arg(name))?;
    Ok(Some(archive))
}
