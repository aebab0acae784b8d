//! Records of answered requests, for whoever subscribes.
//!
//! Threads that answer put a record into each subscriber's bounded queue and go on; a full queue drops
//! the record and counts it. Secrets cannot get here: a record has no token, no query, and of the header only `User-Agent`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, Thread};

use arc_swap::{ArcSwap, Cache};
use crossbeam_queue::ArrayQueue;
use crossbeam_utils::CachePadded;
use imds_core::request::Method;
use imds_core::response::{ImdsVersion, Status};
use imds_core::{Endpoint, Reach, Refusal};

use crate::faulted::FaultNote;
use crate::link::LinkId;
use crate::logged_text::LoggedText;

/// How many threads count what is dropped without sharing a line of the cache; more take turns.
const LINES: usize = 8;

/// One answered request.
#[derive(Clone)]
pub struct RequestRecord {
    /// When it was answered, in milliseconds since 1970.
    pub unix_ms: u64,
    /// The link that it came through.
    pub link: LinkId,
    /// The client's address.
    pub peer: SocketAddr,
    /// The instance that answered.
    pub endpoint: Arc<Endpoint>,
    /// The version of the service that the client used.
    pub version: ImdsVersion,
    /// The method; `None` where the request could not be parsed.
    pub method: Option<Method>,
    /// The path as the service reads it.
    pub path: LoggedText,
    /// The path as the client wrote it, without its query, where that differs: with slashes that do not
    /// count, or encoded.
    pub sent: Option<LoggedText>,
    /// What the client calls itself (`User-Agent`), if it says so once.
    pub agent: Option<LoggedText>,
    /// The status of the response.
    pub status: Status,
    /// Why the request was refused, if it was.
    pub refusal: Option<Refusal>,
    /// The fault that hit the request; the status is then that of the response that it made, even where
    /// nothing was sent.
    pub fault: Option<FaultNote>,
    /// How many routers the client is probably away; `None` where the kernel did not tell.
    pub hops_away: Option<u8>,
    /// How far the response may travel.
    pub reach: Reach,
    /// How long it took from the event that brought the request's last byte until the response was
    /// ready to be sent, in microseconds.
    pub micros: u64,
}

impl RequestRecord {
    /// The client's distance and the hop limit, where a token was sent that cannot arrive unless the
    /// client chose an unusual initial TTL.
    pub fn undeliverable(&self) -> Option<(u8, u8)> {
        undeliverable(self.reach, self.hops_away)
    }
}

/// See [`RequestRecord::undeliverable`].
pub(crate) fn undeliverable(reach: Reach, hops_away: Option<u8>) -> Option<(u8, u8)> {
    match (reach, hops_away) {
        (Reach::Hops(limit), Some(hops)) if !reach.covers(hops) => Some((hops, limit.get())),
        _ => None,
    }
}

/// A subscription: the records since it began, in the order in which each thread answered them.
///
/// Dropping it ends the subscription.
pub struct Requests {
    queue: Arc<Queue>,
    subscribers: Weak<Subscribers>,
}

/// A subscriber's records that wait to be taken.
struct Queue {
    records: ArrayQueue<RequestRecord>,
    /// How many records with `IMDSv2` may wait; the rest of the capacity is for `IMDSv1`.
    most_v2: usize,
    /// Each thread that answers counts in a line of its own of the cache.
    dropped: [CachePadded<AtomicU64>; LINES],
    reader_sleeps: AtomicBool,
    /// The thread that waits in [`Requests::next`].
    reader: Mutex<Option<Thread>>,
    is_closed: AtomicBool,
}

/// All subscribers of a service. Threads that answer read the list without a lock.
#[derive(Default)]
pub(crate) struct Subscribers {
    queues: Arc<ArcSwap<Queues>>,
    publishers: AtomicUsize,
}

type Queues = Vec<Arc<Queue>>;

/// One thread's view of the subscribers.
pub(crate) struct Publisher {
    /// A comparison tells that it is still the list in force.
    queues: Cache<Arc<ArcSwap<Queues>>, Arc<Queues>>,
    line: usize,
}

