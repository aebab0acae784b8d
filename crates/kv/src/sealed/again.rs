//! Sealing again with the first key what an older one sealed.

use super::keys::SealKeys;
use crate::engine::Kv;
use crate::entry::Entry;
use crate::error::KvError;
use crate::reseal::Resealed;
use crate::transaction::Transaction;

/// How many values a transaction of each pass has at most. What somebody else changed at the same time is
/// for the next pass, in smaller transactions; and the last pass must find nothing to do.
const PASSES: [usize; 6] = [64, 16, 4, 1, 1, 1];

/// How many values are read at once.
const PAGE: usize = 500;

/// Passes over all values until none is left that an older key sealed.
pub(super) fn reseal(
    kv: &dyn Kv,
    keys: &SealKeys,
    mut progress: impl FnMut(&Resealed),
) -> Result<Resealed, KvError> {
    let mut total = Resealed::default();
    let mut found = 0;
    for size in PASSES {
        let already = total.resealed;
        total = Resealed { resealed: already, ..Resealed::default() };
        pass(kv, keys, size, &mut total, &mut progress)?;
        if total.outdated == 0 && total.resealed == already {
            return Ok(total);
        }
        found = total.outdated + total.resealed - already;
    }
    // Somebody seals with an older key all the time.
    Ok(Resealed { outdated: found, ..total })
}

fn pass(
    kv: &dyn Kv,
    keys: &SealKeys,
    size: usize,
    total: &mut Resealed,
    progress: &mut impl FnMut(&Resealed),
) -> Result<(), KvError> {
    let mut after = None;
    loop {
        let page = kv.page("", after.as_deref(), PAGE)?;
        total.unreadable.extend(page.unreadable.into_iter().map(|entry| entry.key));
        let mut batch = Batch::default();
        for Entry { key, value, revision } in page.entries {
            match keys.open_by(&key, &value) {
                Some((0, _)) => total.current += 1,
                Some((_, value)) => {
                    let sealed = keys.seal(&key, &value)?;
                    let longer = key.len() * 2 + sealed.len();
                    if batch.count == size || batch.bytes + longer > kv.limits().bytes {
                        std::mem::take(&mut batch).commit(kv, total)?;
                    }
                    batch.count += 1;
                    batch.bytes += longer;
                    batch.transaction = batch
                        .transaction
                        .if_revision(key.as_str(), Some(revision))
                        .put_in_place(key, sealed);
                }
                None => total.unreadable.push(key),
            }
        }
        batch.commit(kv, total)?;
        progress(total);
        let Some(next) = page.next else { return Ok(()) };
        after = Some(next);
    }
}

/// Values that are written together.
#[derive(Default)]
struct Batch {
    transaction: Transaction,
    count: usize,
    bytes: usize,
}

impl Batch {
    fn commit(self, kv: &dyn Kv, total: &mut Resealed) -> Result<(), KvError> {
        if self.count == 0 {
            return Ok(());
        }
        match kv.commit(self.transaction) {
            Ok(_) => total.resealed += self.count,
            // The next pass reads what came of it.
            Err(KvError::Conflict { .. } | KvError::OutcomeUnknown { .. }) => {
                total.outdated += self.count;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::memory::Memory;
    use crate::sealed::Sealed;

    const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    fn with(memory: &Arc<Memory>, lines: &[&str]) -> Sealed {
        Sealed::new(memory.clone(), SealKeys::parse(&lines.join("\n")).unwrap())
    }

    #[test]
    fn afterwards_the_old_key_is_not_needed() {
        let memory = Arc::new(Memory::new());
        let old = with(&memory, &[OLD]);
        for number in 0..1_200 {
            old.commit(Transaction::new().put(format!("{number:04}"), format!("{number}")))
                .unwrap();
        }
        let lease = old.grant(Duration::from_secs(60)).unwrap();
        old.commit(Transaction::new().put_for(lease, "leased", "1")).unwrap();
        memory.commit(Transaction::new().put("strange", "not sealed")).unwrap();

        let both = with(&memory, &[NEW, OLD]);
        let mut pages = 0;
        let done = both.reseal(|_| pages += 1).unwrap();
        assert_eq!((done.resealed, done.current, done.outdated), (1_201, 1_201, 0));
        assert_eq!((done.unreadable, pages), (vec!["strange".to_owned()], 6));
        let again = both.reseal(|_| {}).unwrap();
        assert_eq!((again.resealed, again.current), (0, 1_201));

        let new = with(&memory, &[NEW]).list("").unwrap();
        assert_eq!((new.entries.len(), new.unreadable.len()), (1_201, 1));
        assert_eq!(new.entries[7].value, b"7");
        assert_eq!(with(&memory, &[OLD]).list("").unwrap().entries, []);
        both.revoke(lease).unwrap();
        assert!(both.get("leased").unwrap().is_none(), "it has left its lease");
    }

    /// What others write at the same time is neither lost nor left behind.
    #[test]
    fn it_is_safe_beside_writers() {
        let memory = Arc::new(Memory::new());
        let names: Vec<_> = (0..100).map(|number| format!("{number:03}")).collect();
        let old = with(&memory, &[OLD]);
        for name in &names {
            old.commit(Transaction::new().put(name, "0")).unwrap();
        }
        let both = with(&memory, &[NEW, OLD]);
        let is_over = AtomicBool::new(false);
        let (done, counts) = std::thread::scope(|scope| {
            let (both, is_over, names) = (&both, &is_over, &names);
            let count = move |name: &str| {
                let entry = both.get(name).unwrap().unwrap();
                let next = String::from_utf8(entry.value).unwrap().parse::<u64>().unwrap() + 1;
                let put = Transaction::new().if_revision(name, Some(entry.revision));
                both.commit(put.put(name, next.to_string())).is_ok()
            };
            let writer = scope.spawn(move || {
                let mut counts = vec![0_u64; names.len()];
                while !is_over.load(Ordering::Relaxed) {
                    for (name, count_of) in names.iter().zip(&mut counts) {
                        *count_of += u64::from(count(name));
                    }
                }
                counts
            });
            let done = both.reseal(|_| {}).unwrap();
            is_over.store(true, Ordering::Relaxed);
            (done, writer.join().unwrap())
        });
        assert_eq!((done.outdated, done.current), (0, 100));
        for (name, count) in names.iter().zip(counts) {
            let value = both.get(name).unwrap().unwrap().value;
            assert_eq!(String::from_utf8(value).unwrap(), count.to_string(), "{name}");
        }
        assert_eq!(with(&memory, &[NEW]).list("").unwrap().unreadable, []);
    }

    /// A host that still seals with the older key is noticed.
    #[test]
    fn what_stays_outdated_is_counted() {
        let memory = Arc::new(Memory::new());
        let old = with(&memory, &[OLD]);
        old.commit(Transaction::new().put("a", "1").put("b", "1")).unwrap();
        let done = with(&memory, &[NEW, OLD])
            .reseal(|_| assert!(old.commit(Transaction::new().put("a", "2")).is_ok()))
            .unwrap();
        assert_eq!((done.resealed, done.current, done.outdated), (7, 1, 1));
    }
}
