//! The disk of the guests: Debian with cloud-init, made without root's mounts.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::run;

/// A stable release, by its name.
const RELEASE: &str = "trixie";

/// What a guest has beyond Debian's minimum. Where cloud-init is, there is a way to ask for an address.
const PACKAGES: &str = "systemd-sysv,systemd-resolved,udev,dbus,e2fsprogs,netplan.io,cloud-init,openssh-server,sudo,\
     iproute2,iptables,curl,ca-certificates,linux-image-cloud-amd64";

const SIZE: u64 = 1 << 30;

/// What a machine starts from.
pub(super) struct Image {
    pub(super) kernel: PathBuf,
    pub(super) initial: PathBuf,
    pub(super) disk: PathBuf,
}

impl Image {
    /// Makes it below `home`, unless it is there.
    pub(super) fn make(home: &Path) -> Result<Self> {
        let (root, disk) = (home.join("root"), home.join("disk.img"));
        let stamp = home.join("made");
        let wanted = format!("{RELEASE} {PACKAGES}\n{}", include_str!("../../vm/configure.sh"));
        if !fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
            if root.exists() {
                fs::remove_dir_all(&root)?;
            }
            let packages = format!("--include={PACKAGES}");
            run(Command::new("debootstrap")
                .args(["--foreign", "--variant=minbase", &packages, RELEASE])
                .arg(&root))?;
            run(Command::new("unshare")
                .args(["--mount", "--net", "--pid", "--uts", "--fork", "--kill-child"])
                .args(["sh", "xtask/vm/configure.sh"])
                .arg(&root))?;
            File::create(&disk)?.set_len(SIZE)?;
            run(Command::new("mke2fs")
                .args(["-q", "-F", "-t", "ext4", "-d"])
                .arg(&root)
                .arg(&disk))?;
            fs::write(stamp, wanted)?;
        }
        let boot = root.join("boot");
        Ok(Self {
            kernel: only(&boot, "vmlinuz-")?,
            initial: only(&boot, "initrd.img-")?,
            disk: std::path::absolute(disk)?,
        })
    }
}

/// The file of a directory whose name starts so.
fn only(directory: &Path, start: &str) -> Result<PathBuf> {
    let files = fs::read_dir(directory)?.filter_map(|file| Some(file.ok()?.path()));
    let mut files = files.filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
    });
    let found = files.next();
    let found = found.with_context(|| format!("{}: no {start}…", directory.display()))?;
    Ok(std::path::absolute(found)?)
}
