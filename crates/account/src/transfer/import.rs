//! Writing a whole state to an empty engine.

use imds_kv::{Kv, KvError, Limits, Revision, Transaction};

use super::contents::{Contents, UnreadableEntries};
use super::marks::unfinished;
use crate::keys::kinds::UNFINISHED;
use crate::record;

/// The most that is written at once: what every engine can, or less.
const BATCH: Limits = Limits { operations: 100, bytes: 1 << 20 };

/// Why a state was not imported. Where the import had begun, the state says so and is refused, until an
/// import begins again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The state has records already.
    #[error("it is not empty: it has {key}, for example")]
    NotEmpty {
        /// The key of a record.
        key: String,
    },
    /// An earlier import has not come to its end.
    #[error("it is incomplete: an import of {from} has not come to its end")]
    Unfinished {
        /// What was being imported.
        from: String,
    },
    /// Somebody else uses the state at the same time.
    #[error("somebody else has written {key} during the import")]
    InUse {
        /// The key.
        key: String,
    },
    /// What is read back is not what was written.
    #[error("what was read back differs at {key}")]
    Differs {
        /// The first key that differs.
        key: String,
    },
    /// What is read back is damaged.
    #[error(transparent)]
    Unreadable(#[from] UnreadableEntries),
    /// The engine failed.
    #[error(transparent)]
    Kv(#[from] KvError),
}

/// An import that has begun. The state is marked as incomplete until [`finish`](Self::finish).
pub struct Import<'a> {
    kv: &'a dyn Kv,
    mark: Revision,
}

impl<'a> Import<'a> {
    /// Marks an empty state as incomplete; `from` says what is imported. With `restart` an incomplete
    /// state is emptied, and marked again.
    pub fn begin(kv: &'a dyn Kv, from: &str, restart: bool) -> Result<Self, ImportError> {
        let earlier = unfinished(kv)?;
        let known = kv.get(UNFINISHED)?.map(|entry| entry.revision);
        match earlier {
            Some(from) if !restart => return Err(ImportError::Unfinished { from }),
            Some(_) => {}
            None => only_mark(kv)?,
        }
        let mark = record::encode(&from.to_owned());
        let marked = Transaction::new().if_revision(UNFINISHED, known).put(UNFINISHED, mark);
        let mark = kv.commit(marked).map_err(in_use)?;
        let import = Self { kv, mark };
        if known.is_some() {
            import.empty()?;
        } else if let Err(error) = only_mark(kv) {
            // Somebody was faster, and writes what is not ours to refuse.
            import.finish()?;
            return Err(error);
        }
        Ok(import)
    }

    /// Writes all records, reads them back and compares. `progress` is told how many are written.
    pub fn write(
        &self,
        contents: &Contents,
        mut progress: impl FnMut(usize),
    ) -> Result<(), ImportError> {
        let (mut batch, mut written) = (Vec::new(), 0);
        let limits = self.kv.limits();
        let (operations, most) =
            (BATCH.operations.min(limits.operations), BATCH.bytes.min(limits.bytes));
        let mut bytes = 0;
        for (key, value) in contents.records() {
            let longer = key.len() * 2 + value.len();
            if batch.len() == operations || !batch.is_empty() && bytes + longer > most {
                written += batch.len();
                self.put(&std::mem::take(&mut batch))?;
                progress(written);
                bytes = 0;
            }
            batch.push((key, value));
            bytes += longer;
        }
        self.put(&batch)?;
        progress(written + batch.len());
        self.compare(contents)
    }

    /// Says that the state is whole.
    pub fn finish(self) -> Result<(), ImportError> {
        let unmarked = Transaction::new().if_revision(UNFINISHED, Some(self.mark));
        self.kv.commit(unmarked.delete(UNFINISHED)).map_err(in_use)?;
        Ok(())
    }

    fn put(&self, batch: &[(&str, &[u8])]) -> Result<(), ImportError> {
        if batch.is_empty() {
            return Ok(());
        }
        let transaction = batch.iter().fold(Transaction::new(), |all, (key, value)| {
            all.if_revision(*key, None).put(*key, *value)
        });
        match self.kv.commit(transaction) {
            Ok(_) => Ok(()),
            Err(unknown @ KvError::OutcomeUnknown { .. }) => {
                let keys: Vec<_> = batch.iter().map(|(key, _)| *key).collect();
                let found = self.kv.get_many(&keys)?.entries;
                let is_there = found.iter().zip(batch).all(
                    |(found, (_, value))| matches!(found, Ok(Some(entry)) if entry.value == *value),
                );
                if is_there { Ok(()) } else { Err(unknown.into()) }
            }
            Err(error) => Err(in_use(error)),
        }
    }

