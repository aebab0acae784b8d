//! `cargo xtask check`: the architecture's rules, and what is published.

mod dependencies;
mod documents;
mod edges;
mod effects;
#[cfg(test)]
mod fixture;
mod graph;
mod includes;
mod language;
mod manifests;
mod markdown;
mod mentions;
mod pages;
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

const RULES: [Rule; 13] = [
    ("imports between crates", edges::between_crates),
    ("layers inside a crate", edges::inside_crates),
    ("circles of files", edges::circles),
    ("effects", effects::used),
    ("unsafe", effects::unsafe_code),
    ("length", size::too_long),
    ("included files", includes::outside_package),
    ("manifests", manifests::incomplete),
    ("language", language::too_new),
    ("tests in SECURITY.md", documents::untested),
    ("links between pages", pages::dead_links),
    ("translations", pages::out_of_step),
    ("pages of the book", pages::outside_book),
];

/// Fails with everything that breaks a rule.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    let mut results: Vec<_> = RULES.iter().map(|(name, rule)| (*name, rule(&workspace))).collect();
    results.push(("dependencies", dependencies::refused(&workspace.root)?));
    for (name, broken) in &results {
        match broken.len() {
            0 => println!("{name}: ok"),
            many => println!("{name}: {many} broken\n  {}", broken.join("\n  ")),
        }
    }
    let count: usize = results.iter().map(|(_, broken)| broken.len()).sum();
    if count > 0 {
        bail!("rules are broken in {count} places; CONTRIBUTING.md says what they are");
    }
    Ok(())
}

/// What is broken about the pages of documentation.
pub(crate) fn pages() -> Result<Vec<String>> {
    let workspace = Workspace::read(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    Ok([pages::dead_links, pages::outside_book].iter().flat_map(|rule| rule(&workspace)).collect())
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
