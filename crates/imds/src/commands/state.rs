//! `imds state`: a whole state as one thing.

mod arrival;
mod check;
mod export;
mod place;
mod progress;

use std::path::Path;
use std::process::ExitCode;

use imds_account::transfer::{Contents, check_whole, moved_to};
use imds_kv::ResealError;
use serde::Serialize;

use super::{json, keep_memory_private};
use crate::cli::{ArrivalArgs, StateCommand, StateToolArgs};
use crate::error::{CommandError, Kind};
use crate::state::open_error_kind;
use crate::terminal;
use place::Place;
use progress::Progress;

pub(crate) fn run(args: &StateToolArgs) -> Result<ExitCode, CommandError> {
    keep_memory_private();
    match &args.command {
        StateCommand::Export { file, place } => {
            let place = Place::resolve(place.state.as_deref())?;
            let (contents, text) = export::export(&place, file)?;
            let report = Report { records: contents.len(), sha256: contents.digest(), left_out: 0 };
            let text = if args.json { json(&report)? } else { text };
            // Standard output has the file then.
            if file.as_os_str() == "-" {
                terminal::note(text.trim_end())
            } else {
                terminal::print(text)?
            }
            Ok(ExitCode::SUCCESS)
        }
        StateCommand::Import { file, place, arrival } => {
            let place = Place::resolve(place.state.as_deref())?;
            let report = arrival::import(file, &place, arrival)?;
            say(&report, args.json, &format!("imported {{}} to {}", place.name()))
        }
        StateCommand::Move { from, to, arrival } => {
            let (from, to) = (Place::parse(from)?, Place::parse(to)?);
            let report = relocate(&from, &to, arrival)?;
            say(&report, args.json, &format!("moved {{}} from {} to {}", from.name(), to.name()))
        }
        StateCommand::Check { place } => {
            check::run(&Place::resolve(place.state.as_deref())?, args.json)
        }
        StateCommand::Reseal { place } => {
            reseal(&Place::resolve(place.state.as_deref())?, args.json)
        }
    }
}

/// What was written.
#[derive(Serialize)]
struct Report {
    records: usize,
    sha256: String,
    /// How many records of hosts are not there: see `--host`.
    left_out: usize,
}

fn say(report: &Report, is_json: bool, sentence: &str) -> Result<ExitCode, CommandError> {
    let text = if is_json {
        json(report)?
    } else {
        let count = format!("{} records", report.records);
        let left_out = match report.left_out {
            0 => String::new(),
            count => format!(
                "left out: {count} records of hosts, their default instances and links; --host NAME names \
                 the host whose come along\n"
            ),
        };
        format!("{}\n{left_out}", sentence.replacen("{}", &count, 1))
    };
    terminal::print(text)?;
    Ok(ExitCode::SUCCESS)
}

/// Moves a state: what was there is marked once the copy was compared, and before the copy can be used.
fn relocate(from: &Place, to: &Place, arrival: &ArrivalArgs) -> Result<Report, CommandError> {
    if from == to {
        return Err(CommandError::usage("the state is there already"));
    }
    let kv = from.open_alone()?;
    let cannot = |error| from.cannot("read", error);
    let earlier = moved_to(&*kv).map_err(cannot)?;
    if let Some(earlier) = earlier.filter(|earlier| !(arrival.restart && *earlier == to.name())) {
        return Err(CommandError::usage(format!("{} was moved to {earlier} already", from.name()))
            .hint("imds state export FILE writes what it had then"));
    }
    let listing = kv.list("").map_err(cannot)?;
    check_whole(&listing).map_err(|error| from.refused(&error))?;
    let mut contents = Contents::of(listing).map_err(|error| from.refused(&error))?;
    from.add_identity_keys(&mut contents)?;
    arrival::arrive(contents, from.layout(), &from.name(), to, arrival, Some(&*kv))
}

/// What `imds state reseal --json` prints.
#[derive(Serialize)]
struct ResealReport<'a> {
    resealed: usize,
    outdated: usize,
    unreadable: &'a [String],
}

fn reseal(place: &Place, is_json: bool) -> Result<ExitCode, CommandError> {
    let mut progress = Progress::start();
    let done = imds_kv::reseal(place.location(), |so_far| {
        progress.show(so_far.current + so_far.resealed, None);
    });
    progress.end();
    let done = done.map_err(|error| match error {
        ResealError::Kv(error) => place.cannot("seal", error),
        ResealError::Open(error) => {
            CommandError::new(open_error_kind(&error), "cannot seal the state again")
                .caused_by(error)
        }
        error => CommandError::usage(error.to_string()),
    })?;
    let is_finished = done.outdated == 0 && done.unreadable.is_empty();
    let report = ResealReport {
        resealed: done.resealed,
        outdated: done.outdated,
        unreadable: &done.unreadable,
    };
    let text = if is_json {
        json(&report)?
    } else {
        let mut text = format!(
            "{} values sealed again, {} by the first key now\n",
            done.resealed,
            done.current + if is_finished { 0 } else { done.resealed.min(done.outdated) }
        );
        if done.outdated > 0 {
            text += &format!(
                "{} values were written with an older key meanwhile: a host has it in its first line still\n",
                done.outdated
            );
        }
        for key in &done.unreadable {
            text += &format!("none of the keys opens {}\n", super::printable(key));
        }
        text
    };
    terminal::print(text)?;
    Ok(ExitCode::from(if is_finished { 0 } else { Kind::Finding.exit_code() }))
}

/// As errors name a file that may be standard input or output.
fn file_name(path: &Path) -> String {
    if path.as_os_str() == "-" { "-".to_owned() } else { path.display().to_string() }
}
