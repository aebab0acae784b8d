//! A look into a file that a store has.

use imds_store::records::Tags;
use imds_store::{SqliteReader, SqliteStore, Store, StoreError, Transaction, keys};
use testkit::{Result, Trial, ensure, tests};

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[]; sees_what_another_has_committed, needs_a_file_and_makes_none]
}

fn sees_what_another_has_committed() -> Result<()> {
    let directory = crate::fast_directory();
    let path = directory.path().join("state.db");
    let region = "us-east-1".parse()?;
    let key = keys::tags(&region, "i-1");
    let store = SqliteStore::open(&path)?;
    let mut reader = SqliteReader::open(&path)?;
    ensure!(reader.read(&key)?.is_none());
    let tags: Tags = [("Name".to_owned(), "web".to_owned())].into();
    store.commit(Transaction::new().write(&key, &tags))?;
    let read = reader.read(&key)?.map(|kept| kept.record);
    ensure!(read.as_ref() == Some(&tags), "{read:?}");
    let all = reader.read_all(&keys::all_tags(&region))?;
    ensure!(all.len() == 1 && all[0].0 == "i-1" && all[0].1.record == tags, "{all:?}");
    drop(store);
    // The last of the store's connections is gone, the log with it or not: nothing changes.
    ensure!(reader.read(&key)?.is_some() && SqliteReader::open(&path)?.read(&key)?.is_some());
    SqliteStore::open(&path)?;
    Ok(())
}

fn needs_a_file_and_makes_none() -> Result<()> {
    let directory = crate::fast_directory();
    let path = directory.path().join("state.db");
    let refused = SqliteReader::open(&path).err();
    ensure!(
        matches!(&refused, Some(StoreError::Unavailable { source, .. })
            if source.kind() == std::io::ErrorKind::NotFound),
        "{refused:?}"
    );
    ensure!(std::fs::read_dir(directory.path())?.next().is_none(), "it made something");
    std::fs::write(&path, "no state")?;
    let refused = SqliteReader::open(&path).err();
    ensure!(matches!(refused, Some(StoreError::Foreign { .. })), "{refused:?}");
    Ok(())
}
