//! The levels of rules: by default, by a file beside the code, by the command line.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use imds_migrate::{Level, Levels, Rule};
use serde::Deserialize;

use crate::error::{CommandError, Kind};
use crate::input_file::{self, MOST_SETTINGS};

/// Read where no file is named.
const FILE: &str = ".imds-migrate.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    rules: BTreeMap<Rule, Level>,
}

/// The levels that `file` sets, or the one in the working directory, and over them those of `flags`.
pub(crate) fn levels(file: Option<&Path>, flags: &Levels) -> Result<Levels, CommandError> {
    let path = file.unwrap_or(Path::new(FILE));
    let text = match input_file::read_text(path, MOST_SETTINGS) {
        Ok(text) => text,
        Err(error) if file.is_none() && error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => {
            let what = format!("cannot read {}", path.display());
            return Err(CommandError::new(Kind::Unavailable, what).caused_by(error));
        }
    };
    let config: Config = toml::from_str(&text)
        .map_err(|error| CommandError::usage(format!("{}: {error}", path.display())))?;
    let mut levels = Levels::default();
    config.rules.into_iter().for_each(|(rule, level)| levels.set(rule, level));
    Ok(levels.with(flags))
}
