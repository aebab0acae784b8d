//! The project's figures, each measured beside a named peer in the same run.

mod bare_loop;
mod build;
mod client;
mod connection;
mod contender;
mod control;
mod exec;
mod idle;
mod instances;
mod latency;
mod links;
mod load;
mod measure;
mod migrate;
mod observed;
mod requests;
mod server;
mod start;
mod workers;

use std::path::Path;

use anyhow::Result;

use crate::command::{cargo, run as run_command};
use crate::install;
pub(crate) use bare_loop::serve as serve_bare_loop;
use measure::ROUNDS;

/// What ours is measured with and beside.
const PEERS: [install::Package; 4] =
    [("nginx", "nginx-light"), ("wrk", "wrk"), ("unshare", "util-linux"), ("rg", "ripgrep")];

/// A part's name, and what measures it.
type Part = (&'static str, fn() -> Result<()>);

/// What is measured.
pub(crate) const PARTS: [Part; 12] = [
    ("start", start::measure),
    ("requests", requests::measure),
    ("latency", latency::measure),
    ("workers", workers::measure),
    ("idle", idle::measure),
    ("observed", observed::measure),
    ("control", control::measure),
    ("scale", control::measure_many),
    ("exec", exec::measure),
    ("links", links::measure),
    ("migrate", migrate::measure),
    ("client", client::measure),
];

/// The figures of one part, or of all.
pub(crate) fn run(part: Option<&str>) -> Result<()> {
    install::debian(&PEERS)?;
    if measure::stated_program().is_none() {
        run_command(&mut cargo("build --release --package imds"))?;
    }
    measure::allow_many_files()?;
    println!("\nMedians of {ROUNDS} rounds; the subjects take turns.\n");
    for (name, measure) in PARTS {
        if part.is_none_or(|wanted| wanted == name) {
            measure()?;
        }
    }
    Ok(())
}

/// The build of `HEAD` beside that of `base`, which takes as long as both.
pub(crate) fn build(base: Option<&str>) -> Result<()> {
    install::debian(&PEERS)?;
    build::measure(base.unwrap_or(build::BEFORE))
}

/// Two programs beside each other that are built already.
pub(crate) fn compare(base: &str, new: &str) -> Result<()> {
    install::debian(&PEERS)?;
    build::compare(Path::new(base), Path::new(new))
}
