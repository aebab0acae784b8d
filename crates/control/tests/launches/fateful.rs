//! An engine in which something happens.

use std::sync::{Arc, Mutex};

use imds_account::imds_kv::{Kv, KvError, Listing, Revision, Snapshot, Transaction};

use crate::over::Happenings;

/// What becomes of a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// The process dies before it, or after it.
    DiesBefore,
    DiesAfter,
    /// It fails, and nothing else does.
    Fails,
    /// It happens, and nobody is told.
    IsUnknown,
}

type Interruption = Box<dyn FnOnce() + Send>;

/// The engine below, but for the fate of one of its commits.
pub(crate) struct Fateful {
    kv: Arc<dyn Kv>,
    fate: Option<(usize, Fate)>,
    /// What was committed.
    committed: Mutex<Vec<Transaction>>,
    is_dead: Mutex<bool>,
    /// What happens before a commit.
    before: Mutex<Option<(usize, Interruption)>>,
}

impl Fateful {
    /// Nothing fails.
    pub(crate) fn sound(kv: &Arc<dyn Kv>) -> Self {
        let (committed, is_dead, before) = <_>::default();
        Self { kv: kv.clone(), fate: None, committed, is_dead, before }
    }

    /// The commit after `nth` others has this fate.
    pub(crate) fn new(kv: &Arc<dyn Kv>, nth: usize, fate: Fate) -> Self {
        Self { fate: Some((nth, fate)), ..Self::sound(kv) }
    }

    /// Something happens before the commit after `nth` others.
    pub(crate) fn interrupted(
        kv: &Arc<dyn Kv>,
        nth: usize,
        what: impl FnOnce() + Send + 'static,
    ) -> Self {
        let before: Interruption = Box::new(what);
        Self { before: Mutex::new(Some((nth, before))), ..Self::sound(kv) }
    }

    /// What was committed, in its order.
    pub(crate) fn committed(&self) -> Vec<Transaction> {
        self.committed.lock().unwrap().clone()
    }

    fn lives(&self) -> Result<(), KvError> {
        if *self.is_dead.lock().unwrap() { Err(unavailable()) } else { Ok(()) }
    }
}

fn unavailable() -> KvError {
    KvError::Unavailable { what: "it broke".to_owned(), retry: true, source: "fate".into() }
}

impl Happenings for Fateful {
    fn kv(&self) -> &dyn Kv {
        &*self.kv
    }

    fn get_many(&self, keys: &[&str]) -> Result<Snapshot, KvError> {
        self.lives()?;
        self.kv.get_many(keys)
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        self.lives()?;
        self.kv.page(prefix, after, limit)
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError> {
        self.lives()?;
        transaction.check(self.kv.limits())?;
        let nth = self.committed.lock().unwrap().len();
        let due = self.before.lock().unwrap().take_if(|(at, _)| *at == nth);
        if let Some((_, what)) = due {
            what();
        }
        self.committed.lock().unwrap().push(transaction.clone());
        let Some((_, fate)) = self.fate.filter(|(at, _)| *at == nth) else {
            return self.kv.commit(transaction);
        };
        *self.is_dead.lock().unwrap() = matches!(fate, Fate::DiesBefore | Fate::DiesAfter);
        if matches!(fate, Fate::DiesAfter | Fate::IsUnknown) {
            self.kv.commit(transaction)?;
        }
        match fate {
            Fate::IsUnknown => {
                Err(KvError::OutcomeUnknown { what: "lost".to_owned(), source: "fate".into() })
            }
            _ => Err(unavailable()),
        }
    }
}
