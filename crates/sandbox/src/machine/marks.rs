//! What says that the real machine is a container: files and variables that container engines leave, and that
//! programs look for to know where they are. cloud-init in a container does not look at DMI, so it would not
//! find EC2.
//!
//! A file counts by its existence, so it cannot be covered: the directory that has it is replaced by one that
//! has everything else.

use std::path::{Path, PathBuf};

use imds_linux::{Error, mount, process};

/// The file of Docker, which is in the root directory.
const IN_ROOT: &str = ".dockerenv";

/// The files of podman and systemd: directory and name. A directory comes before those above it.
const FILES: [(&str, &str); 3] =
    [("/run/host", "container-manager"), ("/run/systemd", "container"), ("/run", ".containerenv")];

/// Variables of process 1.
const VARIABLES: [&str; 2] = ["container", "LIBVIRT_LXC_UUID"];

/// Removes the variables from the calling process, which becomes process 1, and from those it starts.
pub(super) fn forget_variables() -> Result<(), Error> {
    VARIABLES.into_iter().try_for_each(process::forget_variable)
}

/// Hides the files below `/run`. Returns mounts on the stage that are no longer needed.
pub(super) fn hide_files(stage: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut copies = Vec::new();
    for (directory, name) in FILES {
        let directory = Path::new(directory);
        if directory.join(name).exists() {
            let original = stage.join(format!("without-{name}"));
            mount::directory(&original)?;
            mount::bind_tree(directory, &original)?;
            mount::widen_without(&original, directory, &[name])?;
            copies.push(original);
        }
    }
    Ok(copies)
}

/// Whether the root directory has to be replaced.
pub(super) fn is_in_root() -> bool {
    Path::new("/").join(IN_ROOT).exists()
}

/// Makes a root directory on the stage, without [`IN_ROOT`]. In the place of the stage it has a new one, with
/// the mounts of the old one that are called `kept`. Returns both paths.
pub(super) fn prepare_root(stage: &Path, kept: &[&str]) -> Result<(PathBuf, PathBuf), Error> {
    let root = stage.join("root");
    let stage_name = stage.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    mount::directory(&root)?;
    mount::widen_without(Path::new("/"), &root, &[IN_ROOT, stage_name])?;
    let new_stage = root.join(stage_name);
    mount::directory(&new_stage)?;
    mount::tmpfs(&new_stage)?;
    for name in kept {
        let target = new_stage.join(name);
        mount::directory(&target)?;
        mount::shift(&stage.join(name), &target)?;
    }
    Ok((root, new_stage))
}
