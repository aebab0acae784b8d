//! The artifacts of a release: `cargo xtask dist`. It runs without a network, from `Cargo.lock` and what
//! cargo has downloaded.
//!
//! The program is linked statically, so that one file runs on every Linux. Without musl's target it is glibc
//! that is linked: names of hosts are still looked up, by `/etc/hosts` and DNS.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use packaging::{Architecture, Build, Release};

use crate::command::{cargo, run};

/// Where the artifacts are.
const OUTPUT: &str = "target/dist";

/// Apart from other builds, because all is built with other flags.
const BUILD: &str = "target/dist-build";

/// The largest image, in bytes.
const LARGEST_IMAGE: u64 = 15_000_000;

/// A program to build, and its features.
const PROGRAMS: [(&str, &str); 2] =
    [("imds", "--features etcd"), ("imds-minimal", "--no-default-features")];

/// Builds everything.
pub(crate) fn run_all() -> Result<()> {
    let source = std::env::current_dir()?;
    let output = source.join(OUTPUT);
    if output.exists() {
        std::fs::remove_dir_all(&output)?;
    }
    std::fs::create_dir_all(&output)?;
    let time = time_of_commit()?;
    let triple = format!("{}-unknown-linux-gnu", Architecture::of_this_machine().name());
    let mut files = Vec::new();
    for (name, features) in PROGRAMS {
        let built = build(&triple, &source, features, time)?;
        let stripped = output.join(name);
        files.push(split_symbols(&built, &stripped)?);
        let components = components(&source, &triple, features, time)?;
        let release = Release::of(&stripped, &source, components, time)?;
        ensure!(release.name == name, "the program says of itself that it is {}", release.name);
        files.extend(packaging::write_all(&release, &output)?);
        std::fs::remove_file(stripped)?;
    }
    packaging::write_checksums(&output, &files)?;
    for file in files {
        let size = std::fs::metadata(&file)?.len();
        let is_image = file.to_string_lossy().ends_with(".oci.tar");
        ensure!(!is_image || size <= LARGEST_IMAGE, "{}: {size} bytes", file.display());
        println!("{:>11} {}", size, file.strip_prefix(&source).unwrap_or(&file).display());
    }
    Ok(())
}

/// The program, with its symbols.
fn build(triple: &str, source: &Path, features: &str, time: u64) -> Result<PathBuf> {
    let home = std::env::var("CARGO_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set")?;
    let source = source.display();
    // A static C library has no symbols to look `getrandom` up by at run time: it is linked instead. Paths of this
    // machine are no part of the program.
    let flags = format!(
        "-C target-feature=+crt-static --cfg getrandom_backend=\"linux_getrandom\" \
         --remap-path-prefix={home}=/cargo --remap-path-prefix={source}=/imds"
    );
    let c_flags = format!("-ffile-prefix-map={home}=/cargo -ffile-prefix-map={source}=/imds");
    let variable = format!("CARGO_TARGET_{}_RUSTFLAGS", triple.replace('-', "_").to_uppercase());
    let mut command = cargo(&format!(
        "build --offline --locked --profile dist --package imds --bin imds \
         --target {triple} --target-dir {BUILD} {features}"
    ));
    run(command
        .env(variable, flags)
        .env("CFLAGS", c_flags)
        .env("SOURCE_DATE_EPOCH", time.to_string()))?;
    Ok(Path::new(BUILD).join(triple).join("dist/imds"))
}

/// Writes the program without symbols, and those into a file beside it that debuggers find by the program's
/// name; returns the latter.
fn split_symbols(built: &Path, stripped: &Path) -> Result<PathBuf> {
    let name = stripped.file_name().context("a program has a name")?.to_string_lossy();
    let symbols =
        stripped.with_file_name(format!("{name}-{}.debug", Architecture::of_this_machine().name()));
    let objcopy = |arguments: &[&str], from: &Path, to: &Path| {
        run(Command::new("objcopy").args(arguments).arg(from).arg(to))
    };
    objcopy(&["--only-keep-debug", "--compress-debug-sections"], built, &symbols)?;
    objcopy(&["--strip-all"], built, stripped)?;
    let link = format!("--add-gnu-debuglink={}", symbols.display());
    run(Command::new("objcopy").arg(link).arg(stripped))?;
    Ok(symbols)
}

/// What is inside.
fn components(source: &Path, triple: &str, features: &str, time: u64) -> Result<Vec<u8>> {
    let output = |words: &str| -> Result<Vec<u8>> {
        let options =
            format!("--offline --locked --manifest-path crates/imds/Cargo.toml {features}");
        let output = cargo(&format!("{words} {options}")).output().context("cannot run cargo")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(output.stdout)
    };
    let tree =
        output(&format!("tree --target {triple} --prefix none --edges normal,no-proc-macro"))?;
    packaging::components(&Build {
        metadata: &output(&format!("metadata --format-version 1 --filter-platform {triple}"))?,
        tree: &String::from_utf8(tree)?,
        lock: &std::fs::read_to_string(source.join("Cargo.lock"))?,
        time,
    })
}

/// `SOURCE_DATE_EPOCH`, else the time of the commit, in seconds since 1970.
fn time_of_commit() -> Result<u64> {
    if let Ok(time) = std::env::var("SOURCE_DATE_EPOCH") {
        return time.parse().context("SOURCE_DATE_EPOCH is not a number of seconds");
    }
    let output =
        Command::new("git").args(["show", "--no-patch", "--format=%ct", "HEAD"]).output()?;
    let time = String::from_utf8(output.stdout)?;
    time.trim().parse().context("no commit: set SOURCE_DATE_EPOCH")
}
