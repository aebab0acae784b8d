//! The operator's values over the metadata: `[paths]` of the settings file, and over that the files of
//! `--overlay`. A running service follows both.

mod tree;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use imds_core::Launch;
use imds_core::extra::Extra;
use imds_host::Host;

use crate::error::CommandError;
use tree::{Stamps, stamps};

pub(crate) use tree::{linked, read};

/// How often a running service looks whether files have changed. A change is served once two looks agree,
/// so that a file that is being written is not served in part.
pub(crate) const PERIOD: Duration = Duration::from_millis(500);

/// The values of a running service.
pub(crate) struct Overlay {
    paths: Vec<Extra>,
    directory: Option<PathBuf>,
    /// The default instance with the values in force, which is what new values must fit.
    launch: Launch,
    /// The files at the last look, and as they were read; `None` before the first look. An error is
    /// kept by its kind.
    seen: Option<Look>,
    read: Option<Look>,
}

type Look = Result<Stamps, io::ErrorKind>;

impl Overlay {
    /// The values that `launch` was made with.
    pub(crate) fn new(paths: Vec<Extra>, directory: Option<PathBuf>, launch: Launch) -> Self {
        Self { paths, directory, launch, seen: None, read: None }
    }

    /// Whether there are files to look at.
    pub(crate) fn has_files(&self) -> bool {
        self.directory.is_some()
    }

    /// Looks at the files, and serves them if they have changed; says whether other values are served. A
    /// mistake in them changes nothing and is reported once.
    pub(crate) fn look(&mut self, host: &Host) -> Result<bool, CommandError> {
        let Some(directory) = &self.directory else { return Ok(false) };
        let look = stamps(directory).map_err(|error| error.kind());
        let is_settled = self.seen.replace(look.clone()).as_ref() == Some(&look);
        if !is_settled || self.read.as_ref() == Some(&look) {
            return Ok(false);
        }
        self.read = Some(look);
        self.read_again(host)
    }

    /// Replaces the values of the settings file, and reads the files as well; names the settings because
    /// of which something is served otherwise.
    pub(crate) fn set_paths(
        &mut self,
        paths: Vec<Extra>,
        host: &Host,
    ) -> Result<Option<&'static str>, CommandError> {
        let before = std::mem::replace(&mut self.paths, paths);
        match self.read_again(host) {
            Ok(false) => Ok(None),
            Ok(true) => Ok(Some(if self.paths == before { "overlay" } else { "paths" })),
            Err(error) => {
                self.paths = before;
                Err(error)
            }
        }
    }

    /// Reads the files, whatever the last look says; says whether other values are served.
    pub(crate) fn read_again(&mut self, host: &Host) -> Result<bool, CommandError> {
        let mut extra = self.paths.clone();
        if let Some(directory) = &self.directory {
            extra.extend(read(directory)?);
        }
        if extra == self.launch.extra {
            return Ok(false);
        }
        let launch = Launch { extra, ..self.launch.clone() };
        launch.clone().resolve()?;
        self.launch = launch;
        host.set_extra(self.launch.extra.clone());
        Ok(true)
    }
}
