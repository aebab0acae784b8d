//! Mounts of the calling process's own mount namespace.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive,
    mount_change, mount_move, unmount,
};
use rustix::process::{chdir, pivot_root};

use crate::Error;

/// Keeps mounts made here from showing outside; those made outside still show here.
pub fn keep_mounts_inside() -> Result<(), Error> {
    let flags = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    check(mount_change("/", flags), "isolate the mounts below", Path::new("/"))
}

/// Mounts an empty file system in memory, for up to 32 MiB.
pub fn tmpfs(target: &Path) -> Result<(), Error> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    let outcome = mount("tmpfs", target, "tmpfs", flags, c"mode=755,size=32m");
    check(outcome, "mount a tmpfs on", target)
}

/// Mounts the process table of the caller's process id namespace.
pub fn proc(target: &Path) -> Result<(), Error> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    check(mount("proc", target, "proc", flags, None), "mount a new proc on", target)
}

/// Mounts the kernel's devices as seen from the caller's network namespace.
pub fn sysfs(target: &Path) -> Result<(), Error> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    check(mount("sysfs", target, "sysfs", flags, None), "mount a new sysfs on", target)
}

/// Shows `source`, a file or a directory without what is mounted below it, at `target` as well.
pub fn bind(source: &Path, target: &Path) -> Result<(), Error> {
    let operation = || format!("bind {} to", source.display());
    mount_bind(source, target).map_err(|error| failed(operation(), target)(error.into()))
}

/// Shows `source` with everything mounted below it at `target` as well.
pub fn bind_tree(source: &Path, target: &Path) -> Result<(), Error> {
    let operation = || format!("bind {} to", source.display());
    mount_bind_recursive(source, target).map_err(|error| failed(operation(), target)(error.into()))
}

/// Moves a mount, with everything mounted below it.
pub fn shift(source: &Path, target: &Path) -> Result<(), Error> {
    let operation = || format!("move {} to", source.display());
    mount_move(source, target).map_err(|error| failed(operation(), target)(error.into()))
}

/// Makes the directory `target`, a mount point, the root of all paths. The former root is unmounted, with
/// everything that is mounted below it. The working directory keeps its path where that still exists; else
/// it is `/`.
pub fn change_root(target: &Path) -> Result<(), Error> {
    let current = std::env::current_dir();
    // The former root is put on top of the new one, so that no directory is needed for it.
    chdir(target)
        .and_then(|()| pivot_root(".", "."))
        .and_then(|()| unmount(".", UnmountFlags::DETACH))
        .map_err(|error| failed("change the root to", target)(error.into()))?;
    if !current.is_ok_and(|current| chdir(current).is_ok()) {
        chdir("/").map_err(|error| failed("go to", Path::new("/"))(error.into()))?;
    }
    Ok(())
}

/// Unmounts `target` and everything mounted below it, as soon as they are no longer in use.
pub fn detach(target: &Path) -> Result<(), Error> {
    check(unmount(target, UnmountFlags::DETACH), "unmount", target)
}

/// Covers the directory `target` with a writable one in memory that holds all `original` holds:
/// files and directories are bound, symbolic links copied.
///
/// With `original` equal to what `target` shows, nothing changes but that names can be added.
/// `original` must stay reachable: give another path to the same directory.
pub fn widen(original: &Path, target: &Path) -> Result<(), Error> {
    widen_without(original, target, &[])
}

/// The same, without the entries that have these names.
pub fn widen_without(original: &Path, target: &Path, names: &[&str]) -> Result<(), Error> {
    let entries = fs::read_dir(original).map_err(failed("list", original))?;
    tmpfs(target)?;
    for entry in entries {
        let entry = entry.map_err(failed("list", original))?;
        if names.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let kind = entry.file_type().map_err(failed("look at", original))?;
        let (from, to) = (entry.path(), target.join(entry.file_name()));
        if kind.is_symlink() {
            fs::read_link(&from)
                .and_then(|link| symlink(link, &to))
                .map_err(failed("copy", &from))?;
        } else if kind.is_dir() {
            directory(&to)?;
            bind_tree(&from, &to)?;
        } else {
            file(&to, "", 0o644)?;
            bind(&from, &to)?;
        }
    }
    Ok(())
}

