//! A client, as the table has it and as it is found.

use super::cost::{Loss, Tokens};
use super::embedded::{Embedded, Shown};
use super::version::Version;

/// An SDK or program: how to find it, and what a lost token costs it.
pub(super) struct Client {
    pub(super) name: &'static str,
    pub(super) mark: Mark,
    /// What a lost token costs its newest versions.
    pub(super) loss: Loss,
    /// What it costs older versions, oldest first.
    pub(super) before: &'static [Loss],
}

/// How to recognize a client.
pub(super) enum Mark {
    /// A Python package's metadata: `site-packages/NAME-VERSION.dist-info`.
    Python(&'static str),
    /// Version 2 of the AWS CLI, which has its own botocore: a package of the system's Python, or
    /// AWS's bundle, `aws-cli/v2/VERSION`.
    AwsCli,
    /// A package of Node.js: `node_modules/NAME/package.json`.
    Node(&'static str),
    /// A Ruby gem: `gems/NAME-VERSION`.
    Gem(&'static str),
    /// A PHP package, among those in `vendor/composer/installed.json`.
    Composer(&'static str),
    /// Part of a running program, or of a library that it has loaded.
    Embedded(Embedded),
    /// A library whose file name begins like this, loaded by a running program.
    Library(&'static str),
    /// A running program's name.
    Running(&'static str),
    /// A file.
    File(&'static str),
}

/// An SDK or program that was found on this machine.
#[derive(Clone, Debug)]
pub struct InstalledClient {
    /// Its name.
    pub name: &'static str,
    /// Its version, if the package or program says it.
    pub version: Option<Version>,
    /// The running program that it is part of, and the library in it: `python3 (libgdal.so.32)`.
    pub within: Option<String>,
    loss: &'static Loss,
}

impl InstalledClient {
    pub(super) fn part_of(self, program: Option<String>) -> Self {
        Self { within: program, ..self }
    }

    /// What a lost token costs it, as in "waits 1 s for each fetch of credentials, then fails (measured with
    /// 1.0)". `is_set` says whether an environment variable is set.
    pub fn cost(&self, tokens: Tokens, is_set: &dyn Fn(&str) -> bool) -> String {
        self.loss.says(tokens, is_set)
    }
}

impl Client {
    pub(super) fn of(&'static self, version: Option<Version>) -> InstalledClient {
        let loss = version.as_ref().map_or(&self.loss, |version| self.loss_since(version));
        InstalledClient { name: self.name, version, within: None, loss }
    }

    pub(super) fn shown(&'static self, shown: Shown) -> InstalledClient {
        match shown {
            Shown::Exactly(version) => self.of(Some(version)),
            Shown::AtLeast(version) => {
                InstalledClient { loss: self.loss_since(&version), ..self.of(None) }
            }
        }
    }

    fn loss_since(&'static self, version: &Version) -> &'static Loss {
        let is_since = |loss: &&Loss| Version::parse(loss.since).is_some_and(|it| it <= *version);
        let mut losses = std::iter::once(&self.loss).chain(self.before.iter().rev());
        // One that is older than all is like the oldest.
        losses.find(is_since).or(self.before.first()).unwrap_or(&self.loss)
    }
}

#[cfg(test)]
impl Mark {
    /// Where a client with this mark is looked for, as the documentation says it.
    pub(super) fn place(&self) -> &'static str {
        match self {
            Self::Python(_) => "Python packages",
            Self::AwsCli => "Python packages, AWS's bundle",
            Self::Node(_) => "Node.js packages",
            Self::Gem(_) => "Ruby gems",
            Self::Composer(_) => "PHP packages",
            Self::Embedded(_) => "running programs and their libraries",
            Self::Library(_) => "libraries of running programs",
            Self::Running(_) => "running programs",
            Self::File(_) => "files",
        }
    }
}
