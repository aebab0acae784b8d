//! Reading a file that an engine has open.

use imds_kv::{Kv, OpenError, Sqlite, SqliteReader, Transaction};
use testkit::{Result, Trial, ensure, tests};

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[]; sees_what_another_has_committed, needs_a_file_and_makes_none]
}

fn sees_what_another_has_committed() -> Result<()> {
    let directory = crate::fast_directory();
    let path = directory.path().join("state.db");
    let key = "tags/us-east-1/i-1";
    let store = Sqlite::open(&path)?;
    let mut reader = SqliteReader::open(&path)?;
    ensure!(reader.get(key)?.is_none());
    store.commit(Transaction::new().put(key, "web"))?;
    let read = reader.get(key)?.map(|entry| entry.value);
    ensure!(read.as_deref() == Some(b"web"), "{read:?}");
    let all = reader.list("tags/")?.entries;
    ensure!(all.len() == 1 && all[0].key == key && all[0].value == b"web", "{all:?}");
    drop(store);
    // The last of the store's connections is gone, the log with it or not: nothing changes.
    ensure!(reader.get(key)?.is_some() && SqliteReader::open(&path)?.get(key)?.is_some());
    Sqlite::open(&path)?;
    Ok(())
}

fn needs_a_file_and_makes_none() -> Result<()> {
    let directory = crate::fast_directory();
    let path = directory.path().join("state.db");
    let refused = SqliteReader::open(&path).err();
    ensure!(refused.as_ref().is_some_and(OpenError::is_not_found), "{refused:?}");
    ensure!(std::fs::read_dir(directory.path())?.next().is_none(), "it made something");
    std::fs::write(&path, "no state")?;
    let refused = SqliteReader::open(&path).err();
    ensure!(matches!(refused, Some(OpenError::Foreign { .. })), "{refused:?}");
    Ok(())
}
