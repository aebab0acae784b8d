//! Where a state is: a file, or a cluster.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use imds_account::keys::kinds;
use imds_account::transfer::{Contents, Layout, check_whole};
use imds_identity::backup;
use imds_kv::{Kv, KvError, Listing, Location, OpenError, SqliteReader};

use crate::error::{CommandError, Kind};
use crate::state::{StateLocation, kv_error_kind, open_error_kind};

#[derive(Eq, PartialEq)]
pub(super) struct Place(Location);

impl Place {
    pub(super) fn parse(url: &Path) -> Result<Self, CommandError> {
        match Location::parse(url).map_err(|error| CommandError::usage(error.to_string()))? {
            Location::Memory => {
                Err(CommandError::usage("state in memory is seen by its own process alone"))
            }
            // Two names of one file are one place.
            Location::Sqlite(path) => {
                let path =
                    path.canonicalize().or_else(|_| std::path::absolute(&path)).unwrap_or(path);
                Ok(Self(Location::Sqlite(path)))
            }
            location => Ok(Self(location)),
        }
    }

    /// The place that `--state` names, or the usual file.
    pub(super) fn resolve(url: Option<&Path>) -> Result<Self, CommandError> {
        let usual =
            || Ok(StateLocation::default_file()?.file().unwrap_or(Path::new("")).to_owned());
        let url = url.map(Path::to_owned).map_or_else(usual, Ok::<PathBuf, CommandError>)?;
        Self::parse(&url)
    }

    pub(super) fn location(&self) -> &Location {
        &self.0
    }

    /// As people know it; it has no secret.
    pub(super) fn name(&self) -> String {
        self.0.to_string()
    }

    pub(super) fn layout(&self) -> Layout {
        if self.0.is_shared() { Layout::Hosts } else { Layout::Machine }
    }

    /// The directory with the keys that sign identity documents; `None` where they are in the state.
    pub(super) fn identity_directory(&self) -> Option<&Path> {
        match &self.0 {
            Location::Sqlite(path) => path.parent(),
            _ => None,
        }
    }

    /// Opens it; makes it if there is none.
    pub(super) fn open(&self) -> Result<Arc<dyn Kv>, CommandError> {
        self.0.open().map_err(Self::not_opened)
    }

    /// Opens one that exists, and that no service uses.
    pub(super) fn open_alone(&self) -> Result<Arc<dyn Kv>, CommandError> {
        if let Location::Sqlite(path) = &self.0
            && !path.exists()
        {
            return Err(self.missing());
        }
        let kv = self.open()?;
        for prefix in kinds::LIVING {
            let hosts = kv.page(prefix, None, 1).map_err(|error| self.cannot("read", error))?;
            let keys = hosts.entries.into_iter().map(|entry| entry.key);
            let damaged = hosts.unreadable.into_iter().map(|entry| entry.key);
            if let Some(key) = keys.chain(damaged).next() {
                let (name, host) = (self.name(), key.trim_start_matches(prefix));
                let message = format!("{name} is in use by host {host}");
                return Err(CommandError::new(Kind::Unavailable, message)
                    .hint("stop `imds serve` on every host, and wait until their leases end"));
            }
        }
        Ok(kv)
    }

    /// What to say of a place where no state is. In a cluster every prefix can be read, also a mistyped one.
    pub(super) fn missing(&self) -> CommandError {
        CommandError::usage(format!("there is no state at {}", self.name())).hint(
            if self.0.is_shared() {
                "the path of the URL is what the keys of the state begin with, without one: imds"
            } else {
                "name the file, or the URL, that `imds serve --state` has"
            },
        )
    }

    /// What was listed of all keys, if there are any.
    pub(super) fn existing(&self, listing: Listing) -> Result<Listing, CommandError> {
        let is_empty = listing.entries.is_empty() && listing.unreadable.is_empty();
        if is_empty { Err(self.missing()) } else { Ok(listing) }
    }

    /// All entries as they are at one moment, also while a service uses the state.
    pub(super) fn list(&self) -> Result<Listing, CommandError> {
        let listing = match &self.0 {
            Location::Sqlite(path) => {
                let reader = SqliteReader::open(path);
                reader.map_err(Self::not_opened)?.list("")
            }
            _ => self.open()?.list(""),
        };
        self.existing(listing.map_err(|error| self.cannot("read", error))?)
    }

    /// All that the state keeps, as [`list`](Self::list) finds it.
    pub(super) fn read(&self) -> Result<Contents, CommandError> {
        let listing = self.list()?;
        check_whole(&listing).map_err(|error| self.refused(&error))?;
        let mut contents = Contents::of(listing).map_err(|error| self.refused(&error))?;
        self.add_identity_keys(&mut contents)?;
        Ok(contents)
    }

    /// Adds the keys that sign identity documents, where they are in files.
    pub(super) fn add_identity_keys(&self, contents: &mut Contents) -> Result<(), CommandError> {
        let Some(directory) = self.identity_directory() else { return Ok(()) };
        let texts = backup::texts(directory).map_err(|error| {
            CommandError::usage("cannot read the keys that sign identity documents")
                .caused_by(error)
        })?;
        for (region, text) in &texts {
            contents.add_identity_keys(region.as_str(), text);
        }
        Ok(())
    }

    /// Why this state is not used as it is.
    pub(super) fn refused(&self, why: &dyn std::error::Error) -> CommandError {
        CommandError::usage(format!("{} is refused: {why}", self.name()))
            .hint("imds state check --state LOCATION says what is wrong with a state")
    }

    /// What an error of the engine means for the command.
    pub(super) fn cannot(&self, what: &str, error: KvError) -> CommandError {
        let kind = kv_error_kind(&error);
        CommandError::new(kind, format!("cannot {what} the state at {}", self.name()))
            .caused_by(error)
    }

    /// What it means for the command that a state cannot be opened.
    pub(super) fn not_opened(error: OpenError) -> CommandError {
        let kind = open_error_kind(&error);
        CommandError::new(kind, "cannot open the state").caused_by(error)
    }
}
