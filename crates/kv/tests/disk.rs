//! A disk that is full or read-only: an error that names the place, nothing lost, and it goes on
//! once the disk does.
//!
//! Each test runs this binary again in a mount namespace, with a small disk of its own.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, thread};

use imds_kv::{Kv, KvError, Listing, OpenError, Sqlite, Transaction};
use testkit::{Need, Result, Trial, ensure, tests};

use crate::directory;

/// The word that makes this binary do one of `ON_THE_DISK`.
pub(crate) const ROLE: &str = "--on-a-small-disk";

type Step = (&'static str, fn(&Path));

/// What is done in the namespace, by its name.
const ON_THE_DISK: [Step; 5] = [
    ("commit", commit_on_a_full_disk),
    ("create", create_on_a_full_disk),
    ("open", open_on_a_full_disk),
    ("directory", use_a_read_only_directory),
    ("file", use_a_read_only_file),
];

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[Need::Program("unshare")];
        a_full_disk_refuses_commits,
        a_full_disk_refuses_a_new_file,
        a_full_disk_is_told_at_the_start,
        a_read_only_directory_is_refused,
        a_read_only_file_is_refused,
    ]
}

fn a_full_disk_refuses_commits() -> Result<()> {
    on_a_small_disk("commit")
}

fn a_full_disk_refuses_a_new_file() -> Result<()> {
    on_a_small_disk("create")
}

fn a_full_disk_is_told_at_the_start() -> Result<()> {
    on_a_small_disk("open")
}

fn a_read_only_directory_is_refused() -> Result<()> {
    on_a_small_disk("directory")
}

fn a_read_only_file_is_refused() -> Result<()> {
    on_a_small_disk("file")
}

/// Mounts a disk of half a mebibyte where nobody else sees it, and does `what` there.
fn on_a_small_disk(what: &str) -> Result<()> {
    let directory = directory();
    let script = "mount -t tmpfs -o size=512k tmpfs \"$1\" && exec \"$2\" \"$3\" \"$4\" \"$1\"";
    let output = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(directory.path())
        .arg(env::current_exe()?)
        .args([ROLE, what])
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

pub(crate) fn run(words: &[String]) {
    let [what, directory] = words else { panic!("{words:?}") };
    let (_, test) = ON_THE_DISK.iter().find(|(name, _)| name == what).unwrap();
    test(Path::new(directory));
}

/// Uses all space up. What it gives frees it when removed.
fn fill(directory: &Path) -> PathBuf {
    let path = directory.join("filler");
    let mut file = File::create(&path).unwrap();
    for size in [4096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    path
}

fn mount(arguments: &[&str], place: &Path) {
    let status = Command::new("mount").args(arguments).arg(place).status().unwrap();
    assert!(status.success());
}

/// Fails unless the error is of this kind and names the place.
fn assert_unavailable(error: &KvError, place: &Path) {
    match error {
        KvError::Unavailable { source, retry: true, .. } => {
            let kind = source.downcast_ref::<io::Error>().map(io::Error::kind);
            assert_eq!(kind, Some(ErrorKind::StorageFull));
            assert!(!error.to_string().contains(&source.to_string()), "{error} repeats {source}");
        }
        _ => panic!("{error:?}"),
    }
    assert!(error.to_string().contains(&place.display().to_string()), "{error}");
}

/// The same for a file that cannot be opened.
fn assert_refused(error: &OpenError, expected: ErrorKind, place: &Path) {
    match error {
        OpenError::Unavailable { source, .. } if source.kind() == expected => {}
        _ => panic!("{error:?}"),
    }
    assert!(error.to_string().contains(&place.display().to_string()), "{error}");
}

fn filled(path: &Path) -> Listing {
    let store = Sqlite::open(path).unwrap();
    store.commit(Transaction::new().put("a", "1").put("b", "2")).unwrap();
    store.list("").unwrap()
}

fn commit_on_a_full_disk(directory: &Path) {
    let path = directory.join("state.db");
    let listing = filled(&path);
    let store = Sqlite::open(&path).unwrap();
    let filler = fill(directory);
    let large = || Transaction::new().put("a", "changed").put("large", vec![7; 50_000]);
    for _ in 0..3 {
        let error = store.commit(large()).unwrap_err();
        assert_unavailable(&error, &path);
        assert_eq!(store.list("").unwrap(), listing);
    }
    // Each of those that come together gets an answer.
    thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| store.commit(large()))).collect();
        for one in all {
            assert_unavailable(&one.join().unwrap().unwrap_err(), &path);
        }
    });
    fs::remove_file(&filler).unwrap();
    let revision = store.commit(large()).unwrap();
    assert!(revision > listing.revision);

    // Closed and opened with no space left, it has everything.
    let listing = store.list("").unwrap();
    fill(directory);
    drop(store);
    fs::remove_file(&filler).unwrap();
    assert_eq!(Sqlite::open(&path).unwrap().list("").unwrap(), listing);
}

fn create_on_a_full_disk(directory: &Path) {
    let path = directory.join("state.db");
    let filler = fill(directory);
    let error = Sqlite::open(&path).err().unwrap();
    assert_refused(&error, ErrorKind::StorageFull, &path);
    assert!(!path.exists());
    fs::remove_file(filler).unwrap();
    assert_eq!(filled(&path).entries.len(), 2);
}

fn open_on_a_full_disk(directory: &Path) {
    let path = directory.join("state.db");
    let listing = filled(&path);
    let filler = fill(directory);
    let error = Sqlite::open(&path).err().unwrap();
    assert_refused(&error, ErrorKind::StorageFull, &path);
    fs::remove_file(filler).unwrap();
    assert_eq!(Sqlite::open(&path).unwrap().list("").unwrap(), listing);
}

fn use_a_read_only_directory(directory: &Path) {
    let path = directory.join("state.db");
    let listing = filled(&path);
    mount(&["-o", "remount,ro"], directory);
    for path in [&path, &directory.join("new.db"), &directory.join("new/state.db")] {
        let error = Sqlite::open(path).err().unwrap();
        assert_refused(&error, ErrorKind::ReadOnlyFilesystem, directory);
    }
    mount(&["-o", "remount,rw"], directory);
    assert_eq!(Sqlite::open(&path).unwrap().list("").unwrap(), listing);
}

/// Refused when it is opened, and not only when somebody commits.
fn use_a_read_only_file(directory: &Path) {
    let path = directory.join("state.db");
    filled(&path);
    mount(&["--bind", &path.display().to_string()], &path);
    mount(&["-o", "remount,bind,ro"], &path);
    let error = Sqlite::open(&path).err().unwrap();
    assert_refused(&error, ErrorKind::ReadOnlyFilesystem, &path);
}
