//! What the commands that write a state say in the end.

use std::process::ExitCode;

use imds_account::transfer::Contents;
use serde::Serialize;

use crate::commands::json;
use crate::error::CommandError;
use crate::terminal;

/// What was written.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) records: usize,
    pub(super) sha256: String,
    /// How many records of hosts are not there: see `--host`.
    pub(super) left_out: usize,
    /// How many records this release cannot read.
    pub(super) unreadable: usize,
}

impl Report {
    pub(super) fn of(contents: &Contents, left_out: usize) -> Self {
        let (records, sha256) = (contents.len(), contents.digest());
        Self { records, sha256, left_out, unreadable: contents.unreadable() }
    }

    /// Prints it, as JSON or as a sentence with the number for `{}`.
    pub(super) fn print(&self, is_json: bool, sentence: &str) -> Result<ExitCode, CommandError> {
        let text = if is_json {
            json(self)?
        } else {
            let count = format!("{} records", self.records);
            let left_out = match self.left_out {
                0 => String::new(),
                count => format!(
                    "left out: {count} records of hosts, their default instances and links; --host NAME names \
                     the host whose come along\n"
                ),
            };
            let unreadable = match self.unreadable {
                0 => String::new(),
                count => {
                    format!(
                        "cannot be read by this release: {count} records; imds state check names them\n"
                    )
                }
            };
            format!("{}\n{left_out}{unreadable}", sentence.replacen("{}", &count, 1))
        };
        terminal::print(text)?;
        Ok(ExitCode::SUCCESS)
    }
}
