//! Files that a URL names, some of which hold secrets.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use crate::open_error::OpenError;

/// The text of a file that others must not be able to read.
pub(crate) fn secret(path: &Path) -> Result<String, OpenError> {
    let file = open(path)?;
    let unavailable = || OpenError::unavailable("read", path);
    let mode = file.metadata().map_err(unavailable())?.permissions().mode();
    if mode & 0o007 != 0 {
        let problem = format!("is a secret that others may use: chmod 600 {}", path.display());
        return Err(OpenError::Untrusted { path: path.to_owned(), problem });
    }
    io::read_to_string(file).map_err(unavailable())
}

/// The text of a file that anybody may read.
pub(crate) fn text(path: &Path) -> Result<String, OpenError> {
    io::read_to_string(open(path)?).map_err(OpenError::unavailable("read", path))
}

/// Opens a regular file; refuses anything else, and does not wait for a named pipe.
fn open(path: &Path) -> Result<File, OpenError> {
    let unavailable = || OpenError::unavailable("read", path);
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut options = OpenOptions::new();
    let options = options.read(true).custom_flags(flags.bits().cast_signed());
    let file = options.open(path).map_err(unavailable())?;
    let kind = file.metadata().map_err(unavailable())?.file_type();
    if kind.is_file() {
        return Ok(file);
    }
    let problem =
        if kind.is_dir() { "is a directory, not a file" } else { "is not a regular file" };
    Err(OpenError::Untrusted { path: path.to_owned(), problem: problem.to_owned() })
}
