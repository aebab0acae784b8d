//! The dependency rules: which crate may import which, and where sockets, files and `unsafe` may be.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::cargo;

/// Each crate of ours, and those of ours that it may import.
const MAY_IMPORT: [(&str, &[&str]); 10] = [
    ("imds-client", &[]),
    ("imds-core", &[]),
    ("imds-ec2", &[]),
    ("imds-linux", &[]),
    ("imds-migrate", &[]),
    ("imds-store", &["imds-core"]),
    ("imds", &["imds-client", "imds-core", "imds-ec2", "imds-linux", "imds-migrate", "imds-store"]),
    ("instruction-counts", &["imds-core", "imds-ec2", "imds-migrate"]),
    ("testkit", &["imds-linux"]),
    ("xtask", &[]),
];

/// Crates that only compute: no sockets, no files, no clock, no runtime.
const PURE: [(&str, &str); 2] = [("imds-core", "crates/core/src"), ("imds-ec2", "crates/ec2/src")];
const IMPURE: [&str; 7] = [
    "std::net::Tcp",
    "std::net::Udp",
    "std::fs",
    "std::io::stdin",
    "SystemTime",
    "Instant::",
    "tokio",
];

/// Ours that only tests may import, where a crate may not.
const FOR_TESTS: [&str; 2] = ["testkit", "imds-linux"];

/// The only sources that may say `unsafe`.
const UNSAFE_HOMES: [&str; 2] = ["crates/linux/src", "crates/client/src/socket.rs"];

/// Fails with every rule that is broken.
pub(crate) fn check() -> Result<()> {
    let mut broken = Vec::new();
    let output = cargo("metadata --no-deps --format-version 1").output()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    let ours: Vec<_> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(known, _)| *known == name) else {
            broken.push(format!("{name}: say in xtask/src/architecture.rs what it may import"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let imported = dependency["name"].as_str().unwrap_or_default();
            let is_dev = dependency["kind"] == "dev" && FOR_TESTS.contains(&imported);
            if ours.contains(&imported) && !allowed.contains(&imported) && !is_dev {
                broken.push(format!("{name} may not import {imported}"));
            }
        }
    }
    let root = Path::new(metadata["workspace_root"].as_str().context("no workspace root")?);
    for (name, sources) in PURE {
        each_line(&root.join(sources), &mut |place, line| {
            if let Some(word) = IMPURE.iter().find(|word| line.contains(**word)) {
                broken.push(format!("{place}: {name} is pure and may not use {word}"));
            }
        })?;
    }
    for sources in ["crates", "xtask"] {
        each_line(&root.join(sources), &mut |place, line| {
            let is_unsafe = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"]
                .iter()
                .any(|word| line.contains(word) && !line.contains(&format!("\"{word}")));
            if is_unsafe && !UNSAFE_HOMES.iter().any(|home| place.contains(home)) {
                broken.push(format!("{place}: `unsafe` lives only in {UNSAFE_HOMES:?}"));
            }
        })?;
    }
    if !broken.is_empty() {
        bail!("the dependency rules are broken:\n  {}", broken.join("\n  "));
    }
    println!("dependency rules: {} crates, none broken", ours.len());
    Ok(())
}

/// Calls `see` with place and text of every line of Rust below `directory` that is no comment.
fn each_line(directory: &Path, see: &mut impl FnMut(&str, &str)) -> Result<()> {
    let entries = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            each_line(&path, see)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            for (index, line) in fs::read_to_string(&path)?.lines().enumerate() {
                if !line.trim_start().starts_with("//") {
                    see(&format!("{}:{}", path.display(), index + 1), line);
                }
            }
        }
    }
    Ok(())
}
