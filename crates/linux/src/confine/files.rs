//! Landlock: which files, and which TCP connections.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};

use crate::Error;

/// The newest Landlock whose restrictions are asked for; an older kernel enforces what it knows.
const NEWEST: ABI = ABI::V9;

/// What may be done with a file, or with all below a directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Read files, and list directories.
    Read,
    /// That, and make, write, rename and remove regular files.
    Write,
}

/// The files that a thread may use from now on.
#[derive(Clone, Debug, Default)]
pub struct Files {
    allowed: Vec<(PathBuf, Access)>,
}

/// How much of it the kernel enforces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Enforced {
    /// All that is asked for.
    Fully,
    /// What this version of the kernel's Landlock knows.
    Partially(u32),
    /// Nothing: the kernel has no Landlock, or it is turned off.
    Nothing,
}

impl Files {
    /// Allows the file or directory at `path`, and all below it. One that does not exist is not allowed.
    #[must_use]
    pub fn allow(mut self, path: &Path, access: Access) -> Self {
        self.allowed.push((path.to_owned(), access));
        self
    }

    /// Allows a file that others may replace, by the directory that it is in, and that of the file that a
    /// symbolic link leads to. A device, a pipe, or what is in the root directory is allowed by itself.
    #[must_use]
    pub fn allow_replaced(mut self, path: &Path, access: Access) -> Self {
        let target = fs::canonicalize(path).ok();
        for path in [Some(path), target.as_deref()].into_iter().flatten() {
            let is_special = fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir());
            let parent = path.parent().filter(|parent| parent.parent().is_some() && !is_special);
            let parent = match parent {
                Some(parent) => parent,
                None if path.components().count() == 1 && !is_special => Path::new("."),
                None => path,
            };
            self = self.allow(parent, access);
        }
        self
    }

    /// From now on the calling thread, and those that it starts, use these files alone, connect to no Unix
    /// socket, and send no signal to other processes. Unless it `connects`, it neither makes TCP connections
    /// nor binds TCP sockets. What is open stays usable. Cannot be undone.
    pub fn restrict(self, connects: bool) -> Result<Enforced, Error> {
        self.enforce(connects).map_err(|error| Error::Process {
            operation: "restrict the use of files",
            source: io::Error::other(error),
        })
    }

    fn enforce(self, connects: bool) -> Result<Enforced, RulesetError> {
        let mut rules = Ruleset::default().handle_access(AccessFs::from_all(NEWEST))?;
        if !connects {
            rules = rules.handle_access(AccessNet::BindTcp | AccessNet::ConnectTcp)?;
        }
        let mut rules = rules.scope(Scope::from_all(NEWEST))?.create()?;
        for (path, access) in self.allowed {
            let Ok(place) = PathFd::new(&path) else { continue };
            let is_directory = fs::metadata(&path).is_ok_and(|it| it.is_dir());
            rules = rules.add_rule(PathBeneath::new(place, access.rights(is_directory)))?;
        }
        let status = rules.restrict_self()?;
        Ok(match (status.ruleset, status.landlock) {
            (RulesetStatus::FullyEnforced, _) => Enforced::Fully,
            (RulesetStatus::PartiallyEnforced, LandlockStatus::Available { effective_abi, .. }) => {
                Enforced::Partially(effective_abi as u32)
            }
            _ => Enforced::Nothing,
        })
    }
}

impl Access {
    fn rights(self, is_directory: bool) -> BitFlags<AccessFs> {
        let of_files = match self {
            Self::Read => AccessFs::ReadFile.into(),
            Self::Write => AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate,
        };
        let of_directories = match self {
            Self::Read => AccessFs::ReadDir.into(),
            Self::Write => AccessFs::ReadDir | AccessFs::MakeReg | AccessFs::RemoveFile,
        };
        if is_directory { of_files | of_directories } else { of_files }
    }
}
