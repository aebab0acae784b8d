//! The location of the state.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use imds_account::credential_key::CredentialKeyError;
use imds_account::host_name::InvalidHostName;
use imds_account::transfer::NotUsable;
use imds_account::{HostName, Store, StoreError, UnreadableCause};
use imds_host::HostError;
use imds_kv::{KvError, Location, OpenError};
use rustix::system::uname;

use crate::error::{CommandError, Kind};

/// The location of the state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct StateLocation(Location);

impl StateLocation {
    /// The location that `--state` names: `memory`, `sqlite:PATH`, a path, or `etcd://…`.
    pub(crate) fn parse(url: &Path) -> Result<Self, CommandError> {
        Ok(Self(Location::parse(url).map_err(|error| CommandError::usage(error.to_string()))?))
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

    /// The URL of a state that other hosts may have. It has no secret.
    pub(crate) fn shared_url(&self) -> Option<String> {
        self.0.shared_url()
    }

    /// Whether other hosts may have the same state.
    pub(crate) fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    /// This host's name among those that share the state: the one of the URL, or that of the machine.
    pub(crate) fn host(&self) -> Result<Option<HostName>, CommandError> {
        if !self.is_shared() {
            return Ok(None);
        }
        let machine = uname();
        let name =
            self.0.host().map_or_else(|| machine.nodename().to_string_lossy(), Cow::Borrowed);
        let name = name.parse().map_err(|error: InvalidHostName| {
            CommandError::usage(error.to_string())
                .hint("host=NAME in the URL of the state names this host")
        })?;
        Ok(Some(name))
    }

    /// What it means for a host that it cannot read the first record of its state.
    pub(crate) fn not_readable(&self, error: CredentialKeyError) -> CommandError {
        match &error {
            CredentialKeyError::Store(StoreError::Unreadable(record))
                if self.is_shared() && matches!(record.source, UnreadableCause::Damaged(_)) =>
            {
                CommandError::usage(format!(
                    "the state at {} is sealed with another key than those that seal-key= names: nothing was \
                     written to it",
                    self.0
                ))
                .hint("give this host a copy of the seal key of the other hosts, or its own prefix: etcd://…/PREFIX")
            }
            _ => HostError::from(error).into(),
        }
    }

    /// Opens the store; makes it at first use.
    pub(crate) fn open(&self) -> Result<Store, CommandError> {
        let kv = self.0.open()?;
        Ok(match self.host()? {
            Some(host) => Store::of_host(kv, host),
            None => Store::new(kv),
        })
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
        KvError::Unavailable { source, .. } | KvError::OutcomeUnknown { source, .. } => {
            let reason = source.downcast_ref().map(io::Error::kind);
            let is_denied = reason == Some(io::ErrorKind::PermissionDenied);
            if is_denied { Kind::Denied } else { Kind::Unavailable }
        }
        _ => Kind::Usage,
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Kv(error) => kv_error_kind(error),
            _ => Kind::Usage,
        };
        if let StoreError::Kv(KvError::Unavailable { retry: true, .. }) = &error {
            return Self::new(kind, "cannot use the state")
                .caused_by(error)
                .hint("try again once the cluster answers, or the disk has room");
        }
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
