//! The real machine's sockets that no network namespace separates from the program: Unix sockets with a path.
//! Whoever listens there may reach any network, as a container engine or a message bus does.
//!
//! Abstract Unix sockets belong to a network namespace. Landlock can restrict Unix sockets by path
//! from its ABI 9 on, but a program under a rule about paths may not mount anything, which container engines
//! and cloud-init do. So the sockets that exist at the start are covered by one that nobody listens on.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use imds_linux::{Error, mount};

/// Sockets by which programs look up users and write logs, and which do nothing else: a file, or everything
/// in a directory.
const HARMLESS: [&str; 5] =
    ["/dev/log", "/run/nslcd", "/run/systemd/journal", "/run/systemd/userdb", "/var/lib/sss/pipes"];

/// The variable with the path of an SSH agent, which uses keys and reaches nothing.
const SSH_AGENT: &str = "SSH_AUTH_SOCK";

/// Where services have their sockets.
const RUN: &str = "/run";

/// How deep directories are searched.
const DEPTH: usize = 4;

/// The file systems that are looked at for mounted sockets and below [`RUN`]. None of them waits for a server,
/// as FUSE and NFS do, perhaps for ever.
const FILE_SYSTEMS: [&str; 5] = ["btrfs", "ext4", "overlay", "tmpfs", "xfs"];

/// The sockets to cover. The calling process must be in the real machine's namespaces: the kernel lists the
/// sockets of the caller's network. Those of others, as in a container that was given its engine's socket, are
/// found as mount points and below `/run`.
pub(super) fn find() -> Vec<PathBuf> {
    // Without the list there is nothing that could be said about its sockets.
    let table = fs::read("/proc/net/unix").unwrap_or_default();
    let bound = bound_paths(&table).map(Path::to_owned);
    let (prompt, other): (Vec<_>, Vec<_>) = mount::points()
        .unwrap_or_default()
        .into_iter()
        .partition(|point| FILE_SYSTEMS.contains(&point.filesystem.as_str()));
    let mounted = prompt.into_iter().map(|point| point.path);
    let other: BTreeSet<PathBuf> = other.into_iter().map(|point| point.path).collect();
    let mut found: BTreeSet<PathBuf> =
        bound.chain(mounted).filter(|path| is_socket(path)).collect();
    search(Path::new(RUN), DEPTH, &other, &mut found);

    let agent = std::env::var_os(SSH_AGENT).map(PathBuf::from);
    let real: BTreeSet<PathBuf> =
        found.into_iter().filter_map(|path| path.canonicalize().ok()).collect();
    let is_kept = |path: &PathBuf| {
        HARMLESS.iter().any(|harmless| path.starts_with(harmless))
            || agent.as_ref().is_some_and(|agent| agent.canonicalize().is_ok_and(|it| it == *path))
    };
    real.into_iter().filter(|path| !is_kept(path)).collect()
}

/// Covers the sockets, in the calling process's mount namespace. One that is gone meanwhile is left out.
pub(super) fn cover(sockets: &[PathBuf], stage: &Path) -> Result<(), Error> {
    if sockets.is_empty() {
        return Ok(());
    }
    let dead = stage.join("dead-socket");
    mount::dead_socket(&dead)?;
    sockets.iter().filter(|path| is_socket(path)).try_for_each(|path| mount::bind(&dead, path))
}

/// The paths in the kernel's table of Unix sockets: the last column, which a socket without a path does not
/// have, and which begins with `@` for an abstract one.
fn bound_paths(table: &[u8]) -> impl Iterator<Item = &Path> {
    use std::os::unix::ffi::OsStrExt;
    table.split(|byte| *byte == b'\n').filter_map(|line| {
        let start = line.windows(2).position(|pair| pair == b" /")?;
        Some(Path::new(OsStr::from_bytes(&line[start + 1..])))
    })
}

fn is_socket(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// Adds the sockets below a directory, without directories in `left_out`. Where it may not look, the program
/// may not either.
fn search(
    directory: &Path,
    depth: usize,
    left_out: &BTreeSet<PathBuf>,
    found: &mut BTreeSet<PathBuf>,
) {
    if left_out.contains(directory) {
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => search(&entry.path(), depth, left_out, found),
            Ok(kind) if kind.is_socket() => {
                found.insert(entry.path());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_the_kernels_table() {
        let table = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 16 /run/docker.sock\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 17\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 18 @/tmp/.X11-unix/X0\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 19 /tmp/a b/c\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 20 relative\n";
        let paths: Vec<_> = bound_paths(table).collect();
        assert_eq!(paths, [Path::new("/run/docker.sock"), Path::new("/tmp/a b/c")]);
    }
}
