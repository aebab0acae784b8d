//! `imds state reseal`.

use std::process::ExitCode;

use imds_kv::ResealError;
use serde::Serialize;

use super::place::Place;
use crate::commands::{json, printable};
use crate::error::{CommandError, Kind};
use crate::status_line::StatusLine;
use crate::terminal;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    resealed: usize,
    outdated: usize,
    unreadable: &'a [String],
}

pub(super) fn run(place: &Place, is_json: bool) -> Result<ExitCode, CommandError> {
    let line = StatusLine::start();
    let done = imds_kv::reseal(place.location(), |so_far| {
        line.show(|| format!("{} records", so_far.current + so_far.resealed));
    });
    drop(line);
    let done = done.map_err(|error| match error {
        ResealError::Kv(error) => place.cannot("seal", error),
        ResealError::Open(error) => Place::not_opened(error),
        error => CommandError::usage(error.to_string()),
    })?;
    if done.resealed + done.current + done.outdated + done.unreadable.len() == 0 {
        return Err(place.missing());
    }
    let text = if is_json {
        let (resealed, outdated) = (done.resealed, done.outdated);
        json(&Report { resealed, outdated, unreadable: &done.unreadable })?
    } else {
        let mut lines = vec![format!(
            "{} values sealed again, {} are sealed by the first key now",
            done.resealed, done.current
        )];
        if done.outdated > 0 {
            lines.push(format!(
                "{} were written with an older key meanwhile: a host has that one in its first line still",
                done.outdated
            ));
        }
        let unreadable = done.unreadable.iter();
        lines.extend(unreadable.map(|key| format!("none of the keys opens {}", printable(key))));
        lines.join("\n") + "\n"
    };
    terminal::print(text)?;
    let is_finished = done.outdated == 0 && done.unreadable.is_empty();
    Ok(ExitCode::from(if is_finished { 0 } else { Kind::Finding.exit_code() }))
}