impl Subscribers {
    /// See [`Service::subscribe`](crate::Service::subscribe).
    pub(crate) fn subscribe(self: &Arc<Self>, capacity: usize, kept_for_v1: usize) -> Requests {
        let capacity = capacity.max(1);
        let queue = Arc::new(Queue {
            records: ArrayQueue::new(capacity),
            most_v2: capacity.saturating_sub(kept_for_v1),
            dropped: <_>::default(),
            reader_sleeps: AtomicBool::new(false),
            reader: Mutex::new(None),
            is_closed: AtomicBool::new(false),
        });
        self.queues.rcu(|queues| {
            let mut queues = Vec::clone(queues);
            queues.push(Arc::clone(&queue));
            queues
        });
        Requests { queue, subscribers: Arc::downgrade(self) }
    }

    pub(crate) fn publisher(&self) -> Publisher {
        let line = self.publishers.fetch_add(1, Ordering::Relaxed) % LINES;
        Publisher { queues: Cache::new(Arc::clone(&self.queues)), line }
    }
}

/// The service has ended: nothing more comes.
impl Drop for Subscribers {
    fn drop(&mut self) {
        for queue in self.queues.load().iter() {
            queue.close();
        }
    }
}

impl Publisher {
    /// Gives every subscriber the record of a request with `version`, which is made only if one of them has
    /// room for it. Never waits.
    pub(crate) fn publish(&mut self, version: ImdsVersion, record: impl FnOnce() -> RequestRecord) {
        let queues = self.queues.load();
        let Some((last, others)) = queues.split_last() else { return };
        if !queues.iter().any(|queue| queue.has_room(version)) {
            queues.iter().for_each(|queue| queue.drop_one(self.line));
            return;
        }
        let record = record();
        for queue in others {
            queue.push(record.clone(), self.line);
        }
        last.push(record, self.line);
    }
}

impl Queue {
    fn has_room(&self, version: ImdsVersion) -> bool {
        match version {
            ImdsVersion::V1 => !self.records.is_full(),
            ImdsVersion::V2 => self.records.len() < self.most_v2,
        }
    }

    fn push(&self, record: RequestRecord, line: usize) {
        if !self.has_room(record.version) || self.records.push(record).is_err() {
            self.drop_one(line);
        }
        self.wake();
    }

    fn drop_one(&self, line: usize) {
        self.dropped[line].fetch_add(1, Ordering::Relaxed);
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
        self.wake();
    }

    fn wake(&self) {
        if self.reader_sleeps.load(Ordering::SeqCst)
            && self.reader_sleeps.swap(false, Ordering::SeqCst)
            && let Some(reader) = &*self.reader.lock().unwrap_or_else(PoisonError::into_inner)
        {
            reader.unpark();
        }
    }
}

impl Requests {
    /// The next record, if one waits.
    pub fn try_next(&self) -> Option<RequestRecord> {
        self.queue.records.pop()
    }

    /// The next record; waits for it. `None` once the service has ended, or
    /// [`close`](RequestsCloser::close) was called, and no record is left.
    pub fn next(&self) -> Option<RequestRecord> {
        loop {
            // Read first: a record put in before the end is still seen below.
            let is_closed = self.is_closed();
            if let Some(record) = self.try_next() {
                return Some(record);
            }
            if is_closed {
                return None;
            }
            self.sleep();
        }
    }

    /// How many records were dropped since this was last called, because the queue was full.
    pub fn take_dropped(&self) -> u64 {
        self.queue.dropped.iter().map(|line| line.swap(0, Ordering::Relaxed)).sum()
    }

    /// Whether nothing more comes: the service has ended, or [`close`](RequestsCloser::close) was called.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed.load(Ordering::SeqCst)
    }

    /// Ends the subscription from another thread.
    pub fn closer(&self) -> RequestsCloser {
        RequestsCloser(Arc::clone(&self.queue))
    }

    /// Sleeps until a record comes. The queue is looked at once more after the flag is up: a record
    /// put in between would wait for the next.
    fn sleep(&self) {
        *self.queue.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        self.queue.reader_sleeps.store(true, Ordering::SeqCst);
        if self.queue.records.is_empty() && !self.is_closed() {
            thread::park();
        }
        self.queue.reader_sleeps.store(false, Ordering::SeqCst);
    }
}

/// Ends a subscription from another thread.
pub struct RequestsCloser(Arc<Queue>);

impl RequestsCloser {
    /// Ends it: [`Requests::next`] gives the records that wait, and then `None`.
    pub fn close(&self) {
        self.0.close();
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        let Some(subscribers) = self.subscribers.upgrade() else { return };
        subscribers.queues.rcu(|queues| {
            let others = queues.iter().filter(|queue| !Arc::ptr_eq(queue, &self.queue));
            others.cloned().collect::<Vec<_>>()
        });
    }
}

