//! The location of the state.

use std::io;
use std::path::{Path, PathBuf};

use imds_account::transfer::NotUsable;
use imds_account::{Store, StoreError};
use imds_kv::{KvError, Location, OpenError};

use crate::error::{CommandError, Kind};

/// The location of the state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct StateLocation(Location);

impl StateLocation {
    /// The location that `--state` names: `memory`, `sqlite:PATH`, or a path.
    pub(crate) fn parse(url: &Path) -> Result<Self, CommandError> {
        match Location::parse(url) {
            Ok(location @ (Location::Memory | Location::Sqlite(_))) => Ok(Self(location)),
            // One that several hosts could share: services do not expect each other there.
            Ok(_) => Err(CommandError::usage("state can be in memory or in a file")),
            Err(error) => Err(CommandError::usage(error.to_string())),
        }
    }

    /// `$XDG_STATE_HOME/imds/state.db`, else below `~/.local/state` (XDG Base Directory
    /// Specification).
    pub(crate) fn default_file() -> Result<Self, CommandError> {
        Ok(Self(Location::Sqlite(directory()?.join("state.db"))))
    }

    /// The location that `--state` names, or the default file.
    pub(crate) fn resolve(url: Option<&Path>) -> Result<Self, CommandError> {
        url.map_or_else(Self::default_file, Self::parse)
    }

    /// The file; `None` where state is lost with the process.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.0 {
            Location::Sqlite(path) => Some(path),
            _ => None,
        }
    }

    /// The directory of state that has files of its own, such as keys.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.file()?.parent()
    }

    /// Opens the store; makes it at first use.
    pub(crate) fn open(&self) -> Result<Store, CommandError> {
        Ok(Store::new(self.0.open()?))
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        cannot_use(open_error_kind(&error)).caused_by(error)
    }
}

impl From<NotUsable> for CommandError {
    fn from(error: NotUsable) -> Self {
        let kind = match &error {
            NotUsable::Kv(error) => kv_error_kind(error),
            _ => Kind::Usage,
        };
        let hint = match &error {
            NotUsable::Unfinished { .. } => {
                "imds state import --restart begins again: it deletes what was written"
            }
            _ => "use the state that it was moved to; imds state export writes what this one had",
        };
        Self::new(kind, "cannot use the state").caused_by(error).hint(hint)
    }
}

/// What sort of failure it is that a state cannot be opened.
pub(crate) fn open_error_kind(error: &OpenError) -> Kind {
    match error {
        OpenError::Unavailable { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied =>
        {
            Kind::Denied
        }
        OpenError::Unavailable { .. } | OpenError::Locked { .. } => Kind::Unavailable,
        _ => Kind::Usage,
    }
}

/// The same where it is open.
pub(crate) fn kv_error_kind(error: &KvError) -> Kind {
    match error {
        KvError::Unavailable { .. } | KvError::OutcomeUnknown { .. } => Kind::Unavailable,
        _ => Kind::Usage,
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Kv(error) => kv_error_kind(error),
            _ => Kind::Usage,
        };
        cannot_use(kind).caused_by(error)
    }
}

fn cannot_use(kind: Kind) -> CommandError {
    CommandError::new(kind, "cannot use the state")
        .hint("--state FILE keeps it elsewhere, --state memory nowhere")
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
