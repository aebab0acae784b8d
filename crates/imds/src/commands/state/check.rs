//! `imds state check`.

use std::process::ExitCode;

use imds_account::keys::kinds;
use imds_account::transfer::check_listing;
use imds_identity::backup;
use serde::Serialize;

use super::place::Place;
use crate::commands::{json, printable};
use crate::error::{CommandError, Kind};
use crate::terminal;

/// What was found. No value is shown.
#[derive(Serialize)]
struct Findings {
    /// How many records can be read.
    readable: usize,
    unreadable: Vec<Unreadable>,
    /// Keys that this release does not know: a later one wrote them.
    unknown: Vec<String>,
    /// Why the state as a whole is refused.
    refused: Option<String>,
}

#[derive(Serialize)]
struct Unreadable {
    key: String,
    reason: String,
}

pub(super) fn run(place: &Place, is_json: bool) -> Result<ExitCode, CommandError> {
    let findings = findings(place)?;
    terminal::print(if is_json { json(&findings)? } else { text(place, &findings) })?;
    let is_sound = findings.unreadable.is_empty() && findings.refused.is_none();
    Ok(ExitCode::from(if is_sound { 0 } else { Kind::Finding.exit_code() }))
}

fn findings(place: &Place) -> Result<Findings, CommandError> {
    let listing = place.list()?;
    let refused = check_listing(&listing).err().map(|error| error.to_string());
    let damaged = listing.unreadable.into_iter();
    let mut unreadable: Vec<_> =
        damaged.map(|entry| Unreadable { key: entry.key, reason: entry.reason }).collect();
    let (mut readable, mut unknown) = (0, Vec::new());
    for entry in listing.entries {
        match kinds::check(&entry.key, &entry.value) {
            Some(Ok(())) => readable += 1,
            Some(Err(error)) => {
                let reason = CommandError::usage(String::new()).caused_by(error).message();
                let reason = reason.trim_start_matches(": ").to_owned();
                unreadable.push(Unreadable { key: entry.key, reason });
            }
            // Another release may have running processes write other things.
            None if kinds::is_transient(&entry.key) => readable += 1,
            None => unknown.push(entry.key),
        }
    }
    if let Some(directory) = place.identity_directory() {
        match backup::texts(directory) {
            Ok(texts) => readable += texts.len(),
            Err(error) => unreadable.push(Unreadable {
                key: directory.join("identity-*.pem").display().to_string(),
                reason: error.to_string(),
            }),
        }
    }
    unreadable.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(Findings { readable, unreadable, unknown, refused })
}

fn text(place: &Place, findings: &Findings) -> String {
    let Findings { readable, unreadable, unknown, refused } = findings;
    let mut lines = vec![format!("{readable} records of {} can be read", place.name())];
    lines.extend(refused.iter().map(|why| format!("the state is refused: {why}")));
    lines.extend(unreadable.iter().map(|Unreadable { key, reason }| {
        format!("cannot be read: {}: {}", printable(key), printable(reason))
    }));
    let known = |key: &String| format!("not known to this release: {}", printable(key));
    lines.extend(unknown.iter().map(known));
    lines.join("\n") + "\n"
}