#[cfg(test)]
mod tests {
    use imds_core::Launch;

    use super::*;

    fn record(path: &str) -> RequestRecord {
        RequestRecord {
            unix_ms: 1_700_000_000_042,
            link: LinkId(0),
            peer: "10.0.0.9:4242".parse().unwrap(),
            endpoint: Arc::new(Endpoint::new(&Launch::default().resolve().unwrap())),
            version: ImdsVersion::V2,
            method: Some(Method::Put),
            path: LoggedText::new(path),
            sent: None,
            agent: None,
            status: Status::Ok,
            refusal: None,
            fault: None,
            hops_away: Some(1),
            reach: Reach::Hops("1".parse().unwrap()),
            micros: 5,
        }
    }

    fn path(record: &RequestRecord) -> String {
        let mut text = String::new();
        record.path.escape(&mut text);
        text
    }

    #[test]
    fn a_full_queue_drops_records_and_counts_them() {
        let subscribers = Arc::new(Subscribers::default());
        let mut publisher = subscribers.publisher();
        publisher.publish(ImdsVersion::V2, || unreachable!("nobody has subscribed"));
        let none = subscribers.subscribe(1, 0);
        publisher.publish(ImdsVersion::V2, || record("first"));
        publisher.publish(ImdsVersion::V2, || unreachable!("nobody has room"));
        assert_eq!(none.take_dropped(), 1);
        drop(none);
        let (few, many) = (subscribers.subscribe(2, 0), subscribers.subscribe(100, 0));
        for number in 0..5 {
            publisher.publish(ImdsVersion::V2, || record(&number.to_string()));
        }
        assert_eq!([few.take_dropped(), few.take_dropped(), many.take_dropped()], [3, 0, 0]);
        let paths = |requests: &Requests| -> Vec<_> {
            std::iter::from_fn(|| requests.try_next()).map(|it| path(&it)).collect()
        };
        assert_eq!(paths(&few), ["/0", "/1"]);
        assert_eq!(paths(&many), ["/0", "/1", "/2", "/3", "/4"]);
        drop((few, many));
        publisher.publish(ImdsVersion::V2, || unreachable!("all subscriptions have ended"));
    }

    #[test]
    fn places_for_v1_are_not_taken_by_v2() {
        let subscribers = Arc::new(Subscribers::default());
        let requests = subscribers.subscribe(4, 1);
        let mut publisher = subscribers.publisher();
        for (number, version) in
            [ImdsVersion::V2; 5].into_iter().chain([ImdsVersion::V1; 2]).enumerate()
        {
            publisher.publish(version, || RequestRecord { version, ..record(&number.to_string()) });
        }
        let paths: Vec<_> =
            std::iter::from_fn(|| requests.try_next()).map(|it| path(&it)).collect();
        assert_eq!(paths, ["/0", "/1", "/2", "/5"]);
        assert_eq!(requests.take_dropped(), 3);
    }

    #[test]
    fn a_reader_gets_every_record_and_then_the_end() {
        let subscribers = Arc::new(Subscribers::default());
        let requests = subscribers.subscribe(4096, 0);
        let mut publisher = subscribers.publisher();
        let reader = thread::spawn(move || std::iter::from_fn(|| requests.next()).count());
        for _ in 0..1000 {
            publisher.publish(ImdsVersion::V2, || record("x"));
        }
        drop(subscribers);
        assert_eq!(reader.join().unwrap(), 1000);
    }

    #[test]
    fn a_closed_subscription_ends_the_wait() {
        let subscribers = Arc::new(Subscribers::default());
        let requests = subscribers.subscribe(1, 0);
        let closer = requests.closer();
        let reader = thread::spawn(move || requests.next().is_none());
        closer.close();
        assert!(reader.join().unwrap());
    }

    #[test]
    fn only_a_token_can_be_undeliverable() {
        let at = |hops_away, reach| undeliverable(reach, hops_away);
        let one = Reach::Hops("1".parse().unwrap());
        assert_eq!(at(Some(1), one), Some((1, 1)));
        assert_eq!(at(Some(0), one), None);
        assert_eq!(at(None, one), None);
        assert_eq!(at(Some(9), Reach::Anywhere), None);
    }
}
