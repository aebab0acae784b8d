//! Whether KVM runs a guest here: the device alone does not say so, as in a virtual machine without nesting.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::image::Image;

/// An accelerator and a processor for it, by the names that QEMU has for them.
type Machine = [&'static str; 2];

/// The fastest.
const KVM: Machine = ["kvm", "host"];

/// Emulated, without what is slow to emulate.
const EMULATED: Machine = ["tcg", "qemu64"];

/// What runs guests here.
pub(super) fn find(image: &Image, home: &Path) -> Result<Machine> {
    if !Path::new("/dev/kvm").exists() {
        println!("emulated: there is no /dev/kvm");
        return Ok(EMULATED);
    }
    let console = home.join("kvm-console");
    // The kernel has no first process, so it ends at once. Where KVM fails, QEMU waits for ever.
    Command::new("timeout")
        .args(["20", "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-nic", "none"])
        .args(["-machine", "q35", "-accel", "kvm", "-cpu", "host", "-m", "512"])
        .args(["-display", "none", "-no-reboot"])
        .args(["-append", "console=ttyS0 panic=-1 rdinit=/none init=/none"])
        .arg("-kernel")
        .arg(&image.kernel)
        .arg("-serial")
        .arg(format!("file:{}", console.display()))
        .stderr(Stdio::null())
        .status()
        .context("cannot run timeout")?;
    let printed = std::fs::read(&console).unwrap_or_default();
    if String::from_utf8_lossy(&printed).contains("Linux version") {
        return Ok(KVM);
    }
    println!("emulated: there is /dev/kvm, but no kernel starts with it");
    Ok(EMULATED)
}
