//! The state file: who may use it, what is refused, and that what is refused stays as it was.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use imds_kv::{
    Change, Kv, KvError, Listing, OpenError, Revision, Sqlite, SqliteReader, Transaction,
};
use rusqlite::Connection;
use testkit::{Trial, tests};

use crate::{directory, fast_directory};

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[];
        what_was_committed_is_there_after_reopening,
        a_file_in_the_first_format_is_upgraded,
        a_watch_does_not_keep_the_file_open,
        directory_and_files_are_their_owners_alone,
        one_at_a_time,
        a_link_does_not_get_round_the_lock,
        a_newer_format_is_refused,
        what_is_no_state_file_is_refused,
        a_directory_is_refused,
        a_file_that_lost_its_other_half_is_refused,
        no_flipped_byte_goes_unnoticed,
        no_truncation_goes_unnoticed,
        no_flipped_byte_in_the_log_undoes_commits,
        damage_under_an_open_store_is_told,
        a_draft_that_was_left_behind_does_no_harm,
    ]
}

/// What opening it fails with.
fn refusal(path: &Path) -> OpenError {
    match Sqlite::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

/// A file with a few hundred keys and a deletion, and what is in it.
fn filled(path: &Path) -> Listing {
    let store = Sqlite::open(path).unwrap();
    for batch in 0..4 {
        let all = (0..100_usize).fold(Transaction::new(), |all, number| {
            all.put(format!("key/{batch}/{number}"), format!("{batch}/{number}/").repeat(number))
        });
        store.commit(all).unwrap();
    }
    store.commit(Transaction::new().delete("key/0/7")).unwrap();
    store.list("").unwrap()
}

/// Everything in a directory but the locks, which say nothing.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| !path.to_string_lossy().ends_with("-lock"));
    files.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

/// Whether each file is as it was. Looking at one may add an empty log, and an index of it.
fn is_untouched(directory: &Path, before: &BTreeMap<PathBuf, Vec<u8>>) -> bool {
    let after = contents(directory);
    before.iter().all(|(path, bytes)| after.get(path) == Some(bytes))
}

fn what_was_committed_is_there_after_reopening() {
    let directory = directory();
    let path = directory.path().join("state.db");
    let listing = filled(&path);
    let before_last = listing.entries.iter().map(|entry| entry.revision).max().unwrap();
    for _ in 0..2 {
        let store = Sqlite::open(&path).unwrap();
        assert_eq!(store.list("").unwrap(), listing);
        let changes = store.watch(&[""], before_last).unwrap().next().unwrap().unwrap();
        assert_eq!(changes.changed, [Change::Deleted { key: "key/0/7".into() }]);
    }
    let store = Sqlite::open(&path).unwrap();
    let revision = store.commit(Transaction::new().put("a", "")).unwrap();
    assert!(revision > listing.revision);
}

/// Leases are new in format 2; the rest is as it was.
fn a_file_in_the_first_format_is_upgraded() {
    let directory = directory();
    let path = directory.path().join("state.db");
    let listing = filled(&path);
    let first = "DROP TABLE leased; PRAGMA user_version = 1; PRAGMA journal_mode = WAL";
    Connection::open(&path).unwrap().execute_batch(first).unwrap();
    let mut reader = SqliteReader::open(&path).unwrap();
    assert_eq!(reader.list("").unwrap(), listing, "read as it is");
    drop(reader);
    let store = Sqlite::open(&path).unwrap();
    assert_eq!(store.list("").unwrap(), listing);
    let lease = store.grant(Duration::from_secs(60)).unwrap();
    store.commit(Transaction::new().put_for(lease, "leased", "")).unwrap();
    store.revoke(lease).unwrap();
    assert_eq!(store.list("").unwrap().entries, listing.entries);
}

fn directory_and_files_are_their_owners_alone() {
    let directory = directory();
    let path = directory.path().join("made/by/us/state.db");
    let store = Sqlite::open(&path).unwrap();
    store.commit(Transaction::new().put("a", "secret")).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for made in ["made", "made/by", "made/by/us"] {
        assert_eq!(mode(&directory.path().join(made)), 0o700, "{made}");
    }
    let files: Vec<_> =
        fs::read_dir(path.parent().unwrap()).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(files.len(), 4, "the file, its log, the log's index and the lock: {files:?}");
    for file in files {
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
    }
}

fn one_at_a_time() {
    let directory = directory();
    let path = directory.path().join("state.db");
    let first = Sqlite::open(&path).unwrap();
    let error = refusal(&path);
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    drop(first);
    Sqlite::open(&path).unwrap();
}

fn a_link_does_not_get_round_the_lock() {
    let directory = directory();
    let [path, link] = ["state.db", "link.db"].map(|name| directory.path().join(name));
    let _first = Sqlite::open(&path).unwrap();
    symlink(&path, &link).unwrap();
    assert!(matches!(refusal(&link), OpenError::Locked { .. }));
}

fn a_newer_format_is_refused() {
    let directory = directory();
    let path = directory.path().join("state.db");
    filled(&path);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let before = contents(directory.path());
    let error = refusal(&path);
    assert!(matches!(error, OpenError::Newer { found: 7, known: 2, .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("format 7") && text.contains("newer than 2"), "{text}");
    assert!(is_untouched(directory.path(), &before));
}

fn what_is_no_state_file_is_refused() {
    let directory = directory();
    let text = directory.path().join("notes.txt");
    fs::write(
        &text,
        "A letter to a friend, longer than a header of a hundred bytes is. ".repeat(9),
    )
    .unwrap();
    let other = directory.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE records (key)").unwrap();
    let before = contents(directory.path());
    for path in [text, other] {
        let error = refusal(&path);
        assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    }
    assert!(is_untouched(directory.path(), &before));
}

fn a_directory_is_refused() {
    let directory = directory();
    let error = refusal(directory.path());
    assert!(matches!(error, OpenError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains(&directory.path().display().to_string()));
}

/// Killed, a store leaves a log; without the file, or beside an empty one, the log is all there is.
fn a_file_that_lost_its_other_half_is_refused() {
    for is_empty in [false, true] {
        let directory = directory();
        let [path, log] = ["state.db", "state.db-wal"].map(|name| directory.path().join(name));
        if is_empty {
            fs::write(&path, "").unwrap();
        }
        fs::write(&log, "what was committed last").unwrap();
        let before = contents(directory.path());
        let error = refusal(&path);
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert!(is_untouched(directory.path(), &before));
    }
}

/// After `damage`, the store says that it is damaged and leaves it, or it has everything.
fn judge(original: &[u8], listing: &Listing, damage: impl FnOnce(&mut Vec<u8>)) -> bool {
    let directory = fast_directory();
    let path = directory.path().join("state.db");
    let mut bytes = original.to_vec();
    damage(&mut bytes);
    fs::write(&path, &bytes).unwrap();
    let before = contents(directory.path());
    match Sqlite::open(&path) {
        Ok(store) => {
            assert_eq!(store.list("").unwrap(), *listing);
            for entry in &listing.entries {
                assert_eq!(store.get(&entry.key).unwrap().as_ref(), Some(entry));
            }
            false
        }
        Err(OpenError::Damaged { .. } | OpenError::Foreign { .. } | OpenError::Newer { .. }) => {
            assert!(is_untouched(directory.path(), &before));
            true
        }
        Err(error) => panic!("{error}: {error:?}"),
    }
}

fn no_flipped_byte_goes_unnoticed() {
    let directory = directory();
    let path = directory.path().join("state.db");
    let listing = filled(&path);
    let original = fs::read(&path).unwrap();
    // Every byte of the header, and bytes all over the rest.
    let places = (0..100).chain((100..original.len()).step_by(509));
    let noticed =
        places.clone().filter(|place| judge(&original, &listing, |bytes| bytes[*place] ^= 0x55));
    let (noticed, tried) = (noticed.count(), places.count());
    // The rest is in gaps between rows.
    assert!(noticed * 2 > tried, "only {noticed} of {tried}");
}

fn no_truncation_goes_unnoticed() {
    let directory = directory();
    let path = directory.path().join("state.db");
    let listing = filled(&path);
    let original = fs::read(&path).unwrap();
    for length in (0..original.len()).step_by(4096).flat_map(|start| [start, start + 1000]) {
        assert!(judge(&original, &listing, |bytes| bytes.truncate(length)), "{length} bytes");
    }
    assert!(!judge(&original, &listing, |_| ()));
}

/// As if killed after 20 commits. Damage to the last ones looks as if they had never been flushed.
fn no_flipped_byte_in_the_log_undoes_commits() {
    const COMMITS: usize = 20;
    let directory = directory();
    let names = ["state.db", "state.db-wal"];
    let paths = names.map(|name| directory.path().join(name));
    let store = Sqlite::open(&paths[0]).unwrap();
    let mut revisions = Vec::new();
    for number in 0..COMMITS {
        let revision = store.commit(Transaction::new().put(format!("{number:02}"), "value"));
        revisions.push(revision.unwrap());
    }
    let [file, log] = paths.map(|path| fs::read(path).unwrap());
    let mut noticed = 0;
    let places = (0..32).chain((32..log.len()).step_by(1009));
    for place in places.clone() {
        let directory = fast_directory();
        let [path, log_path] = names.map(|name| directory.path().join(name));
        let mut damaged = log.clone();
        damaged[place] ^= 0x55;
        fs::write(&path, &file).unwrap();
        fs::write(log_path, damaged).unwrap();
        let before = contents(directory.path());
        match Sqlite::open(&path) {
            Ok(store) => {
                let listing = store.list("").unwrap();
                let count = listing.entries.len();
                assert!(count >= COMMITS - 2, "{place}: {listing:?}");
                assert_eq!(listing.revision, revisions[count - 1]);
            }
            Err(OpenError::Damaged { .. }) => {
                assert!(is_untouched(directory.path(), &before));
                noticed += 1;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(noticed * 4 > places.count() * 3, "only {noticed}");
}

/// A file may be too large to be looked through, or break while it is in use.
fn damage_under_an_open_store_is_told() {
    let directory = directory();
    let path = directory.path().join("state.db");
    let before = filled(&path);
    let store = Sqlite::open(&path).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let value = b"3/42/3/42/3/42/";
    let place = bytes.windows(value.len()).position(|window| window == value).unwrap();
    bytes[place] = b'4';
    fs::write(&path, bytes).unwrap();
    let error = store.get("key/3/42").unwrap_err();
    assert!(matches!(&error, KvError::Unreadable(entry) if entry.key == "key/3/42"), "{error}");
    assert!(!error.to_string().contains("3/42/3/42"), "{error}");
    // It hides no other, in none of the ways to read.
    let listing = store.list("").unwrap();
    assert_eq!(listing.entries.len(), before.entries.len() - 1);
    let [unreadable] = &listing.unreadable[..] else { panic!("{:?}", listing.unreadable) };
    assert_eq!(unreadable.key, "key/3/42");
    let snapshot = store.get_many(&["key/3/41", "key/3/42", "key/3/43"]).unwrap();
    assert!(matches!(&snapshot.entries[..], [Ok(Some(_)), Err(_), Ok(Some(_))]), "{snapshot:?}");
    let changes = store.watch(&["key/3/4"], Revision::ZERO).unwrap().next().unwrap().unwrap();
    let damaged = changes.changed.iter().filter(|it| matches!(it, Change::Unreadable(_)));
    assert_eq!((damaged.count(), changes.changed.len()), (1, 11));
    let page = store.page("key/3/42", None, 1).unwrap();
    assert_eq!((page.entries.len(), page.unreadable.len(), page.next), (0, 1, None));
    // Writing it again repairs it.
    store.commit(Transaction::new().put("key/3/42", "new")).unwrap();
    assert_eq!(store.list("").unwrap().entries.len(), before.entries.len());
}

fn a_draft_that_was_left_behind_does_no_harm() {
    let directory = directory();
    let path = directory.path().join("state.db");
    for ending in ["-draft", "-draft-wal", "-draft-journal"] {
        fs::write(directory.path().join(format!("state.db{ending}")), "half of a file").unwrap();
    }
    let listing = filled(&path);
    assert_eq!(Sqlite::open(&path).unwrap().list("").unwrap(), listing);
}

/// A watch that was not dropped does not keep the file from being opened again.
fn a_watch_does_not_keep_the_file_open() {
    let directory = directory();
    let path = directory.path().join("state.db");
    let store = Sqlite::open(&path).unwrap();
    let revision = store.commit(Transaction::new().put("a", "1")).unwrap();
    let mut watch = store.watch(&[""], revision).unwrap();
    drop(store);
    let again = Sqlite::open(&path).unwrap();
    again.commit(Transaction::new().put("a", "2")).unwrap();
    assert!(watch.next().is_none(), "it follows the engine that it is of");
}
