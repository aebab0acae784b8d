//! Knows how far the agents of all hosts have come.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use imds_account::records::Watermark;
use imds_account::{Revision, Store, StoreError, keys};
use imds_kv::{Change, Closer, KvError, Watch};

use crate::error::HostError;

/// How long is waited after an error.
const PAUSE: Duration = Duration::from_millis(500);

/// How far the hosts have come that live; `None` while that is not known.
#[derive(Default)]
pub(super) struct Watermarks(Mutex<Option<BTreeMap<String, Revision>>>);

impl Watermarks {
    /// Whether every host that lives has brought into force what was committed up to `revision`.
    pub(super) fn have_reached(&self, revision: Revision) -> bool {
        self.lock().as_ref().is_some_and(|all| all.values().all(|reached| *reached >= revision))
    }

    fn lock(&self) -> MutexGuard<'_, Option<BTreeMap<String, Revision>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self) {
        *self.lock() = None;
    }

    /// What a host's record says. One that cannot be read has reached nothing: a later release wrote it.
    fn set(&self, host: &str, watermark: Option<u64>) {
        if let Some(all) = &mut *self.lock() {
            all.insert(host.to_owned(), Revision::new(watermark.unwrap_or_default()));
        }
    }

    fn remove(&self, host: &str) {
        if let Some(all) = &mut *self.lock() {
            all.remove(host);
        }
    }
}

/// Follows watermarks until it is dropped.
pub(super) struct Observer {
    watermarks: Arc<Watermarks>,
    end: Arc<End>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct End {
    is_over: AtomicBool,
    closer: Mutex<Option<Closer>>,
}

impl Observer {
    pub(super) fn start(store: Store) -> Result<Self, HostError> {
        let watermarks = Arc::new(Watermarks::default());
        let end = Arc::new(End::default());
        let watch = begin(&store, &watermarks, &end)?;
        let thread = thread::Builder::new().name("hosts".to_owned()).spawn({
            let (watermarks, end) = (Arc::clone(&watermarks), Arc::clone(&end));
            move || follow(&store, watch, &watermarks, &end)
        });
        let thread = Some(thread.map_err(HostError::Start)?);
        Ok(Self { watermarks, end, thread })
    }

    pub(super) fn watermarks(&self) -> Arc<Watermarks> {
        Arc::clone(&self.watermarks)
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.end.is_over.store(true, Ordering::SeqCst);
        if let Some(closer) = &*self.end.closer.lock().unwrap_or_else(PoisonError::into_inner) {
            closer.close();
        }
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // One that panicked follows nothing any more.
            let _ = thread.join();
        }
    }
}

/// Reads all watermarks, and watches from there.
fn begin(store: &Store, watermarks: &Watermarks, end: &End) -> Result<Watch, StoreError> {
    let prefix = keys::watermarks();
    let listing = store.scan(&prefix)?;
    let watch = store.watch(&[prefix.as_str()], listing.revision)?;
    *watermarks.lock() = Some(BTreeMap::new());
    for (host, stored) in listing.records {
        watermarks.set(&host, Some(stored.record.revision));
    }
    for unreadable in listing.unreadable {
        prefix.rest(&unreadable.key).into_iter().for_each(|host| watermarks.set(host, None));
    }
    *end.closer.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch.closer());
    if end.is_over.load(Ordering::SeqCst) {
        watch.closer().close();
    }
    Ok(watch)
}

fn follow(store: &Store, mut watch: Watch, watermarks: &Watermarks, end: &End) {
    while let Some(changes) = watch.next() {
        let changes = match changes {
            Ok(changes) => changes,
            Err(error) => {
                // Until more is known, nothing is applied.
                watermarks.forget();
                let is_compacted = matches!(error, KvError::Compacted { .. });
                if !is_compacted {
                    tracing::warn!(%error, "cannot tell how far other hosts have come");
                }
                match again(store, watermarks, end) {
                    Some(next) => watch = next,
                    None => return,
                }
                continue;
            }
        };
        for change in changes.changed {
            let prefix = keys::watermarks();
            let Some(host) = prefix.rest(change.key()) else { continue };
            match &change {
                Change::Put(entry) => {
                    let record = imds_account::records::decode::<Watermark>(&entry.value);
                    watermarks.set(host, record.ok().map(|watermark| watermark.revision));
                }
                Change::Unreadable(_) => watermarks.set(host, None),
                Change::Deleted { .. } => watermarks.remove(host),
            }
        }
    }
}

/// Begins again until that is possible; `None` once nobody wants to know any more.
fn again(store: &Store, watermarks: &Watermarks, end: &End) -> Option<Watch> {
    while !end.is_over.load(Ordering::SeqCst) {
        if let Ok(watch) = begin(store, watermarks, end) {
            return Some(watch);
        }
        thread::park_timeout(PAUSE);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_everywhere_once_the_last_host_has_it() {
        let watermarks = Watermarks::default();
        let reached = |revision| watermarks.have_reached(Revision::new(revision));
        assert!(!reached(0), "nothing is known");
        *watermarks.lock() = Some(BTreeMap::new());
        watermarks.set("a", Some(7));
        watermarks.set("b", Some(5));
        assert!(reached(5) && !reached(6));
        watermarks.set("b", Some(7));
        assert!(reached(7));
        watermarks.set("c", None);
        assert!(!reached(1), "what it says cannot be read");
        watermarks.remove("c");
        assert!(reached(7));
        watermarks.forget();
        assert!(!reached(1));
    }
}