/// Makes a directory and those above it, where missing.
pub fn directory(path: &Path) -> Result<(), Error> {
    let outcome = DirBuilder::new().recursive(true).mode(0o755).create(path);
    outcome.map_err(failed("make the directory", path))
}

/// Makes a file with this content and these permissions, whatever the umask.
pub fn file(path: &Path, content: impl AsRef<[u8]>, mode: u32) -> Result<(), Error> {
    fs::write(path, content)
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
        .map_err(failed("write", path))
}

/// Makes a socket that nobody listens on, for anybody to connect to in vain.
pub fn dead_socket(path: &Path) -> Result<(), Error> {
    let mode = Mode::from_raw_mode(0o666);
    check(mknodat(CWD, path, FileType::Socket, mode, 0), "make the socket", path)
}

/// A mount: its path, and the name of its file system's type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MountPoint {
    /// The path, as the caller's root directory has it.
    pub path: PathBuf,
    /// The type, such as `tmpfs`.
    pub filesystem: String,
}

/// All mount points.
pub fn points() -> Result<Vec<MountPoint>, Error> {
    let text = table()?;
    Ok(all_points(&text).collect())
}

/// The mount points directly below `directory`: none of them is below another one.
pub fn below(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    Ok(topmost(&table()?, directory))
}

fn table() -> Result<String, Error> {
    let table = Path::new("/proc/self/mountinfo");
    fs::read_to_string(table).map_err(failed("read", table))
}

fn all_points(mountinfo: &str) -> impl Iterator<Item = MountPoint> {
    mountinfo.lines().filter_map(|line| {
        // Fields that not every mount has end with a dash.
        let (mount, filesystem) = line.split_once(" - ")?;
        let path = PathBuf::from(unescape(mount.split(' ').nth(4)?));
        Some(MountPoint { path, filesystem: filesystem.split(' ').next()?.to_owned() })
    })
}

fn topmost(mountinfo: &str, directory: &Path) -> Vec<PathBuf> {
    let mut points: Vec<PathBuf> = all_points(mountinfo)
        .map(|point| point.path)
        .filter(|point| point.starts_with(directory) && point != directory)
        .collect();
    // A path sorts right behind those above it.
    points.sort();
    points.dedup_by(|point, above| point.starts_with(above));
    points
}

/// Undoes the kernel's octal escapes of space, tab, line feed and backslash.
fn unescape(field: &str) -> String {
    const ESCAPES: [(&str, &str); 4] =
        [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    ESCAPES.iter().fold(field.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

fn check(outcome: rustix::io::Result<()>, operation: &str, target: &Path) -> Result<(), Error> {
    outcome.map_err(|error| failed(operation, target)(error.into()))
}

fn failed(operation: impl Into<String>, target: &Path) -> impl FnOnce(io::Error) -> Error {
    let (operation, target) = (operation.into(), target.to_owned());
    move |source| Error::Mount { operation, target, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_topmost_mount_points_below_a_directory_are_listed() {
        let table = "20 1 0:1 / /sys rw - sysfs sysfs rw\n\
                     21 20 0:2 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n\
                     22 21 0:3 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw\n\
                     23 20 0:4 / /sys/kernel/a\\040b rw - tmpfs tmpfs rw\n\
                     24 1 0:5 / /system rw - tmpfs tmpfs rw\n";
        let points = topmost(table, Path::new("/sys"));
        assert_eq!(points, [Path::new("/sys/fs/cgroup"), Path::new("/sys/kernel/a b")]);
        let types: Vec<_> = all_points(table).map(|point| point.filesystem).collect();
        assert_eq!(types, ["sysfs", "tmpfs", "cgroup", "tmpfs", "tmpfs"]);
    }
}
