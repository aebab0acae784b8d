//! A file that is not there before it is whole.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
use rustix::io::Errno;
use tempfile::{Builder, NamedTempFile};

/// What the name of a draft begins with, where it must have one.
const NAME: &str = ".imds-export-";

/// A file, for its owner only, that is being written.
pub(super) enum Draft {
    /// It goes with the process, however that ends.
    Unnamed(File),
    /// On a file system that has no other files, such as NFS.
    Named(NamedTempFile),
}

impl Draft {
    pub(super) fn new_in(directory: &Path) -> io::Result<Self> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        // Without `/proc` it could not be given a name.
        let opened = if Path::new("/proc/self/fd").exists() {
            open(directory, flags, Mode::RUSR | Mode::WUSR)
        } else {
            Err(Errno::OPNOTSUPP)
        };
        match opened {
            Ok(file) => Ok(Self::Unnamed(file.into())),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {
                Builder::new().prefix(NAME).tempfile_in(directory).map(Self::Named)
            }
            Err(errno) => Err(errno.into()),
        }
    }

    pub(super) fn file(&self) -> &File {
        match self {
            Self::Unnamed(file) => file,
            Self::Named(file) => file.as_file(),
        }
    }

    /// Gives it its name, which must be free.
    pub(super) fn persist(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Unnamed(file) => {
                let link = format!("/proc/self/fd/{}", file.as_raw_fd());
                Ok(linkat(CWD, link, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
            }
            Self::Named(file) => Ok(file.persist_noclobber(path).map(drop)?),
        }
    }
}

/// Drafts in a directory whose process was killed, or still writes.
pub(super) fn others_in(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let is_draft = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(NAME);
    entries.flatten().filter(is_draft).map(|entry| entry.path()).collect()
}
