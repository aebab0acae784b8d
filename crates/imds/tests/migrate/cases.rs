//! The cases of `imds-migrate`, and what `cases.toml` says about running them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use imds_migrate::{Finding, apply, scan};
use serde::Deserialize;
use testkit::{Context as _, Result};

/// One case: a file, and the same file rewritten.
pub(crate) struct Case {
    /// As in `shell/plain`.
    pub(crate) name: String,
    /// The file's name, without folder.
    pub(crate) file: String,
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
    pub(crate) findings: Vec<Finding>,
    /// The findings that the rewritten file still has.
    pub(crate) left: Vec<Finding>,
}

impl Case {
    fn of(name: String, file: String, before: Vec<u8>) -> Result<Self> {
        let path = Path::new(&file);
        let findings = scan(path, &before);
        let after = apply(&before, findings.iter().flat_map(Finding::rewrite))?;
        let left = scan(path, &after);
        Ok(Self { name, file, before, after, findings, left })
    }

    pub(crate) fn is_rewritten(&self) -> bool {
        self.before != self.after
    }

    /// The command that runs the file: what the notes say, or its carrier, or the interpreter that
    /// its first line asks for.
    pub(crate) fn command(&self, notes: &Notes) -> String {
        let language = self.name.split('/').next().unwrap_or_default();
        let carrier = notes.carried.get(&self.name).or_else(|| notes.carried.get(language));
        match (notes.run.get(&self.name), carrier) {
            (Some(command), _) => command.clone(),
            (None, Some(carrier)) => format!("carry {carrier} {}", self.file),
            (None, None) => self.interpreted(),
        }
    }

    fn interpreted(&self) -> String {
        let first = self.before.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let interpreter = match Path::new(&self.file).extension().and_then(|e| e.to_str()) {
            Some("py") => "python",
            _ if first.ends_with(b"busybox sh") => "busybox sh",
            _ if first.ends_with(b"bash") || first.ends_with(b"bash\r") => "bash",
            _ => "sh",
        };
        format!("{interpreter} {}", self.file)
    }
}

/// What is to be known of single cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notes {
    /// Commands of cases that need more than their interpreter.
    pub(crate) run: BTreeMap<String, String>,
    /// What runs the scripts in a case, or in all cases of a language: a kind that `carry.py` knows.
    pub(crate) carried: BTreeMap<String, String>,
    /// Cases that cannot run, and why.
    pub(crate) not_runnable: BTreeMap<String, String>,
    /// Cases that run where Python has this module, and why it may not have it.
    pub(crate) needs_module: BTreeMap<String, (String, String)>,
    /// Cases whose output is the same whether the service answers or refuses, and why; the
    /// service's log tells the difference.
    pub(crate) only_in_the_log: BTreeMap<String, String>,
    /// Cases that Xen instances cannot run, and why.
    pub(crate) nitro_only: BTreeMap<String, String>,
    /// Cases whose request is never made, and why.
    pub(crate) not_asked: BTreeMap<String, String>,
}

pub(crate) fn notes() -> Result<Notes> {
    toml::from_str(include_str!("cases.toml")).context("cases.toml")
}

/// Every case of a language, such as `shell`; in order.
pub(crate) fn of(language: &str) -> Result<Vec<Case>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrate/tests/cases").join(language);
    let mut folders = entries(&root)?;
    folders.sort();
    folders.iter().map(|folder| case(folder, language)).collect()
}

/// The names of all folders of cases.
pub(crate) fn languages() -> Result<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrate/tests/cases");
    Ok(entries(&root)?.iter().filter_map(|path| name(path)).collect())
}

fn case(folder: &Path, language: &str) -> Result<Case> {
    let path = entries(&folder.join("in"))?.pop().context("no file in the case")?;
    let folder = name(folder).context("a folder without name")?;
    let file = name(&path).context("a file without name")?;
    Case::of(format!("{language}/{folder}"), file, fs::read(&path)?)
}

/// A script of five thousand lines, too long to be kept as a file.
pub(crate) fn long() -> Result<Case> {
    let line = |i| match i % 500 {
        0 => format!("id{i}=$(curl -s http://169.254.169.254/latest/meta-data/instance-id)\n"),
        1 => format!("echo \"line {i}: $id{}\"\n", i - 1),
        _ => format!("n=$((${{n:-0}} + {i} % 7)) # {i}\n"),
    };
    let lines: String = (0..5_000).map(line).collect();
    let script = format!("#!/bin/bash\nset -euo pipefail\n{lines}echo \"$n\"\n");
    Case::of("shell/five-thousand-lines".into(), "script.sh".into(), script.into())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    Ok(entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?)
}

fn name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.to_owned())
}
