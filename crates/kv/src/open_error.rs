//! Why state cannot be opened.

use std::io;
use std::path::{Path, PathBuf};

/// Why an engine cannot be opened. A file that is refused is left as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL names an engine that this build does not have. Shows the scheme only: a URL may hold a
    /// password.
    #[error(
        "{scheme}: is not in this build: use {}memory, sqlite:PATH, or the path of an SQLite file",
        if cfg!(feature = "etcd") { "etcd://HOST:PORT, " } else { "" }
    )]
    Unsupported {
        /// What the URL begins with, such as `redis`.
        scheme: String,
    },
    /// The URL of an etcd cluster is wrong, or the files that it names are. Shows no part that may be a
    /// password.
    #[error("etcd: {problem}")]
    Etcd {
        /// What is wrong, and what is right.
        problem: String,
    },
    /// State in etcd without a key that seals it.
    #[error(
        "state in etcd is only kept sealed: make a key with `(umask 077; openssl rand -base64 32 >FILE)`, \
         give each host a copy, and name it in the URL with seal-key=FILE"
    )]
    NoSealKey,
    /// The file with the keys of sealed values is of another form.
    #[error(
        "{} does not have one to four keys of 32 bytes, a line each: `openssl rand -base64 32` makes one",
        path.display()
    )]
    SealKey {
        /// The file.
        path: PathBuf,
    },
    /// The URL names no file.
    #[error("the location of the state is empty: use memory, sqlite:PATH, or the path of a file")]
    NoPath,
    /// Another process has the file. End it, or use another file.
    #[error("{} is in use by another process: end that one, or use another file", path.display())]
    Locked {
        /// The state file.
        path: PathBuf,
    },
    /// A newer version of this program wrote the file. Use that one, or another file.
    #[error(
        "{} has format {found}, and this program knows none newer than {known}: use the program \
         that wrote it, or another file",
        path.display()
    )]
    Newer {
        /// The state file.
        path: PathBuf,
        /// The file's format.
        found: u32,
        /// The newest format that this program knows.
        known: u32,
    },
    /// The file is something else. Name the right one, or move it away.
    #[error("{} is not a state file: name another, or move it away", path.display())]
    Foreign {
        /// What was taken for a state file.
        path: PathBuf,
    },
    /// The file is not as it was written. Restore a copy, or move it away together with the files
    /// beside it that begin with its name.
    #[error(
        "{} is damaged ({detail}): restore a copy of it, or move it away with its -wal file",
        path.display()
    )]
    Damaged {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The file, one beside it or their directory is of another kind, belongs to somebody else, or can be
    /// changed or read by others.
    #[error("{} {problem}", path.display())]
    Untrusted {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it, as in "/file is a named pipe".
        problem: String,
    },
    /// The system refuses: the disk is full or read-only, permission is missing, …; the source's
    /// [`io::Error::kind`] tells.
    #[error("cannot {operation} {}", path.display())]
    Unavailable {
        /// What was tried, as in "cannot … /file".
        operation: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl OpenError {
    /// Whether there is no such file.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Unavailable { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// What makes a system error into [`OpenError::Unavailable`].
    pub(crate) fn unavailable(
        operation: &'static str,
        path: &Path,
    ) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Unavailable { operation, path: path.to_owned(), source }
    }
}
