//! Which files are used: regular ones with one name, which nobody else can change or put in place.
//!
//! The directory is what makes these checks hold: in one that others cannot write, nobody replaces a file
//! between the check and its use.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use rustix::process::{getegid, geteuid};

use crate::open_error::OpenError;

/// Mode bits of those who are not the owner.
const READ_BY_OTHERS: u32 = 0o044;
const WRITTEN_BY_OTHERS: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Refuses a directory whose files others can replace: it must be ours or root's. Others may write to it
/// only where the system protects our files from them, as in `/tmp`; our own group may.
pub(super) fn directory(path: &Path) -> Result<(), OpenError> {
    let Ok(found) = fs::metadata(path) else { return Ok(()) };
    let refused = |problem: String| Err(untrusted(path, problem));
    let user = geteuid().as_raw();
    if found.uid() != user && found.uid() != 0 {
        return refused(owned_by(&found));
    }
    // The group of a user alone has the user's number.
    let is_own_group = found.gid() == user && getegid().as_raw() == user;
    let others = if is_own_group { 0o002 } else { WRITTEN_BY_OTHERS };
    if found.mode() & others != 0 && found.mode() & STICKY == 0 {
        let path = path.display();
        return refused(format!(
            "can be written by others: chmod go-w {path}, or have the file in a directory of its own, \
             such as {path}/imds"
        ));
    }
    Ok(())
}

/// Refuses anything but a regular file of ours that only we can write. A file that does not exist is
/// fine.
pub(super) fn file(path: &Path) -> Result<(), OpenError> {
    let Some(found) = regular(path)? else { return Ok(()) };
    let refused = |problem: String| Err(untrusted(path, problem));
    if found.uid() != geteuid().as_raw() {
        return refused(owned_by(&found));
    }
    if found.mode() & WRITTEN_BY_OTHERS != 0 {
        return refused(format!("can be written by others: chmod 600 {}", path.display()));
    }
    if found.nlink() > 1 {
        let problem = "has another name (a hard link), and its log belongs to one name only: \
                       remove the other, or use a copy";
        return refused(problem.to_owned());
    }
    Ok(())
}

/// Refuses a file that others may read: it holds secret keys. The other checks come first.
pub(super) fn secret(path: &Path) -> Result<(), OpenError> {
    let is_exposed = fs::metadata(path).is_ok_and(|found| found.mode() & READ_BY_OTHERS != 0);
    let problem =
        || format!("holds secret keys, and others may read it: chmod 600 {}", path.display());
    if is_exposed { Err(untrusted(path, problem())) } else { Ok(()) }
}

/// Refuses what is not a regular file, without opening it: a named pipe would be waited for. `None` if
/// nothing is there.
pub(super) fn regular(path: &Path) -> Result<Option<Metadata>, OpenError> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found.map_err(OpenError::unavailable("open", path))?,
    };
    let kind = found.file_type();
    let problem = if kind.is_file() {
        return Ok(Some(found));
    } else if kind.is_dir() {
        return Err(OpenError::unavailable("open", path)(io::ErrorKind::IsADirectory.into()));
    } else if kind.is_symlink() {
        let target = fs::read_link(path).unwrap_or_default();
        if path.exists() {
            format!("is a symbolic link to {}", target.display())
        } else {
            format!("is a symbolic link to {}, which does not exist", target.display())
        }
    } else if kind.is_fifo() {
        "is a named pipe, not a file".to_owned()
    } else if kind.is_socket() {
        "is a socket, not a file".to_owned()
    } else {
        "is a device, not a file".to_owned()
    };
    Err(untrusted(path, problem))
}

fn owned_by(found: &Metadata) -> String {
    let user = geteuid().as_raw();
    format!("belongs to user {}, and this process runs as user {user}", found.uid())
}

fn untrusted(path: &Path, problem: String) -> OpenError {
    OpenError::Untrusted { path: path.to_owned(), problem }
}
