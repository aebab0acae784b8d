//! One file per subcommand.

pub(crate) mod access_key;
pub(crate) mod cni;
pub(crate) mod completions;
pub(crate) mod console;
pub(crate) mod doctor;
pub(crate) mod env;
pub(crate) mod event;
pub(crate) mod exec;
pub(crate) mod fault;
pub(crate) mod get;
pub(crate) mod identity;
pub(crate) mod instance;
pub(crate) mod link;
pub(crate) mod man;
#[cfg(feature = "migrate")]
pub(crate) mod migrate;
pub(crate) mod netavark;
pub(crate) mod paths;
pub(crate) mod serve;
pub(crate) mod settings;
pub(crate) mod state;

use std::io;

use imds_core::placement::Region;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use serde::Serialize;

use crate::cli::StateArgs;
use crate::control_client::ControlClient;
use crate::error::{CommandError, Kind};
use crate::sdk_settings::SdkSettings;

fn cannot_start(error: io::Error) -> CommandError {
    CommandError::new(Kind::Unavailable, "cannot start the service").caused_by(error)
}

/// Forbids core dumps, which would hold keys and credentials, and that other processes of this user read
/// this one's memory. Where it fails, all else is as safe as before.
fn keep_memory_private() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Asks the EC2 API that is meant: the one of `state`, else of the environment, else of the usual
/// state.
fn control_client(
    state: &StateArgs,
    region: Option<Region>,
) -> Result<ControlClient, CommandError> {
    let inherited = state.state.is_none().then(SdkSettings::of_environment).flatten();
    let mut settings = inherited.map_or_else(|| SdkSettings::of_running(state), Ok)?;
    settings.region = region.unwrap_or(settings.region);
    ControlClient::new(&settings)
}

/// What a program reads, with a line of its own at the end.
fn json(value: &impl Serialize) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| CommandError::new(Kind::Bug, "cannot write JSON").caused_by(error))?;
    Ok(text + "\n")
}

/// The text with control characters escaped, so that a terminal shows them.
fn printable(text: &str) -> String {
    text.chars().fold(String::new(), |mut shown, one| {
        // U+2028 and so on: some terminals and editors break lines there, or reverse what follows.
        let is_obeyed = one.is_control()
            || matches!(one, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if is_obeyed { shown.extend(one.escape_default()) } else { shown.push(one) }
        shown
    })
}

/// Columns as wide as what is in them. Characters that a terminal obeys are escaped: anybody may set tags.
fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| printable(cell))).collect();
    let lines = || std::iter::once(&head).chain(&rows);
    let width = |column: usize| lines().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |cells: &[String; N]| {
        let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    lines().map(line).collect()
}
