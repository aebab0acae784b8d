//! Whole trees as a client comes by them, one file for each kind of instance: all values under
//! `latest`, and what each older version lacks of the one after it.
//!
//! `IMDS_BLESS=1 cargo test -p imds-core --test conformance snapshots` writes them anew.

mod instances;

use std::fmt::Write as _;
use std::path::Path;

use imds_core::tree::Tree;
use imds_core::{Instance, versions};
use regex_lite::Regex;

use crate::fixture::NOW;
use crate::listings::segment;

pub(crate) use instances::instances;

#[test]
fn trees_are_as_they_were() {
    for (name, instance) in instances() {
        compare(&format!("tests/conformance/snapshots/{name}.txt"), &dump(&instance));
    }
}

/// Compares a file of this crate with what it should hold, or writes it.
pub(crate) fn compare(file: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("IMDS_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = expected.lines().zip(found.lines()).find(|(expected, found)| expected != found);
    assert!(
        found == expected,
        "{file} differs, first {differs:?}; see to it, or set IMDS_BLESS=1 to accept all changes"
    );
}

fn dump(instance: &Instance) -> String {
    let tree = Tree::new(instance);
    let mut newer = paths(&tree, versions::LATEST);
    let mut text = format!("{}\n", versions::LATEST);
    for path in &newer {
        text.push_str(&entry(&tree, path));
    }
    for version in versions::VERSIONS.into_iter().rev().skip(1) {
        let older = paths(&tree, version);
        let lost: Vec<_> = newer.iter().filter(|path| !older.contains(path)).collect();
        assert_eq!(older.len() + lost.len(), newer.len(), "{version} has what a newer one lacks");
        for path in older.iter().filter(|path| !path.ends_with('/')) {
            let value = |version| read(&tree, version, path);
            assert_eq!(value(version), value(versions::LATEST), "{version}/{path}");
        }
        writeln!(text, "{version}").unwrap();
        for path in lost {
            writeln!(text, "  without {path}").unwrap();
        }
        newer = older;
    }
    text
}

/// Every path that the listings of a version lead to; those of directories end in a slash.
fn paths(tree: &Tree, version: &str) -> Vec<String> {
    let directories: Vec<_> = tree.directories().collect();
    let mut ahead = vec![String::new()];
    let mut paths = Vec::new();
    while let Some(directory) = ahead.pop() {
        let listing = read(tree, version, &directory).unwrap();
        for name in listing.lines() {
            let path = format!("{directory}{}", segment(directory.trim_end_matches('/'), name));
            if directories.contains(&path) {
                paths.push(format!("{path}/"));
                ahead.push(format!("{path}/"));
            } else {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths
}

fn entry(tree: &Tree, path: &str) -> String {
    let value = read(tree, versions::LATEST, path);
    match value.as_deref() {
        None => format!("  {path} (404)\n"),
        Some(value) if value.contains('\n') => {
            let lines = value.split('\n').map(|line| format!("    | {line}\n"));
            format!("  {path}\n{}", lines.collect::<String>())
        }
        Some(value) => format!("  {path}: {value}\n"),
    }
}

/// What is at a path, in words where it is to be signed first, and without made-up secrets.
fn read(tree: &Tree, version: &str, path: &str) -> Option<String> {
    let path = format!("{version}/{path}");
    let found = tree.find(path.trim_end_matches('/'), NOW)?;
    if found.pending {
        return Some("(a signature)".to_owned());
    }
    let secret = Regex::new(r#""(AccessKeyId|SecretAccessKey|Token)" : "[^"]+""#).unwrap();
    let value = String::from_utf8_lossy(&found.body);
    Some(secret.replace_all(&value, r#""$1" : "…""#).into_owned())
}
