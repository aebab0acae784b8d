//! Where state is kept.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use imds_account::{Store, StoreError};
use imds_kv::{KvError, MemoryStore, SqliteStore};

use crate::error::{CommandError, Kind};

/// Where state is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum StateLocation {
    /// In the process, and lost with it.
    Memory,
    /// In this file, and in others beside it.
    File(PathBuf),
}

impl StateLocation {
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
    pub(crate) fn open(&self) -> Result<Store, CommandError> {
        Ok(match self {
            Self::Memory => Store::new(Arc::new(MemoryStore::new())),
            Self::File(path) => Store::new(Arc::new(SqliteStore::open(path)?)),
        })
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Kv(KvError::Unavailable { source, .. })
                if source.kind() == io::ErrorKind::PermissionDenied =>
            {
                Kind::Denied
            }
            StoreError::Kv(KvError::Unavailable { .. } | KvError::Locked { .. }) => {
                Kind::Unavailable
            }
            _ => Kind::Usage,
        };
        Self::new(kind, "cannot use the state")
            .caused_by(error)
            .hint("--state FILE keeps it elsewhere, --state memory nowhere")
    }
}

impl From<KvError> for CommandError {
    fn from(error: KvError) -> Self {
        StoreError::from(error).into()
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
