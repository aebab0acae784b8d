//! The machine that the program sees: processes, devices, host names, and the identity of an EC2 instance.
//!
//! All of it is mounts over the real machine's files, in a mount namespace that ends with the program. They
//! are built in a tmpfs that covers `/proc` in the meantime, the stage. It stays there, below the new
//! `/proc`, because it has an untouched sysfs: the kernel lets a user namespace mount one of its own, as
//! a rootless container engine does, only where one is mounted that nothing is hidden of.

mod identity;
mod marks;

use std::fs;
use std::path::{Path, PathBuf};

use imds_linux::{Error, mount, process};

use crate::first_boot::Script;
use crate::request::InstanceFacts;
use crate::{host_sockets, names};

/// The mount point of the stage: a directory that every machine has.
const STAGE: &str = "/proc";

/// Directories on the stage: `/etc` and `/var/lib` as they are on the real machine.
const ETC: &str = "etc";
const STATE: &str = "state";

/// Sets up the machine in the calling process's own namespaces. Returns warnings for parts that could not be
/// set up and that the program can do without.
///
/// The program is on the instance itself unless it is in a container there. `closed_sockets` are covered.
pub(super) fn set_up(
    instance: &InstanceFacts,
    scripts: &[Script],
    in_container: bool,
    closed_sockets: Option<&[PathBuf]>,
) -> Result<Vec<String>, Error> {
    let stage = Path::new(STAGE);
    mount::keep_mounts_inside()?;
    process::set_host_name(&instance.hostname)?;
    // These read /proc, which the stage covers next.
    if !in_container {
        marks::forget_variables()?;
    }
    let below_sys = mount::below(Path::new("/sys"))?;

    mount::tmpfs(stage)?;
    if !scripts.is_empty() {
        provide_scripts(stage, scripts)?;
    }
    let mut warnings = Vec::new();
    let mut attempt = |what: &str, outcome: Result<(), Error>| {
        if let Err(error) = outcome {
            let reason = error.io().map_or_else(String::new, |reason| format!(": {reason}"));
            warnings.push(format!("{what}: {error}{reason}"));
        }
    };
    attempt("host names are the real machine's", provide_names(stage, instance));
    let closed = host_sockets::cover(closed_sockets.unwrap_or_default(), stage);
    attempt("Unix sockets of the real machine are open", closed);
    let fresh = prepare_sys(stage);
    let is_fresh = fresh.is_ok();
    attempt("network interfaces in /sys are the real machine's", fresh);
    attempt("/sys is the real machine's", provide_sys(stage, instance, &below_sys, is_fresh));
    let mut copies = [ETC, STATE, SHOWN].map(|name| stage.join(name)).to_vec();
    if !in_container {
        let hidden = marks::hide_files(stage).map(|more| copies.extend(more));
        attempt("files in /run say that this machine is a container", hidden);
    }
    for copy in copies {
        // The mounts that were made of it stay.
        let _ = mount::detach(&copy);
    }
    let has_new_root = !in_container && marks::is_in_root();
    attempt("/proc is the real machine's", provide_proc(stage, has_new_root, is_fresh));
    Ok(warnings)
}

/// Covers the files in `/etc` that configure how host names are resolved.
fn provide_names(stage: &Path, instance: &InstanceFacts) -> Result<(), Error> {
    let mut files = vec![("hosts", names::hosts(instance)), ("resolv.conf", names::resolv_conf())];
    let nsswitch = fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    files.extend(names::nsswitch_conf(&nsswitch).map(|text| ("nsswitch.conf", text)));

    let etc = Path::new("/etc");
    // A dangling symbolic link counts as missing.
    if files.iter().any(|(name, _)| !etc.join(name).exists()) {
        let original = stage.join(ETC);
        mount::directory(&original)?;
        mount::bind_tree(etc, &original)?;
        mount::widen(&original, etc)?;
    }
    for (name, text) in files {
        let target = etc.join(name);
        if target.exists() {
            let source = stage.join(name);
            mount::file(&source, text, 0o644)?;
            mount::bind(&source, &target)?;
        } else {
            // `/etc` is a copy by now; a dangling link would redirect the new file.
            let _ = fs::remove_file(&target);
            mount::file(&target, text, 0o644)?;
        }
    }
    // A running name service cache (nscd) is asked before any file is read.
    let cache = Path::new("/run/nscd");
    if cache.exists() { mount::tmpfs(cache) } else { Ok(()) }
}

/// Covers the files of the real machine's first boot in `/var/lib/cloud` with the scripts.
fn provide_scripts(stage: &Path, scripts: &[Script]) -> Result<(), Error> {
    let (all_state, state) = (Path::new("/var/lib"), Path::new("/var/lib/cloud"));
    if !state.is_dir() {
        let original = stage.join(STATE);
        mount::directory(&original)?;
        mount::bind_tree(all_state, &original)?;
        mount::widen(&original, all_state)?;
        mount::directory(state)?;
    }
    mount::tmpfs(state)?;
    for Script { path, content } in scripts {
        mount::directory(path.parent().unwrap_or(state))?;
        mount::file(path, content, 0o700)?;
    }
    Ok(())
}

/// Directories on the stage: the kernel's sysfs, and the tree that is built from it and shown as `/sys`.
const KERNEL: &str = "kernel";
const SHOWN: &str = "shown";

/// Mounts sysfs for this network namespace. In a container that hides a part of `/sys` that is forbidden;
/// then the existing `/sys` is used.
fn prepare_sys(stage: &Path) -> Result<(), Error> {
    let kernel = stage.join(KERNEL);
    mount::directory(&kernel)?;
    mount::directory(&stage.join(SHOWN))?;
    mount::sysfs(&kernel)
}

/// Builds `/sys`: the kernel's tree with the identity of an EC2 instance.
fn provide_sys(
    stage: &Path,
    instance: &InstanceFacts,
    below_sys: &[PathBuf],
    is_fresh: bool,
) -> Result<(), Error> {
    let (sys, kernel, shown) = (Path::new("/sys"), stage.join(KERNEL), stage.join(SHOWN));
    if !is_fresh {
        mount::bind_tree(sys, &kernel)?;
    }
    mount::bind_tree(&kernel, &shown)?;
    identity::place(instance, &kernel, &shown)?;
    // Mounts below the old /sys, such as cgroups, are kept.
    for point in below_sys.iter().filter(|_| is_fresh) {
        let Ok(name) = point.strip_prefix(sys) else { continue };
        let target = shown.join(name);
        if target.exists() {
            mount::bind_tree(point, &target)?;
        }
    }
    // Without a user namespace the old mount can be removed from the list of mounts.
    let _ = mount::detach(sys);
    mount::shift(&shown, sys)
}

/// Mounts `/proc` over the stage, in a new root directory if there is to be one.
fn provide_proc(stage: &Path, has_new_root: bool, is_fresh: bool) -> Result<(), Error> {
    let mount_all = || {
        if !has_new_root {
            return mount::proc(stage);
        }
        let kept: &[&str] = if is_fresh { &[KERNEL] } else { &[] };
        let (root, new_stage) = marks::prepare_root(stage, kept)?;
        // Before the root changes: it needs the old one, as a sysfs does.
        mount::proc(&new_stage)?;
        mount::change_root(&root)
    };
    mount_all().inspect_err(|_| {
        let _ = mount::detach(stage);
    })
}
