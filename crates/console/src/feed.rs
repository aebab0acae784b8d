//! The console's view of requests: one subscription, whose records are remembered for a while and passed on
//! to whoever watches.
//!
//! Nobody waits for the console. Records come through a bounded queue, and go out through another one; what
//! does not fit is lost and counted.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use imds_dataplane::{RequestRecord, Requests, RequestsCloser};
use tokio::sync::broadcast;

use crate::callers::{CallerFacts, Callers};
use crate::request_facts::RequestFacts;

/// The capacity of the console's subscription to requests: how many may come at once.
pub const CAPACITY: usize = 1024;

/// How much of that is for requests with `IMDSv1` alone: who sends one in a crowd of others is looked for.
pub const KEPT_FOR_V1: usize = CAPACITY / 4;

/// How long records gather after the first: each time that they are passed on costs threads that answer a turn.
const GATHER: Duration = Duration::from_millis(200);

/// How many are taken then: 320 a second, more than anyone reads. To show one costs as much as to answer ten.
const MOST_AT_ONCE: usize = 64;

/// How many records are remembered, and how many a viewer may be behind.
const RECENT: usize = 1000;

/// How much less processor time its thread gets, as `nice` has it, than those that answer for metadata.
const NICENESS: i32 = 10;

/// What the console has seen. Ends when it is dropped.
pub(crate) struct Feed {
    seen: Arc<Mutex<Seen>>,
    closer: RequestsCloser,
    thread: Option<JoinHandle<()>>,
}

struct Seen {
    recent: VecDeque<Numbered>,
    callers: Callers,
    /// How many records have come, those that were lost included, and how many those are.
    count: u64,
    lost: u64,
    viewers: broadcast::Sender<Batch>,
}

/// A record with its place among all, those that were lost included.
#[derive(Clone)]
pub(crate) struct Numbered {
    pub(crate) number: u64,
    record: Arc<RequestRecord>,
}

/// What a viewer gets: what came in one go. To send it record by record would wake the viewer's task for each.
#[derive(Clone)]
pub(crate) struct Batch {
    pub(crate) requests: Arc<[Numbered]>,
    /// The number of the newest. All before it that did not come were lost.
    pub(crate) newest: u64,
}

/// What a viewer begins with.
pub(crate) struct Watch {
    /// The number of the last request that it has seen.
    pub(crate) last: u64,
    /// Those after it that are remembered; what is not was lost.
    pub(crate) missed: Vec<Numbered>,
    /// The number of the newest.
    pub(crate) newest: u64,
    /// What comes from now on.
    pub(crate) batches: broadcast::Receiver<Batch>,
}

/// Who uses `IMDSv1`, as the console shows it.
pub(crate) struct CallerList {
    pub(crate) callers: Vec<CallerFacts>,
    /// How many callers were forgotten.
    pub(crate) forgotten: u64,
    /// How many records were lost.
    pub(crate) lost: u64,
}

impl Numbered {
    pub(crate) fn new(number: u64, record: RequestRecord) -> Self {
        Self { number, record: Arc::new(record) }
    }

    pub(crate) fn facts(&self) -> RequestFacts {
        RequestFacts::new(self.number, &self.record)
    }
}

impl Feed {
    /// Takes the records of `requests`, which holds [`CAPACITY`] of them.
    pub(crate) fn start(requests: Requests) -> io::Result<Self> {
        let closer = requests.closer();
        let seen = Arc::new(Mutex::new(Seen::new()));
        let into = Arc::clone(&seen);
        let thread = thread::Builder::new().name("console-feed".to_owned());
        let thread = thread.spawn(move || take_all(&requests, &into))?;
        Ok(Self { seen, closer, thread: Some(thread) })
    }

    /// The records that are remembered, the newest first, and how many were lost.
    pub(crate) fn recent(&self) -> (Vec<RequestFacts>, u64) {
        let (recent, lost) = self.seen().recent();
        (recent.iter().rev().map(Numbered::facts).collect(), lost)
    }

    /// See [`Seen::watch`].
    pub(crate) fn watch(&self, after: Option<u64>) -> Watch {
        self.seen().watch(after)
    }

    /// Who was seen to use `IMDSv1`.
    pub(crate) fn callers(&self) -> CallerList {
        let seen = self.seen();
        let (callers, forgotten) = (seen.callers.list(), seen.callers.forgotten());
        CallerList { callers, forgotten, lost: seen.lost }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.closer.close();
        if let Some(thread) = self.thread.take() {
            // One that panicked takes no more records.
            let _ = thread.join();
        }
    }
}

