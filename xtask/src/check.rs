//! `cargo xtask check`: the architecture's rules, and what is published.

mod edges;
mod effects;
#[cfg(test)]
mod fixture;
mod graph;
mod includes;
mod manifests;
mod mentions;
mod report;
mod resolve;
mod size;
mod source;
mod workspace;

use std::path::Path;

use anyhow::{Result, bail};

use report::Report;
use workspace::Workspace;

/// A rule: what it is called, and what it finds broken.
type Rule = (&'static str, fn(&Workspace) -> Vec<String>);

const RULES: [Rule; 8] = [
    ("imports between crates", edges::between_crates),
    ("layers inside a crate", edges::inside_crates),
    ("circles of files", edges::circles),
    ("effects", effects::used),
    ("unsafe", effects::unsafe_code),
    ("length", size::too_long),
    ("included files", includes::outside_package),
    ("manifests", manifests::incomplete),
];

/// Fails with everything that breaks a rule.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    let mut count = 0;
    for (name, rule) in RULES {
        let broken = rule(&workspace);
        match broken.len() {
            0 => println!("{name}: ok"),
            many => println!("{name}: {many} broken\n  {}", broken.join("\n  ")),
        }
        count += broken.len();
    }
    if count > 0 {
        bail!("{count} times a rule is broken");
    }
    Ok(())
}

/// Prints the structure in numbers, as a table or as JSON. Judges nothing.
pub(crate) fn report(as_json: bool) -> Result<()> {
    let report = Report::new(&Workspace::read(Path::new(env!("CARGO_MANIFEST_DIR")))?);
    if as_json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.table());
    }
    Ok(())
}
