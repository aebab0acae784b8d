//! `imds state`: a whole state as one thing.

mod arrival;
mod check;
mod draft;
mod export;
mod place;
mod report;
mod reseal;

use std::process::ExitCode;

use imds_account::transfer::{Contents, check_whole, moved_to};

use super::{json, keep_memory_private};
use crate::cli::{ArrivalArgs, StateCommand, StateToolArgs};
use crate::error::CommandError;
use crate::terminal;
use place::Place;
use report::Report;

pub(crate) fn run(args: &StateToolArgs) -> Result<ExitCode, CommandError> {
    keep_memory_private();
    match &args.command {
        StateCommand::Export { file, place } => {
            let place = Place::resolve(place.state.as_deref())?;
            let (contents, text) = export::export(&place, file)?;
            let report = Report::of(&contents, 0);
            let text = if args.json { json(&report)? } else { text };
            // Standard output has the file then.
            if file.as_os_str() == "-" {
                terminal::note(text.trim_end());
            } else {
                terminal::print(text)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        StateCommand::Import { file, place, arrival } => {
            let place = Place::resolve(place.state.as_deref())?;
            let report = arrival::import(file, &place, arrival)?;
            report.print(args.json, &format!("imported {{}} to {}", place.name()))
        }
        StateCommand::Move { from, to, arrival } => {
            let (from, to) = (Place::parse(from)?, Place::parse(to)?);
            let report = relocate(&from, &to, arrival)?;
            report.print(args.json, &format!("moved {{}} from {} to {}", from.name(), to.name()))
        }
        StateCommand::Check { place } => {
            check::run(&Place::resolve(place.state.as_deref())?, args.json)
        }
        StateCommand::Reseal { place } => {
            reseal::run(&Place::resolve(place.state.as_deref())?, args.json)
        }
    }
}

/// Moves a state: what was there is marked once the copy was compared, and before the copy can be used.
fn relocate(from: &Place, to: &Place, arrival: &ArrivalArgs) -> Result<Report, CommandError> {
    if from == to {
        return Err(CommandError::usage(format!("{} is both FROM and TO", from.name()))
            .hint("name another place for TO, where no state is"));
    }
    let kv = from.open_alone()?;
    let cannot = |error| from.cannot("read", error);
    let earlier = moved_to(&*kv).map_err(cannot)?;
    if let Some(earlier) = earlier.filter(|earlier| !(arrival.restart && *earlier == to.name())) {
        return Err(CommandError::usage(format!("{} was moved to {earlier} already", from.name()))
            .hint("imds state export FILE writes what it had then"));
    }
    let listing = from.existing(kv.list("").map_err(cannot)?)?;
    check_whole(&listing).map_err(|error| from.refused(&error))?;
    let mut contents = Contents::of(listing).map_err(|error| from.refused(&error))?;
    from.add_identity_keys(&mut contents)?;
    arrival::arrive(contents, from.layout(), &from.name(), to, arrival, Some(&*kv))
}
