//! What can be set of logs: which messages, where, in which form.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::ValueEnum;
use serde::Deserialize;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::words::LEVELS;
use crate::error::CommandError;

/// The environment variable that says which messages are logged. Not `RUST_LOG`: that one is for the
/// program that `imds exec` runs.
const LOG_VARIABLE: &str = "IMDS_LOG";

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// One line of text
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// Which messages are logged: a level, and levels of modules, such as `info,imds::serve=debug`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LogFilter(Targets);

/// Where the access log goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Destination {
    Stderr,
    Off,
    File(PathBuf),
}

impl LogFilter {
    /// The filter of the flag, else of the environment, else of the file, else `info`.
    pub(crate) fn resolve(flag: Option<&Self>, file: Option<&Self>) -> Result<Self, CommandError> {
        if let Some(filter) = flag {
            return Ok(filter.clone());
        }
        match std::env::var_os(LOG_VARIABLE).filter(|value| !value.is_empty()) {
            Some(value) => value.to_string_lossy().parse().map_err(|error| {
                CommandError::usage(format!("the environment variable {LOG_VARIABLE}: {error}"))
            }),
            None => Ok(file.cloned().unwrap_or_default()),
        }
    }

    /// The filter as `tracing` takes it.
    pub(crate) fn targets(&self) -> Targets {
        self.0.clone()
    }

    /// Whether a reader needs to see which module a message is of.
    pub(crate) fn is_detailed(&self) -> bool {
        self.0.iter().next().is_some() || self.0.default_level() > Some(LevelFilter::INFO)
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self(Targets::new().with_default(LevelFilter::INFO))
    }
}

impl FromStr for LogFilter {
    type Err = String;

    /// As `Targets` does, but a word that is neither a level nor a module with one is refused: it
    /// would be taken for a module of that name, and nothing would be logged.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut targets = Targets::new();
        for directive in text.split(',').map(str::trim) {
            let (module, level) = match directive.split_once('=') {
                Some((module, level)) => (Some(module.trim()), level.trim()),
                None => (None, directive),
            };
            let level = level_of(level).ok_or_else(|| not_a_level(level))?;
            targets = match module {
                None => targets.with_default(level),
                Some(module) if is_module(module) => targets.with_target(module, level),
                Some(module) => return Err(format!("{module:?} is not the path of a module")),
            };
        }
        Ok(Self(targets))
    }
}

/// A level by its name. `tracing` also takes numbers, and nothing at all for `error`.
fn level_of(name: &str) -> Option<LevelFilter> {
    let is_level = LEVELS.iter().any(|level| level.eq_ignore_ascii_case(name));
    name.parse().ok().filter(|_| is_level)
}

fn not_a_level(text: &str) -> String {
    format!(
        "{text:?} is not a level: write off, error, warn, info, debug or trace; \
         levels of modules follow after commas, such as info,imds::serve=debug"
    )
}

fn is_module(path: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    path.split("::").all(is_name)
}

impl Destination {
    pub(crate) fn parse(text: &Path) -> Self {
        match text.to_str() {
            Some("stderr" | "-") => Self::Stderr,
            Some("off") => Self::Off,
            _ => Self::File(text.to_owned()),
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stderr => f.write_str("standard error"),
            Self::Off => f.write_str("off"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn a_filter_has_a_level_and_levels_of_modules() {
        let filter: LogFilter = "warn, imds::serve=debug,hyper=off".parse().unwrap();
        let targets = filter.targets();
        assert!(targets.would_enable("imds::serve::send", &Level::DEBUG));
        assert!(!targets.would_enable("imds::agent", &Level::INFO));
        assert!(!targets.would_enable("hyper::proto", &Level::ERROR));
        assert!(filter.is_detailed());
        let filter: LogFilter = "INFO".parse().unwrap();
        assert!(!filter.is_detailed());
        assert!(filter.targets().would_enable("imds::agent", &Level::INFO));
        let filter: LogFilter = "imds=trace".parse().unwrap();
        assert!(!filter.targets().would_enable("hyper", &Level::ERROR), "as env_logger has it");
    }

    #[test]
    fn mistakes_in_a_filter_are_named() {
        for (text, words) in [
            ("inof", "\"inof\" is not a level: write off, error"),
            ("", "\"\" is not a level"),
            ("info,", "\"\" is not a level"),
            ("3", "\"3\" is not a level"),
            ("imds::serve", "is not a level"),
            ("imds=loud", "\"loud\" is not a level"),
            ("[span]=debug", "\"[span]\" is not the path of a module"),
            ("=debug", "\"\" is not the path of a module"),
        ] {
            let error = text.parse::<LogFilter>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
