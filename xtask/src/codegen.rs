//! Code from AWS's data: `types.rs` and `instance_types.rs` in `crates/ec2/src` from the API model in
//! `crates/ec2/model`, and `crates/core/src/placement/partitions.rs` from `crates/core/model`.

mod emit;
mod model;
mod parameters;
mod partitions;
mod values;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use anyhow::{Context as _, Result, bail};

use model::Model;
use parameters::Classified;
use partitions::Partitions;

/// A file below `crates`, and what makes it.
type Generated = (&'static str, fn() -> Result<String>);

/// The generated files.
const FILES: [Generated; 7] = [
    ("ec2/src/types.rs", types),
    ("ec2/src/instance_types.rs", instance_types),
    ("ec2/src/parameters/refused.rs", refused_parameters),
    ("ec2/src/parameters/values.rs", parameter_values),
    ("control/tests/parameters/table.txt", parameter_table),
    ("../docs/parameters.md", parameter_page),
    ("core/src/placement/partitions.rs", partitions),
];

/// Writes the generated files.
pub(crate) fn run() -> Result<()> {
    for (file, generated) in FILES {
        fs::write(in_crates(file), formatted(file, &generated()?)?)?;
    }
    Ok(())
}

/// Fails unless the files are what the models make of them.
pub(crate) fn check() -> Result<()> {
    for (file, generated) in FILES {
        if fs::read_to_string(in_crates(file))? != formatted(file, &generated()?)? {
            bail!("crates/{file} is not what its model says; run `cargo xtask codegen`");
        }
    }
    println!("generated files: as the models say");
    Ok(())
}

/// Makes `model/ec2.json` from a whole `service-2.json` on standard input: the operations that
/// `model/operations.txt` names, and what they reach.
pub(crate) fn trim() -> Result<()> {
    let whole: Model = serde_json::from_reader(io::stdin().lock()).context("the whole model")?;
    let wanted = fs::read_to_string(in_crates("ec2/model/operations.txt"))?;
    let trimmed = whole.trimmed(wanted.lines())?;
    let text = serde_json::to_string_pretty(&trimmed)? + "\n";
    fs::write(in_crates("ec2/model/ec2.json"), text)?;
    Ok(())
}

/// Makes `crates/core/model/partitions.json` from a whole `partitions.json` on standard input.
pub(crate) fn trim_partitions() -> Result<()> {
    let whole: Partitions = serde_json::from_reader(io::stdin().lock()).context("partitions")?;
    let text = serde_json::to_string_pretty(&whole)? + "\n";
    fs::write(in_crates("core/model/partitions.json"), text)?;
    Ok(())
}

fn types() -> Result<String> {
    emit::types(&model()?)
}

fn instance_types() -> Result<String> {
    emit::instance_types(&model()?)
}

fn refused_parameters() -> Result<String> {
    let (model, classes, values) = sources()?;
    Classified::new(&model, &classes, &values)?.refused()
}

fn parameter_values() -> Result<String> {
    let (model, classes, values) = sources()?;
    Classified::new(&model, &classes, &values)?.values()
}

fn parameter_table() -> Result<String> {
    let (model, classes, values) = sources()?;
    Classified::new(&model, &classes, &values)?.table()
}

fn parameter_page() -> Result<String> {
    let (model, classes, values) = sources()?;
    Classified::new(&model, &classes, &values)?.page()
}

/// The model, the classes of its parameters, and further values of them.
fn sources() -> Result<(Model, String, String)> {
    let read = |file| fs::read_to_string(in_crates(file)).context(file);
    Ok((model()?, read("ec2/model/parameters.txt")?, read("ec2/model/values.txt")?))
}

fn model() -> Result<Model> {
    let text = fs::read_to_string(in_crates("ec2/model/ec2.json"))?;
    serde_json::from_str(&text).context("ec2/model/ec2.json")
}

fn partitions() -> Result<String> {
    let text = fs::read_to_string(in_crates("core/model/partitions.json"))?;
    let all: Partitions = serde_json::from_str(&text).context("core/model/partitions.json")?;
    all.table()
}

/// Rust as rustfmt has it, and all else as it is.
fn formatted(file: &str, text: &str) -> Result<String> {
    if Path::new(file).extension().is_some_and(|it| it == "rs") {
        rustfmt(text)
    } else {
        Ok(text.to_owned())
    }
}

fn rustfmt(source: &str) -> Result<String> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(in_crates("../rustfmt.toml"))
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

fn in_crates(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(path)
}
