//! Which files are taken for state: what others could have put there, or can change, is refused and left as
//! it was.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use imds_kv::{Kv as _, OpenError, Sqlite, SqliteReader, Transaction};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use testkit::{Need, Trial, tests};

use crate::directory;

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![&[];
        a_link_that_leads_nowhere_is_refused_and_stays,
        what_is_not_a_regular_file_is_refused_at_once,
        files_and_directories_that_others_can_change_are_refused,
        a_second_name_of_the_file_is_refused,
        drafts_and_locks_follow_no_link,
        a_log_that_lost_commits_is_noticed,
        a_log_that_lost_nothing_is_not_missed,
    ];
    trials.extend(tests![&[Need::Root]; what_belongs_to_others_is_refused]);
    trials
}

/// What opening it says about the place.
fn problem(path: &Path) -> (PathBuf, String) {
    match Sqlite::open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(OpenError::Untrusted { path, problem }) => (path, problem),
        Err(error) => panic!("{error:?}"),
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn filled(path: &Path) {
    Sqlite::open(path).unwrap().commit(Transaction::new().put("a", "1")).unwrap();
}

/// The disk that it leads to may just not be mounted.
fn a_link_that_leads_nowhere_is_refused_and_stays() {
    let directory = directory();
    let link = directory.path().join("state.db");
    let target = directory.path().join("disk/state.db");
    symlink(&target, &link).unwrap();
    let (path, problem) = problem(&link);
    assert_eq!(path, link);
    assert!(problem.contains("disk/state.db, which does not exist"), "{problem}");
    assert_eq!(fs::read_link(&link).unwrap(), target);
    assert_eq!(names(directory.path()), ["state.db"], "and nothing is made");
    // Once it leads somewhere, that is the state.
    fs::create_dir(target.parent().unwrap()).unwrap();
    filled(&target);
    filled(&link);
    assert_eq!(fs::read_link(&link).unwrap(), target);
}

fn what_is_not_a_regular_file_is_refused_at_once() {
    let directory = directory();
    let path = |name: &str| directory.path().join(name);
    let owner = Mode::RUSR | Mode::WUSR;
    for ending in ["", "-wal", "-shm", "-lock"] {
        let [fifo, socket] =
            ["fifo", "socket"].map(|kind| (kind, path(&format!("{kind}.db{ending}"))));
        mknodat(CWD, &fifo.1, FileType::Fifo, owner, 0).unwrap();
        let _listener = UnixListener::bind(&socket.1).unwrap();
        for ((kind, file), words) in [(fifo, "is a named pipe"), (socket, "is a socket")] {
            let (named, problem) = problem(&path(&format!("{kind}.db")));
            assert_eq!(named, file);
            assert!(problem.starts_with(words), "{problem}");
            assert!(!fs::symlink_metadata(&file).unwrap().file_type().is_file());
            fs::remove_file(file).unwrap();
        }
    }
    let (_, problem) = problem(Path::new("/dev/null"));
    assert_eq!(problem, "is a device, not a file");
    // Those who look into it do not wait for a pipe either.
    mknodat(CWD, path("state.db"), FileType::Fifo, owner, 0).unwrap();
    let error = SqliteReader::open(&path("state.db")).err().unwrap();
    assert!(matches!(error, OpenError::Untrusted { .. }), "{error:?}");
    assert!(fs::metadata(path("state.db")).unwrap().file_type().is_fifo());
}

fn files_and_directories_that_others_can_change_are_refused() {
    let directory = directory();
    let path = directory.path().join("state.db");
    filled(&path);
    for (mode, words) in [
        (0o602, "can be written by others: chmod 600 "),
        (0o620, "can be written by others: chmod 600 "),
        (0o644, "holds secret keys, and others may read it: chmod 600 "),
        (0o640, "holds secret keys, and others may read it: chmod 600 "),
    ] {
        set_mode(&path, mode);
        let (_, problem) = problem(&path);
        assert_eq!(problem, format!("{words}{}", path.display()), "{mode:o}");
    }
    set_mode(&path, 0o600);
    for (mode, is_fine) in [(0o777, false), (0o702, false), (0o1777, true), (0o755, true)] {
        set_mode(directory.path(), mode);
        assert_eq!(Sqlite::open(&path).is_ok(), is_fine, "{mode:o}");
    }
}

fn what_belongs_to_others_is_refused() -> testkit::Result<()> {
    const OTHER: u32 = 65534;
    let directory = directory();
    let path = directory.path().join("state.db");
    filled(&path);
    chown(&path, Some(OTHER), None)?;
    let (_, found) = problem(&path);
    assert_eq!(found, "belongs to user 65534, and this process runs as user 0");
    chown(&path, Some(0), None)?;
    filled(&path);
    chown(directory.path(), Some(OTHER), None)?;
    let (named, found) = problem(&path);
    assert_eq!(named, directory.path());
    assert_eq!(found, "belongs to user 65534, and this process runs as user 0");
    Ok(())
}

fn a_second_name_of_the_file_is_refused() {
    let directory = directory();
    let [path, other] = ["state.db", "other.db"].map(|name| directory.path().join(name));
    filled(&path);
    fs::hard_link(&path, &other).unwrap();
    for path in [&path, &other] {
        let (_, problem) = problem(path);
        assert!(problem.starts_with("has another name (a hard link)"), "{problem}");
    }
    fs::remove_file(other).unwrap();
    filled(&path);
}

fn drafts_and_locks_follow_no_link() {
    let directory = directory();
    let [path, victim] = ["state.db", "victim"].map(|name| directory.path().join(name));
    fs::write(&victim, "of somebody else").unwrap();
    for ending in ["-draft", "-draft-journal"] {
        symlink(&victim, directory.path().join(format!("state.db{ending}"))).unwrap();
    }
    filled(&path);
    assert_eq!(fs::read(&victim).unwrap(), b"of somebody else");
    let lock = directory.path().join("state.db-lock");
    fs::remove_file(&lock).unwrap();
    symlink(&victim, &lock).unwrap();
    let (named, problem) = problem(&path);
    assert_eq!(named, lock);
    assert!(problem.starts_with("is a symbolic link to "), "{problem}");
    assert_eq!(fs::read(&victim).unwrap(), b"of somebody else");
}

/// A copy of a file in use, with its log and index, as a process leaves them that is killed.
fn killed() -> (tempfile::TempDir, PathBuf) {
    let [used, copy] = [directory(), directory()];
    let store = Sqlite::open(&used.path().join("state.db")).unwrap();
    for number in 0..20 {
        store.commit(Transaction::new().put(format!("{number:02}"), "value")).unwrap();
    }
    for name in names(used.path()) {
        fs::copy(used.path().join(&name), copy.path().join(&name)).unwrap();
    }
    let path = copy.path().join("state.db");
    (copy, path)
}

fn a_log_that_lost_commits_is_noticed() {
    for (kept, words) in [
        (None, "its log is missing, with the last commits"),
        (Some(0), "its log is missing, with the last commits"),
        (Some(20_000), "its log is cut short"),
    ] {
        let (directory, path) = killed();
        let log = directory.path().join("state.db-wal");
        match kept {
            None => fs::remove_file(&log).unwrap(),
            Some(length) => {
                File::options().write(true).open(&log).unwrap().set_len(length).unwrap();
            }
        }
        let before = fs::read(&path).unwrap();
        match Sqlite::open(&path) {
            Err(OpenError::Damaged { detail, .. }) => assert_eq!(detail, words),
            other => panic!("{kept:?}: {:?}", other.err()),
        }
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

fn a_log_that_lost_nothing_is_not_missed() {
    let (_directory, path) = killed();
    assert_eq!(Sqlite::open(&path).unwrap().list("").unwrap().entries.len(), 20);
    // Without log and index it is a copy of a file that was closed.
    assert_eq!(Sqlite::open(&path).unwrap().list("").unwrap().entries.len(), 20);
    // A file that is restored beside an index of another time.
    let (directory, path) = killed();
    let other = crate::directory();
    filled(&other.path().join("state.db"));
    fs::copy(other.path().join("state.db"), &path).unwrap();
    fs::remove_file(directory.path().join("state.db-wal")).unwrap();
    fs::remove_file(directory.path().join("state.db-shm")).unwrap();
    assert_eq!(Sqlite::open(&path).unwrap().list("").unwrap().entries.len(), 1);
}
