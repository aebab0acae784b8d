//! What outlives the process: the store, and what is put into it at the first start.
//!
//! - [`token_key`]: what session tokens are made with;
//! - [`access_key`]: who may use the control side;
//! - [`control_address`]: where that listens;
//! - [`default_instance`]: the instance that is there without any set-up.

pub(crate) mod access_key;
pub(crate) mod control_address;
pub(crate) mod default_instance;
pub(crate) mod token_key;

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use imds_store::{MemoryStore, SqliteStore, Store, StoreError};

use crate::error::{CommandError, Kind};

/// Where state is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// In the process, and lost with it.
    Memory,
    /// In this file, and in others beside it.
    File(PathBuf),
}

impl Place {
    /// The place that `--state` names.
    pub(crate) fn new(file: PathBuf) -> Self {
        if file.as_os_str() == "memory" { Self::Memory } else { Self::File(file) }
    }

    /// `$XDG_STATE_HOME/imds/state.db`, else below `~/.local/state` (XDG Base Directory
    /// Specification).
    pub(crate) fn default_file() -> Result<Self, CommandError> {
        Ok(Self::File(directory()?.join("state.db")))
    }

    /// The directory of what is kept in files of its own.
    pub(crate) fn directory(&self) -> Option<&Path> {
        match self {
            Self::Memory => None,
            Self::File(path) => path.parent(),
        }
    }

    /// Opens the store; makes it at first use.
    pub(crate) fn open(&self) -> Result<Arc<dyn Store>, CommandError> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::new()),
            Self::File(path) => Arc::new(SqliteStore::open(path)?),
        })
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Unavailable { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => Kind::Denied,
                _ => Kind::Unavailable,
            },
            StoreError::Locked { .. } => Kind::Unavailable,
            _ => Kind::Usage,
        };
        Self::new(kind, "cannot use the state")
            .caused_by(error)
            .hint("--state FILE keeps it elsewhere, --state memory nowhere")
    }
}

/// The directory for state: `$XDG_STATE_HOME/imds`, else `~/.local/state/imds`.
pub(crate) fn directory() -> Result<PathBuf, CommandError> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|base| base.join("imds"))
        .ok_or_else(|| {
            CommandError::usage("neither XDG_STATE_HOME nor HOME is set to an absolute path")
                .hint("set XDG_STATE_HOME to a directory for state, or use --state memory")
        })
}

/// Bytes that nobody can guess.
fn random<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

impl From<getrandom::Error> for CommandError {
    fn from(error: getrandom::Error) -> Self {
        Self::new(Kind::Unavailable, "the kernel gives no random bytes").caused_by(error)
    }
}

/// Writes a whole file or none of it, for its owner only, and never over one that is there.
pub(crate) fn write_once(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    let draft = path.with_extension(format!("{:016x}", getrandom::u64()?));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    written
}
