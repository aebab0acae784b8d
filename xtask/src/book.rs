//! `cargo xtask book`: the pages of `docs/` as a site with search, below `target/book`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::check;
use crate::command::{cargo, run};

/// What makes it; another version may name headings and files differently.
const VERSION: &str = "0.5.4";

const BOOK: &str = "target/book";

pub(crate) fn build() -> Result<()> {
    let broken = check::pages()?;
    if !broken.is_empty() {
        bail!("pages are broken:\n  {}", broken.join("\n  "));
    }
    let log = Command::new(mdbook()?).args(["build", "docs"]).output()?;
    let printed = String::from_utf8_lossy(&log.stderr);
    // It builds what it can, and says the rest in warnings.
    if !log.status.success() || printed.contains("WARN") || printed.contains("ERROR") {
        bail!("mdbook: {}: {printed}", log.status);
    }
    println!("open {BOOK}/index.html in a browser");
    Ok(())
}

/// The installed one, if it is of that version; else one below the target directory.
fn mdbook() -> Result<PathBuf> {
    let has_version = |program: &Path| {
        let output = Command::new(program).arg("--version").output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(VERSION))
    };
    let ours = Path::new("target/mdbook/bin/mdbook");
    if let Some(program) = [Path::new("mdbook"), ours].into_iter().find(|it| has_version(it)) {
        return Ok(program.to_owned());
    }
    run(&mut cargo(&format!(
        "install mdbook --version {VERSION} --locked --no-default-features --features search \
         --root target/mdbook"
    )))?;
    Ok(ours.to_owned())
}
