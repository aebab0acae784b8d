//! `crates/ec2/src/types.rs` from the API model in `crates/ec2/model`.

mod emit;
mod model;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use anyhow::{Context as _, Result, bail};

use model::Model;

/// Writes the types.
pub(crate) fn run() -> Result<()> {
    fs::write(in_ec2("src/types.rs"), generated()?)?;
    Ok(())
}

/// Fails unless the types are what the model makes of them.
pub(crate) fn check() -> Result<()> {
    if fs::read_to_string(in_ec2("src/types.rs"))? != generated()? {
        bail!("crates/ec2/src/types.rs is not what the model says; run `cargo xtask codegen`");
    }
    println!("generated types: as the model says");
    Ok(())
}

/// Makes `model/ec2.json` from a whole `service-2.json` on standard input: the operations that
/// `model/operations.txt` names, and what they reach.
pub(crate) fn trim() -> Result<()> {
    let whole: Model = serde_json::from_reader(io::stdin().lock()).context("the whole model")?;
    let wanted = fs::read_to_string(in_ec2("model/operations.txt"))?;
    let trimmed = whole.trimmed(wanted.lines())?;
    fs::write(in_ec2("model/ec2.json"), serde_json::to_string_pretty(&trimmed)? + "\n")?;
    Ok(())
}

fn generated() -> Result<String> {
    let text = fs::read_to_string(in_ec2("model/ec2.json"))?;
    let model: Model = serde_json::from_str(&text).context("model/ec2.json")?;
    rustfmt(&emit::types(&model)?)
}

fn rustfmt(source: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(in_ec2("../../rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run rustfmt")?;
    // Dropped at the end of the statement, which is how rustfmt learns that this is all.
    rustfmt.stdin.take().context("rustfmt has no input")?.write_all(source.as_bytes())?;
    let output = rustfmt.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refuses what was generated");
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn in_ec2(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/ec2").join(path)
}