impl Seen {
    fn new() -> Self {
        Self {
            recent: VecDeque::with_capacity(RECENT),
            callers: Callers::default(),
            count: 0,
            lost: 0,
            viewers: broadcast::channel(RECENT / MOST_AT_ONCE).0,
        }
    }

    /// Takes records, after which `lost` others were lost.
    fn take(&mut self, records: impl Iterator<Item = RequestRecord>, lost: u64) {
        let requests: Vec<_> = records.map(|record| self.number(record)).collect();
        self.count += lost;
        self.lost += lost;
        self.recent.extend(requests.iter().cloned());
        self.recent.drain(..self.recent.len().saturating_sub(RECENT));
        // An error means that nobody watches.
        let _ = self.viewers.send(Batch { requests: requests.into(), newest: self.count });
    }

    fn number(&mut self, record: RequestRecord) -> Numbered {
        self.callers.note(&record);
        self.count += 1;
        Numbered::new(self.count, record)
    }

    fn recent(&self) -> (Vec<Numbered>, u64) {
        (self.recent.iter().cloned().collect(), self.lost)
    }

    /// What came after the request with the number `after`; without a number, only what comes.
    fn watch(&self, after: Option<u64>) -> Watch {
        // A number of a service that ran before is no number of ours.
        let last = after.filter(|after| *after <= self.count).unwrap_or(self.count);
        let newer = self.recent.iter().filter(|record| record.number > last);
        let missed = newer.cloned().collect();
        Watch { last, missed, newest: self.count, batches: self.viewers.subscribe() }
    }
}

fn take_all(requests: &Requests, seen: &Mutex<Seen>) {
    // Without this it is as urgent as metadata.
    let _ = rustix::process::nice(NICENESS);
    while let Some(first) = requests.next() {
        let others = std::iter::from_fn(|| requests.try_next()).take(MOST_AT_ONCE - 1);
        let records: Vec<_> = std::iter::once(first).chain(others).collect();
        lock(seen).take(records.into_iter(), requests.take_dropped());
        // Nobody sees the rest any more.
        if requests.is_closed() {
            return;
        }
        thread::park_timeout(GATHER);
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests {
    use imds_core::request::Method;
    use imds_core::response::{ImdsVersion, Status};
    use imds_core::{Endpoint, Launch, Reach};
    use imds_dataplane::{LinkId, LoggedText};

    use super::*;

    /// A request without a fault, for the instance id.
    pub(crate) fn record(version: ImdsVersion, status: Status, agent: &str) -> RequestRecord {
        RequestRecord {
            unix_ms: 1_700_000_000_042,
            link: LinkId::default(),
            peer: "10.0.0.9:4242".parse().unwrap(),
            endpoint: Arc::new(Endpoint::new(&Launch::default().resolve().unwrap())),
            version,
            method: Some(Method::Get),
            path: LoggedText::new("latest/meta-data/instance-id"),
            sent: None,
            agent: Some(LoggedText::as_sent(agent.as_bytes())),
            status,
            refusal: None,
            fault: None,
            hops_away: Some(1),
            reach: Reach::Anywhere,
            micros: 5,
        }
    }

    #[test]
    fn a_viewer_gets_what_it_missed_or_is_told_how_much_that_was() {
        let mut seen = Seen::new();
        let request = record(ImdsVersion::V2, Status::Ok, "curl");
        let requests = |count| std::iter::repeat_n(request.clone(), count);
        seen.take(requests(RECENT + 10), 3);
        let watch = seen.watch(Some(1005));
        assert_eq!((watch.last, watch.missed.len(), watch.newest), (1005, 5, 1013));
        let watch = seen.watch(Some(2));
        assert_eq!((watch.missed.len(), watch.missed[0].number), (RECENT, 11));
        assert!(seen.watch(Some(1_000_000)).missed.is_empty(), "a number of another service");
        let mut watch = seen.watch(None);
        assert_eq!((watch.last, watch.missed.len()), (1013, 0));
        seen.take(requests(1), 2);
        let batch = watch.batches.try_recv().unwrap();
        assert_eq!((batch.requests[0].number, batch.newest), (1014, 1016));
        let (recent, lost) = seen.recent();
        assert_eq!((recent.len(), recent[RECENT - 1].number, lost), (RECENT, 1014, 5));
    }
}
