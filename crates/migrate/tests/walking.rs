//! A tree on disk: what is read, what is left out, and what is told.

// Outside a `#[test]` function the lint does not know that this is a test.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use imds_migrate::{Event, MAX_SIZE, Rule, Scanner, Skipped, Walk, WalkError};

const SCRIPT: &str = "curl -s http://169.254.169.254/latest/meta-data/instance-id\n";

const LIMIT: Duration = Duration::from_secs(60);

/// A folder that is removed with its content when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("imds-migrate-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn ignored_binary_and_foreign_files_are_left_out() {
    let folder = Folder::new("walk");
    folder.write(".ignore", b"ignored/\n");
    folder.write("a/setup.sh", SCRIPT.as_bytes());
    folder.write(".github/workflows/ci.yml", format!("run: {SCRIPT}").as_bytes());
    folder.write("ignored/b.sh", SCRIPT.as_bytes());
    folder.write(".git/hooks/c.sh", SCRIPT.as_bytes());
    folder.write("binary.sh", format!("{SCRIPT}\0").as_bytes());
    folder.write("image.png", format!("\x7f\0{SCRIPT}").as_bytes());
    folder.write("README.md", SCRIPT.as_bytes());
    let mut large = SCRIPT.as_bytes().to_vec();
    large.resize(usize::try_from(MAX_SIZE).unwrap() + 10, b'#');
    folder.write("large.sh", &large);

    let found = Mutex::new(BTreeMap::new());
    let other = Mutex::new(Vec::new());
    let skipped = Mutex::new(BTreeMap::new());
    let paths = [folder.0.clone()];
    Walk { paths: &paths, threads: 2, scanner: Scanner::new(LIMIT) }.run(&|event| match event {
        Event::Found { path, findings, .. } => {
            let name = path.strip_prefix(&folder.0).unwrap().display().to_string();
            found.lock().unwrap().insert(name, findings[0].rule);
        }
        Event::Skipped { path, is_named, reason } => {
            assert!(!is_named, "{}", path.display());
            let name = path.strip_prefix(&folder.0).unwrap().display().to_string();
            skipped.lock().unwrap().insert(name, reason);
        }
        Event::Visited { .. } => {}
        event => other.lock().unwrap().push(format!("{event:?}")),
    });

    let found = found.into_inner().unwrap();
    let expected = [
        (".github/workflows/ci.yml", Rule::TokenlessRequest),
        ("a/setup.sh", Rule::TokenlessRequest),
        ("binary.sh", Rule::NotUnderstood),
    ];
    assert_eq!(found, expected.map(|(name, rule)| (name.to_owned(), rule)).into());
    let skipped = skipped.into_inner().unwrap();
    let expected = [
        ("README.md", Skipped::Prose),
        ("binary.sh", Skipped::Binary),
        ("image.png", Skipped::Binary),
    ];
    assert_eq!(skipped, expected.map(|(name, reason)| (name.to_owned(), reason)).into());
    let other = other.into_inner().unwrap();
    assert_eq!(other.len(), 1, "{other:?}");
    assert!(other[0].starts_with("TooLarge"), "{other:?}");
}

#[test]
fn a_path_that_is_not_there_is_told() {
    let failed = Mutex::new(Vec::new());
    let paths = [PathBuf::from("/nowhere/at/all")];
    Walk { paths: &paths, threads: 1, scanner: Scanner::new(LIMIT) }.run(&|event| {
        if let Event::Failed(WalkError::Read { path, source }) = event {
            failed.lock().unwrap().push((path, source.to_string()));
        }
    });
    let why = "No such file or directory (os error 2)".to_owned();
    assert_eq!(failed.into_inner().unwrap(), [(paths[0].clone(), why)]);
}
