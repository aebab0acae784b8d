//! Files that hold secrets.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::open_error::OpenError;

/// The text of a file that others must not be able to read.
pub(crate) fn secret(path: &Path) -> Result<String, OpenError> {
    let unavailable = || OpenError::unavailable("read", path);
    let file = File::open(path).map_err(unavailable())?;
    let mode = file.metadata().map_err(unavailable())?.permissions().mode();
    if mode & 0o007 != 0 {
        let problem = format!("is a secret that others may use: chmod 600 {}", path.display());
        return Err(OpenError::Untrusted { path: path.to_owned(), problem });
    }
    io::read_to_string(file).map_err(unavailable())
}
