//! The file as a whole: whose it is, whether it is sound, how it comes to be.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{self, Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{log, rows, schema};
use crate::KvError;

/// The largest file that is looked through before it is used. In a larger one damage shows when it
/// is read.
const LOOKED_THROUGH: u64 = 64 << 20;

/// How long to wait for another program that writes the file, such as `sqlite3`.
const PATIENCE: Duration = Duration::from_secs(5);

/// A state file.
pub(super) struct StateFile {
    path: PathBuf,
    /// With it, the file is ours until this is dropped.
    lock: Option<File>,
}

impl StateFile {
    /// Keeps every other process off the file that `path` names. It need not be there yet.
    pub(super) fn lock(path: &Path) -> Result<Self, KvError> {
        let path = path::absolute(path).map_err(unavailable("open", path))?;
        let directory = path.parent().unwrap_or(&path);
        make_directory(directory).map_err(unavailable("make the directory", directory))?;
        // Two links to one file share its lock.
        let path = fs::canonicalize(&path).unwrap_or(path);
        if path.is_dir() {
            return Err(unavailable("open", &path)(io::ErrorKind::IsADirectory.into()));
        }
        // Not the file itself: SQLite loses its own locks when another handle to it is closed.
        let beside = beside(&path, "-lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&beside)
            .map_err(unavailable("open", &beside))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path, lock: Some(lock) }),
            Err(Errno::WOULDBLOCK) => Err(KvError::Locked { path }),
            Err(error) => Err(unavailable("lock", &beside)(error.into())),
        }
    }

    /// The file that `path` names, whoever has it. It must be there.
    pub(super) fn unlocked(path: &Path) -> Result<Self, KvError> {
        let path = fs::canonicalize(path).map_err(unavailable("open", path))?;
        Ok(Self { path, lock: None })
    }

    /// The connection that writes, to a sound file in the newest format.
    pub(super) fn open(&self) -> Result<Connection, KvError> {
        self.be_there()?;
        self.look_through_log()?;
        let mut connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        self.keep_log(&connection, true)?;
        // SQLite opens what it may not write as well as it can.
        if connection.is_readonly(MAIN_DB).map_err(self.failed("open"))? {
            return Err(self.unavailable("write", io::ErrorKind::ReadOnlyFilesystem.into()));
        }
        // A commit is on the disk before it is over.
        connection.pragma_update(None, "synchronous", "FULL").map_err(self.failed("open"))?;
        let format = self.check_format(&connection)?;
        self.look_through(&mut connection)?;
        schema::upgrade(&mut connection, format).map_err(self.failed("upgrade"))?;
        // A copy that another program made may be without a log.
        connection.pragma_update(None, "journal_mode", "WAL").map_err(self.failed("write"))?;
        self.keep_log(&connection, false)?;
        Ok(connection)
    }

    /// Another connection, which cannot write.
    pub(super) fn connect_reader(&self) -> Result<Connection, KvError> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    /// The file's format, which must be one that we know.
    pub(super) fn check_format(&self, connection: &Connection) -> Result<u32, KvError> {
        let path = || self.path.clone();
        match schema::format(connection).map_err(self.failed("read"))? {
            None => Err(KvError::Foreign { path: path() }),
            Some(found) if found > schema::NEWEST => {
                Err(KvError::Newer { path: path(), found, known: schema::NEWEST })
            }
            Some(format) => Ok(format),
        }
    }

    /// What an error of SQLite's means for the file, if it came from trying to `operation` it.
    pub(super) fn failed(
        &self,
        operation: &'static str,
    ) -> impl FnOnce(rusqlite::Error) -> KvError {
        move |error| {
            let kind = match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => {
                    return KvError::Foreign { path: self.path.clone() };
                }
                // `Unknown` is a schema that cannot be read or lacks what our queries name. Without
                // a code it is we who complain about what we have read.
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => {
                    return self.damaged(error.to_string());
                }
                Some(ErrorCode::DiskFull) => io::ErrorKind::StorageFull,
                Some(ErrorCode::ReadOnly) => io::ErrorKind::ReadOnlyFilesystem,
                Some(ErrorCode::PermissionDenied) => io::ErrorKind::PermissionDenied,
                Some(ErrorCode::DatabaseBusy) => io::ErrorKind::ResourceBusy,
                Some(ErrorCode::OutOfMemory) => io::ErrorKind::OutOfMemory,
                Some(_) => io::ErrorKind::Other,
            };
            self.unavailable(operation, io::Error::new(kind, error))
        }
    }

    pub(super) fn unavailable(&self, operation: &'static str, source: io::Error) -> KvError {
        unavailable(operation, &self.path)(source)
    }

    fn damaged(&self, detail: impl Into<String>) -> KvError {
        KvError::Damaged { path: self.path.clone(), detail: detail.into() }
    }

    /// Makes the file where there is nothing.
    fn be_there(&self) -> Result<(), KvError> {
        match fs::metadata(&self.path) {
            // SQLite would take it for a new file, and remove the log of the old one.
            Ok(metadata) if metadata.len() == 0 => Err(self.damaged("it is empty")),
            Ok(_) => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.unavailable("open", error))
            }
            // SQLite would add the log of the old file to the new one.
            Err(_) if fs::metadata(beside(&self.path, "-wal")).is_ok_and(|log| log.len() > 0) => {
                Err(self.damaged("only its log is left"))
            }
            Err(_) => self.create(),
        }
    }

    /// Makes a whole file, and only then gives it its name.
    fn create(&self) -> Result<(), KvError> {
        let draft = beside(&self.path, "-draft");
        let made =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
        let made = made.map_err(unavailable("make", &draft))?;
        let mut connection =
            connect(&draft, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(self.failed("make"))?;
        connection
            .pragma_update(None, "journal_mode", "MEMORY")
            // One flush, below, is enough.
            .and_then(|()| connection.pragma_update(None, "synchronous", "OFF"))
            .and_then(|()| schema::upgrade(&mut connection, 0))
            .and_then(|()| connection.pragma_update(None, "journal_mode", "WAL"))
            .and_then(|()| connection.close().map_err(|(_, error)| error))
            .map_err(self.failed("make"))?;
        let directory = self.path.parent().unwrap_or(&self.path);
        made.sync_all()
            .and_then(|()| fs::rename(&draft, &self.path))
            .and_then(|()| flush_directory(directory))
            .map_err(|error| self.unavailable("make", error))
    }

    /// Refuses a damaged log. SQLite would pass over what it cannot read, and write over it.
    fn look_through_log(&self) -> Result<(), KvError> {
        let path = beside(&self.path, "-wal");
        let size = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            metadata => metadata.map_err(unavailable("read", &path))?.len(),
        };
        if size > LOOKED_THROUGH {
            return Ok(());
        }
        let log = fs::read(&path).map_err(unavailable("read", &path))?;
        log::damage(&log).map_or(Ok(()), |detail| Err(self.damaged(detail)))
    }

    /// Refuses a damaged file, unless it is too large to look through.
    fn look_through(&self, connection: &mut Connection) -> Result<(), KvError> {
        let size = fs::metadata(&self.path).map_err(|error| self.unavailable("read", error))?.len();
        if size > LOOKED_THROUGH {
            return Ok(());
        }
        let first: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(self.failed("read"))?;
        if first != "ok" {
            return Err(self.damaged(first));
        }
        super::snapshot(connection, rows::verify).map_err(self.failed("read"))
    }

    /// Whether closing the connection leaves the log as it is, instead of moving it into the file:
    /// what is refused must stay as it was found.
    fn keep_log(&self, connection: &Connection, keep: bool) -> Result<(), KvError> {
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)
            .map(drop)
            .map_err(self.failed("open"))
    }

    fn connect(&self, access: OpenFlags) -> Result<Connection, KvError> {
        connect(&self.path, access).map_err(self.failed("open"))
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
    Ok(connection)
}

/// Makes a directory for its owner only, and those above it, and sees them onto the disk.
fn make_directory(directory: &Path) -> io::Result<()> {
    let missing: Vec<_> = directory.ancestors().take_while(|path| !path.exists()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    missing.into_iter().filter_map(Path::parent).try_for_each(flush_directory)
}

/// Sees the names in a directory onto the disk.
fn flush_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// A file whose name is that of the state file and `ending`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn unavailable(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KvError {
    move |source| KvError::Unavailable { operation, path: path.to_owned(), source }
}