    fn compare(&self, contents: &Contents) -> Result<(), ImportError> {
        let found = Contents::of(self.kv.list("")?)?;
        let differs = |key: Option<&str>| {
            Err(ImportError::Differs { key: key.unwrap_or("its end").to_owned() })
        };
        let (mut expected, mut found) = (contents.records(), found.records());
        loop {
            match (expected.next(), found.next()) {
                (None, None) => return Ok(()),
                (one, other) if one == other => {}
                (one, other) => return differs(one.or(other).map(|(key, _)| key)),
            }
        }
    }

    /// Deletes all but the mark.
    fn empty(&self) -> Result<(), ImportError> {
        let mut after = None;
        loop {
            let page = self.kv.page("", after.as_deref(), BATCH.operations)?;
            let damaged = page.unreadable.iter().map(|entry| entry.key.as_str());
            let keys = page.entries.iter().map(|entry| entry.key.as_str()).chain(damaged);
            let keys = keys.filter(|key| *key != UNFINISHED);
            // Not if another process begins again at the same time.
            let marked = Transaction::new().if_revision(UNFINISHED, Some(self.mark));
            self.kv.commit(keys.fold(marked, |all, key| all.delete(key))).map_err(in_use)?;
            let Some(next) = page.next else { return Ok(()) };
            after = Some(next);
        }
    }
}

/// Refuses a state with anything but the mark.
fn only_mark(kv: &dyn Kv) -> Result<(), ImportError> {
    let page = kv.page("", None, 2)?;
    let damaged = page.unreadable.into_iter().map(|entry| entry.key);
    let mut keys = page.entries.into_iter().map(|entry| entry.key).chain(damaged);
    match keys.find(|key| key != UNFINISHED) {
        Some(key) => Err(ImportError::NotEmpty { key }),
        None => Ok(()),
    }
}

fn in_use(error: KvError) -> ImportError {
    match error {
        KvError::Conflict { key } => ImportError::InUse { key },
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use imds_kv::Memory;

    use super::*;
    use crate::transfer::{NotUsable, check_usable};

    fn contents(count: usize) -> Contents {
        let mut all = Contents::default();
        for number in 0..count {
            all.push(format!("tags/{number:05}"), vec![7; number % 50]);
        }
        all
    }

    #[test]
    fn all_of_it_is_written() {
        for limits in [Limits::PORTABLE, Limits { operations: 7, bytes: 200 }] {
            let kv = Memory::with_limits(limits);
            let all = contents(1_234);
            let import = Import::begin(&kv, "a test", false).unwrap();
            assert!(matches!(check_usable(&kv), Err(NotUsable::Unfinished { .. })));
            let mut seen = 0;
            import.write(&all, |written| seen = written).unwrap();
            import.finish().unwrap();
            check_usable(&kv).unwrap();
            assert_eq!((Contents::of(kv.list("").unwrap()).unwrap(), seen), (all, 1_234));
        }
    }

    #[test]
    fn only_an_empty_state_is_written() {
        let kv = Memory::new();
        kv.commit(Transaction::new().put("tags/a", "")).unwrap();
        let refused = Import::begin(&kv, "a test", true).err().unwrap();
        assert!(matches!(&refused, ImportError::NotEmpty { key } if key == "tags/a"), "{refused}");
        assert_eq!(kv.list("").unwrap().entries.len(), 1);
    }

    #[test]
    fn what_broke_off_begins_again_where_that_is_wanted() {
        let kv = Memory::new();
        Import::begin(&kv, "one", false).unwrap().write(&contents(300), |_| {}).unwrap();
        let refused = Import::begin(&kv, "two", false).err().unwrap();
        assert!(matches!(&refused, ImportError::Unfinished { from } if from == "one"), "{refused}");
        let import = Import::begin(&kv, "two", true).unwrap();
        import.write(&contents(3), |_| {}).unwrap();
        import.finish().unwrap();
        assert_eq!(kv.list("").unwrap().entries.len(), 3);
    }

    #[test]
    fn a_second_writer_is_noticed() {
        let kv = Memory::new();
        let import = Import::begin(&kv, "one", false).unwrap();
        kv.commit(Transaction::new().put("tags/00150", "other")).unwrap();
        let refused = import.write(&contents(300), |_| {}).unwrap_err();
        assert!(matches!(&refused, ImportError::InUse { key } if key == "tags/00150"), "{refused}");

        let import = Import::begin(&kv, "two", true).unwrap();
        kv.commit(Transaction::new().put("tags/x", "other")).unwrap();
        let refused = import.write(&contents(3), |_| {}).unwrap_err();
        assert!(matches!(&refused, ImportError::Differs { key } if key == "tags/x"), "{refused}");

        // The second of two that begin again: the first goes no further.
        let first = Import::begin(&kv, "three", true).unwrap();
        let second = Import::begin(&kv, "four", true).unwrap();
        assert!(matches!(first.finish(), Err(ImportError::InUse { .. })));
        second.finish().unwrap();
    }
}
