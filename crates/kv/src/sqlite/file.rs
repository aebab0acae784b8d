//! The file as a whole: who may use it, whether it is sound, how it is created.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{self, Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};
use rustix::fs::{Access, AtFlags, CWD, FlockOperation, OFlags, accessat, flock, statvfs};
use rustix::io::Errno;

use super::snapshot::snapshot;
use super::{index, log, rows, schema, trust};
use crate::error::KvError;
use crate::open_error::OpenError;

/// The largest file that is checked for damage before it is used. In a larger one damage shows when it
/// is read.
const CHECKED: u64 = 64 << 20;

/// How long to wait for another program that writes the file, such as `sqlite3`.
const PATIENCE: Duration = Duration::from_secs(5);

/// A state file.
pub(super) struct StateFile {
    path: PathBuf,
    /// With it, the file is ours until this is dropped.
    lock: Option<File>,
}

impl StateFile {
    /// Keeps every other process off the file that `path` names. It need not exist yet.
    pub(super) fn lock(path: &Path) -> Result<Self, OpenError> {
        let path = path::absolute(path).map_err(unavailable("open", path))?;
        let directory = path.parent().unwrap_or(&path);
        make_directory(directory).map_err(unavailable("create the directory", directory))?;
        // Two symbolic links to one file share its lock. One that leads nowhere is refused below.
        let path = fs::canonicalize(&path).unwrap_or(path);
        trust::regular(&path)?;
        trust::directory(path.parent().unwrap_or(&path))?;
        let all = ["", "-wal", "-shm", "-lock"].map(|ending| beside(&path, ending));
        all.iter().try_for_each(|path| trust::file(path))?;
        // Not the file itself: SQLite loses its own locks when another handle to it is closed.
        let beside = beside(&path, "-lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
            .open(&beside)
            .map_err(unavailable("open", &beside))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path, lock: Some(lock) }),
            Err(Errno::WOULDBLOCK) => Err(OpenError::Locked { path }),
            Err(error) => Err(unavailable("lock", &beside)(error.into())),
        }
    }

    /// The file that `path` names, whichever process has it. It must exist.
    pub(super) fn unlocked(path: &Path) -> Result<Self, OpenError> {
        let path = fs::canonicalize(path).map_err(unavailable("open", path))?;
        let all = ["", "-wal", "-shm"].map(|ending| beside(&path, ending));
        all.iter().try_for_each(|path| trust::regular(path).map(drop))?;
        // SQLite does not say why it cannot open a file.
        accessat(CWD, &path, Access::READ_OK, AtFlags::EACCESS)
            .map_err(|errno| unavailable("open", &path)(errno.into()))?;
        Ok(Self { path, lock: None })
    }

    /// The connection that writes, to a sound file in the newest format.
    pub(super) fn open(&self) -> Result<Connection, OpenError> {
        self.create_if_missing()?;
        self.check_log()?;
        let mut connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        self.keep_log(&connection, true)?;
        // SQLite opens what it may not write as well as it can.
        if connection.is_readonly(MAIN_DB).map_err(self.refused("open"))? {
            return Err(unavailable("write", &self.path)(io::ErrorKind::ReadOnlyFilesystem.into()));
        }
        // A commit is on the disk before it is over.
        connection.pragma_update(None, "synchronous", "FULL").map_err(self.refused("open"))?;
        let format = self.check_format(&connection)?;
        trust::secret(&self.path)?;
        self.check_content(&mut connection)?;
        schema::upgrade(&mut connection, format).map_err(self.refused("upgrade"))?;
        // A copy that another program made may be without a log.
        connection.pragma_update(None, "journal_mode", "WAL").map_err(self.refused("write"))?;
        self.keep_log(&connection, false)?;
        Ok(connection)
    }

    /// Another connection, which cannot write.
    pub(super) fn connect_reader(&self) -> rusqlite::Result<Connection> {
        connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    /// The file's format, which must be one that we know.
    pub(super) fn check_format(&self, connection: &Connection) -> Result<u32, OpenError> {
        let path = || self.path.clone();
        match schema::format(connection).map_err(self.refused("read"))? {
            None => Err(OpenError::Foreign { path: path() }),
            Some(found) if found > schema::NEWEST => {
                Err(OpenError::Newer { path: path(), found, known: schema::NEWEST })
            }
            Some(format) => Ok(format),
        }
    }

    /// What an error of SQLite's means for the file, if it came from trying to `operation` it while
    /// opening.
    pub(super) fn refused(
        &self,
        operation: &'static str,
    ) -> impl FnOnce(rusqlite::Error) -> OpenError {
        move |error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::Foreign { path: self.path.clone() },
            // `Unknown` is a schema that cannot be read or lacks what our queries name. Without a
            // code the error is ours, about what we have read.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => {
                self.damaged(error.to_string())
            }
            // SQLite does not say which of its files could not grow, nor why.
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) if self.is_disk_full() => {
                unavailable(operation, &self.path)(io::ErrorKind::StorageFull.into())
            }
            Some(_) => unavailable(operation, &self.path)(system_error(error)),
        }
    }

    /// What an error of SQLite's means once the file is open.
    pub(super) fn unavailable(
        &self,
        operation: &'static str,
    ) -> impl FnOnce(rusqlite::Error) -> KvError {
        move |error| {
            let retry = matches!(
                error.sqlite_error_code(),
                Some(
                    ErrorCode::DiskFull
                        | ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                        | ErrorCode::OutOfMemory
                        | ErrorCode::SystemIoFailure
                )
            );
            let what = format!("cannot {operation} {}", self.path.display());
            KvError::Unavailable { what, retry, source: system_error(error).into() }
        }
    }

    /// What an error of SQLite's means if the log may hold the commit all the same.
    pub(super) fn outcome_unknown(&self, error: rusqlite::Error) -> KvError {
        let what = format!("a commit to {} failed when it was nearly over", self.path.display());
        KvError::OutcomeUnknown { what, source: system_error(error).into() }
    }

    fn is_disk_full(&self) -> bool {
        let directory = self.path.parent().unwrap_or(&self.path);
        statvfs(directory)
            .is_ok_and(|disk| disk.f_bavail == 0 || disk.f_files > 0 && disk.f_favail == 0)
    }

    fn damaged(&self, detail: impl Into<String>) -> OpenError {
        OpenError::Damaged { path: self.path.clone(), detail: detail.into() }
    }

    /// Creates the file if it does not exist.
    fn create_if_missing(&self) -> Result<(), OpenError> {
        match fs::metadata(&self.path) {
            // SQLite would take it for a new file, and remove the log of the old one.
            Ok(metadata) if metadata.len() == 0 => Err(self.damaged("it is empty")),
            Ok(_) => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(unavailable("open", &self.path)(error))
            }
            // SQLite would add the log of the old file to the new one.
            Err(_) if fs::metadata(beside(&self.path, "-wal")).is_ok_and(|log| log.len() > 0) => {
                Err(self.damaged("only its log is left"))
            }
            Err(_) => self.create(),
        }
    }

    /// Creates a whole file, and only then gives it its name.
    fn create(&self) -> Result<(), OpenError> {
        let draft = beside(&self.path, "-draft");
        // What a process left behind that was killed here, or somebody put there.
        for left in ["-draft", "-draft-journal", "-draft-wal", "-draft-shm"] {
            let left = beside(&self.path, left);
            if fs::symlink_metadata(&left).is_ok() {
                fs::remove_file(&left).map_err(unavailable("remove", &left))?;
            }
        }
        let draft_file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft);
        let draft_file = draft_file.map_err(unavailable("create", &draft))?;
        let mut connection =
            connect(&draft, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(self.refused("create"))?;
        connection
            .pragma_update(None, "journal_mode", "MEMORY")
            // One flush, below, is enough.
            .and_then(|()| connection.pragma_update(None, "synchronous", "OFF"))
            .and_then(|()| schema::upgrade(&mut connection, 0))
            .and_then(|()| connection.pragma_update(None, "journal_mode", "WAL"))
            .and_then(|()| connection.close().map_err(|(_, error)| error))
            .map_err(self.refused("create"))?;
        let directory = self.path.parent().unwrap_or(&self.path);
        draft_file
            .sync_all()
            .and_then(|()| fs::rename(&draft, &self.path))
            .and_then(|()| flush_directory(directory))
            .map_err(|error| unavailable("create", &self.path)(error))
    }

    /// Refuses a damaged log, or one that lacks commits. SQLite would pass over what it cannot read, and
    /// write over it.
    fn check_log(&self) -> Result<(), OpenError> {
        let index = index::Index::read(&beside(&self.path, "-shm"));
        let path = beside(&self.path, "-wal");
        let size = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            metadata => metadata.map_err(unavailable("read", &path))?.len(),
        };
        let log = File::open(&path).and_then(|file| {
            let mut log = Vec::new();
            file.take(if size > CHECKED { log::HEADER } else { CHECKED }).read_to_end(&mut log)?;
            Ok(log)
        });
        let log = match log {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            log => log.map_err(unavailable("read", &path))?,
        };
        let damage = index.and_then(|index| index.lost(&log, size));
        let damage = damage.or_else(|| (size <= CHECKED).then(|| log::damage(&log)).flatten());
        damage.map_or(Ok(()), |detail| Err(self.damaged(detail)))
    }

    /// Refuses a damaged file, unless it is too large to check.
    fn check_content(&self, connection: &mut Connection) -> Result<(), OpenError> {
        let size =
            fs::metadata(&self.path).map_err(|error| unavailable("read", &self.path)(error))?.len();
        if size > CHECKED {
            return Ok(());
        }
        let first: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(self.refused("read"))?;
        if first != "ok" {
            return Err(self.damaged(first));
        }
        snapshot(connection, |snapshot| {
            rows::verify(snapshot)?;
            // A file in an older format has none.
            let has_leases = snapshot.table_exists(None, "leased")?;
            if has_leases { rows::leased(snapshot).map(drop) } else { Ok(()) }
        })
        .map_err(self.refused("read"))
    }

    /// Whether closing the connection leaves the log as it is, instead of moving it into the file:
    /// what is refused must stay as it was found.
    fn keep_log(&self, connection: &Connection, keep: bool) -> Result<(), OpenError> {
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)
            .map(drop)
            .map_err(self.refused("open"))
    }

    fn connect(&self, access: OpenFlags) -> Result<Connection, OpenError> {
        connect(&self.path, access).map_err(self.refused("open"))
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        // A child that was just forked, and is not yet another program, has the lock too: closing
        // our handle would leave it locked for that long.
        let _ = self.lock.as_ref().map(|lock| flock(lock, FlockOperation::Unlock));
    }
}

fn connect(path: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    // Each connection is used by one thread at a time.
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    // Not in a directory for temporary files, which the process may not use.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Creates a directory for its owner only, and those above it, and flushes their names to the disk.
fn make_directory(directory: &Path) -> io::Result<()> {
    let missing: Vec<_> = directory.ancestors().take_while(|path| !path.exists()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    missing.into_iter().filter_map(Path::parent).try_for_each(flush_directory)
}

/// Flushes the names in a directory to the disk.
fn flush_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// A file whose name is that of the state file and `ending`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn unavailable(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    OpenError::unavailable(operation, path)
}

/// The same error with the system's name for its kind.
fn system_error(error: rusqlite::Error) -> io::Error {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => io::ErrorKind::StorageFull,
        Some(ErrorCode::ReadOnly) => io::ErrorKind::ReadOnlyFilesystem,
        Some(ErrorCode::PermissionDenied) => io::ErrorKind::PermissionDenied,
        Some(ErrorCode::DatabaseBusy) => io::ErrorKind::ResourceBusy,
        Some(ErrorCode::OutOfMemory) => io::ErrorKind::OutOfMemory,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => io::ErrorKind::InvalidData,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
