//! Counts of requests, per instance and per link.
//!
//! Each thread that answers counts for itself, so that no two threads write to one cache line; to
//! read is to add up. Counts of instances that are gone go into a sum of their own: totals never fall.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use imds_core::InstanceId;
use imds_core::request::PathGroup;
use imds_core::response::{ImdsVersion, Status};

use crate::count::Count;
use crate::faults::FaultCounters;
use crate::latency::Histogram;
use crate::link::LinkId;
use crate::shards::{PARTS, part};
use crate::snapshot::{CounterSnapshot, Counts, LinkCounts, STATUSES, column, row};
use crate::table::{CurrentTable, Served};

/// One thread's counts of one instance.
#[derive(Debug, Default)]
pub(crate) struct InstanceCounters {
    requests: [[Count; STATUSES.len()]; 2],
    tokens: Count,
    undeliverable: Count,
    lost: Count,
    bytes: Count,
    connections: Count,
    closed: Count,
}

impl InstanceCounters {
    pub(crate) fn request(&self, version: ImdsVersion, status: Status, bytes: usize) {
        self.requests[row(version)][column(status)].add(1);
        self.bytes.add(bytes as u64);
    }

    pub(crate) fn token(&self, is_undeliverable: bool) {
        self.tokens.add(1);
        self.undeliverable.add(is_undeliverable.into());
    }

    pub(crate) fn lost(&self) {
        self.lost.add(1);
    }

    pub(crate) fn connected(&self) {
        self.connections.add(1);
    }

    pub(crate) fn disconnected(&self) {
        self.closed.add(1);
    }

    fn read(&self) -> Counts {
        let closed = self.closed.get();
        Counts {
            requests: self.requests.each_ref().map(|row| row.each_ref().map(Count::get)),
            tokens: self.tokens.get(),
            undeliverable: self.undeliverable.get(),
            lost: self.lost.get(),
            bytes: self.bytes.get(),
            connections: self.connections.get(),
            open: self.connections.get().saturating_sub(closed),
        }
    }
}

/// One thread's counts of one link.
#[derive(Debug, Default)]
pub(crate) struct LinkCounters {
    requests: Count,
    v1: Count,
    connections: Count,
    closed: Count,
}

impl LinkCounters {
    pub(crate) fn request(&self, version: ImdsVersion) {
        self.requests.add(1);
        self.v1.add((version == ImdsVersion::V1).into());
    }

    pub(crate) fn connected(&self) {
        self.connections.add(1);
    }

    pub(crate) fn disconnected(&self) {
        self.closed.add(1);
    }

    fn read(&self) -> LinkCounts {
        // Closed first, and IMDSv1 before all: no part may exceed its whole.
        let (closed, v1) = (self.closed.get(), self.v1.get());
        let connections = self.connections.get();
        let open = connections.saturating_sub(closed);
        LinkCounts { connections, open, requests: self.requests.get(), v1 }
    }
}

/// One thread's counts of all instances, in as many parts as the table has. Each has a lock of its own: the thread
/// does not wait long for who reads them all.
#[derive(Debug)]
struct Instances(Box<[Mutex<OfInstances>]>);

type OfInstances = HashMap<InstanceId, Arc<InstanceCounters>>;

impl Default for Instances {
    fn default() -> Self {
        Self((0..PARTS).map(|_| Mutex::default()).collect())
    }
}

impl Instances {
    fn part(&self, number: usize) -> MutexGuard<'_, OfInstances> {
        lock(&self.0[number])
    }

    fn part_of(&self, instance: &InstanceId) -> MutexGuard<'_, OfInstances> {
        self.part(part(instance))
    }
}

/// One thread's counts.
#[derive(Debug, Default)]
pub(crate) struct WorkerCounters {
    instances: Instances,
    links: Mutex<HashMap<LinkId, Arc<LinkCounters>>>,
    groups: [[[Count; STATUSES.len()]; 2]; PathGroup::ALL.len()],
    pub(crate) faults: FaultCounters,
    pub(crate) latency: Histogram,
    connected: Count,
    disconnected: Count,
}

impl WorkerCounters {
    /// The counts of an instance. Takes a lock, so a connection asks once for each instance.
    pub(crate) fn of(&self, instance: &InstanceId) -> Arc<InstanceCounters> {
        let mut instances = self.instances.part_of(instance);
        if let Some(known) = instances.get(instance) {
            return Arc::clone(known);
        }
        Arc::clone(instances.entry(instance.clone()).or_default())
    }

    /// Counts of a link that was attached now.
    pub(crate) fn of_link(&self, link: LinkId) -> Arc<LinkCounters> {
        Arc::clone(self.links().entry(link).or_default())
    }

    /// Forgets the counts of a link that was detached, and gives the last ones.
    pub(crate) fn forget_link(&self, link: LinkId) -> LinkCounts {
        self.links().remove(&link).map(|counters| counters.read()).unwrap_or_default()
    }

    pub(crate) fn request(&self, group: PathGroup, version: ImdsVersion, status: Status) {
        self.groups[group as usize][row(version)][column(status)].add(1);
    }

    pub(crate) fn connected(&self) {
        self.connected.add(1);
    }

    pub(crate) fn disconnected(&self) {
        self.disconnected.add(1);
    }

    /// What this thread counted of an instance, if it answered for it.
    pub(crate) fn of_instance(&self, instance: &InstanceId) -> Option<Counts> {
        self.instances.part_of(instance).get(instance).map(|counters| counters.read())
    }

    /// Adds to `snapshot` what is not counted by instance.
    fn add_to(&self, snapshot: &mut CounterSnapshot) {
        for (id, counters) in self.links().iter() {
            *snapshot.links.entry(*id).or_default() += counters.read();
        }
        let groups = self.groups.iter().flatten().flatten();
        let sums = snapshot.groups.0.iter_mut().flatten().flatten();
        sums.zip(groups).for_each(|(sum, count)| *sum += count.get());
        self.faults.add_to(&mut snapshot.faults);
        self.latency.add_to(&mut snapshot.latency);
        // Closed first: a connection that opens in between must not make it negative.
        let closed = self.disconnected.get();
        snapshot.connections += self.connected.get().saturating_sub(closed);
    }

    fn links(&self) -> MutexGuard<'_, HashMap<LinkId, Arc<LinkCounters>>> {
        lock(&self.links)
    }
}

fn lock<T>(of_thread: &Mutex<T>) -> MutexGuard<'_, T> {
    of_thread.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a service's counters.
#[derive(Clone)]
pub struct CounterReader(Arc<Readable>);

struct Readable {
    workers: Vec<Arc<WorkerCounters>>,
    table: CurrentTable,
    kept: Mutex<Kept>,
}

/// What one reading leaves to the next.
struct Kept {
    /// Counts of instances that are gone.
    gone: Counts,
    /// Parts of the table that have all instances which threads have counts of: none of those is gone as long as
    /// the part is in the table.
    swept: Vec<Weak<HashMap<InstanceId, Served>>>,
}

impl CounterReader {
    pub(crate) fn new(workers: Vec<Arc<WorkerCounters>>, table: CurrentTable) -> Self {
        let kept =
            Kept { gone: Counts::default(), swept: (0..PARTS).map(|_| Weak::new()).collect() };
        Self(Arc::new(Readable { workers, table, kept: Mutex::new(kept) }))
    }

    /// What was counted since the start.
    pub fn read(&self) -> CounterSnapshot {
        self.read_each(|_, _| ())
    }

    /// The same, and shows to `visit` what each thread counted of each instance that is served and had
    /// requests. Their sums are at most those of the snapshot.
    pub fn read_each(&self, mut visit: impl FnMut(&InstanceId, &Counts)) -> CounterSnapshot {
        let Readable { workers, table, kept } = &*self.0;
        let mut kept = lock(kept);
        let Kept { gone, swept } = &mut *kept;
        let table = table.load();
        let all = gone.clone();
        let mut snapshot = CounterSnapshot { served: table.len(), all, ..<_>::default() };
        for (number, (served, swept)) in table.instance_parts().iter().zip(swept).enumerate() {
            // To look up each of 100,000 instances takes longer than all else.
            let was_swept = std::ptr::eq(swept.as_ptr(), Arc::as_ptr(served));
            let mut is_swept = true;
            for worker in workers {
                worker.instances.part(number).retain(|id, counters| {
                    let counts = counters.read();
                    snapshot.all += &counts;
                    if !was_swept && !served.contains_key(id) {
                        // While a connection still counts here, nothing may be taken away.
                        if Arc::strong_count(counters) == 1 {
                            *gone += &counts;
                            return false;
                        }
                        is_swept = false;
                    }
                    visit(id, &counts);
                    true
                });
            }
            *swept = if is_swept { Arc::downgrade(served) } else { Weak::new() };
        }
        for worker in workers {
            worker.add_to(&mut snapshot);
        }
        snapshot
    }

    /// What was counted of one instance, if it had requests.
    pub fn read_instance(&self, id: &InstanceId) -> Option<Counts> {
        let mut counts = self.0.workers.iter().filter_map(|worker| worker.of_instance(id));
        let mut sum = counts.next()?;
        counts.for_each(|more| sum += &more);
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use arc_swap::ArcSwap;
    use imds_core::Launch;

    use super::*;
    use crate::table::{Served, Table, Update};

    fn id(text: &str) -> InstanceId {
        text.parse().unwrap()
    }

    fn table(ids: &[&str]) -> CurrentTable {
        let served = |id: &str| {
            let launch = Launch { instance_id: Some(id.parse().unwrap()), ..<_>::default() };
            Served::new(&launch.resolve().unwrap(), std::iter::empty())
        };
        let instances = ids.iter().map(|it| (id(it), Some(served(it)))).collect();
        let table = Table::default().updated(Update { instances, ..<_>::default() });
        CurrentTable::new(ArcSwap::from_pointee(table))
    }

    #[test]
    fn threads_are_added_up_and_totals_outlive_instances() {
        let workers: Vec<Arc<WorkerCounters>> = vec![Arc::default(), Arc::default()];
        let (here, gone) = (id("i-11111111"), id("i-22222222"));
        for worker in &workers {
            worker.connected();
            worker.of(&here).connected();
            worker.of(&here).request(ImdsVersion::V2, Status::Ok, 100);
            worker.of(&gone).request(ImdsVersion::V1, Status::Unauthorized, 10);
        }
        workers[0].disconnected();
        workers[0].of(&here).token(true);
        workers[1].of(&here).lost();
        let reader = CounterReader::new(workers, table(&[here.as_str()]));
        for reader in [&reader, &reader.clone()] {
            let mut counts = Counts::default();
            let snapshot = reader.read_each(|id, of_one| {
                assert_eq!(id, &here);
                counts += of_one;
            });
            assert_eq!(counts.requests(ImdsVersion::V2, Status::Ok), 2);
            assert_eq!([counts.tokens, counts.undeliverable, counts.lost], [1, 1, 1]);
            assert_eq!([counts.connections, counts.open, counts.bytes], [2, 2, 200]);
            let v1 = snapshot.all.version(ImdsVersion::V1);
            assert_eq!(v1, 2, "also of the instance that is gone");
            assert_eq!([snapshot.all.total(), snapshot.connections], [4, 1]);
        }
    }

    #[test]
    fn instances_that_are_gone_are_summed_once_no_connection_counts_for_them() {
        let (here, leaves) = ("i-11111111", "i-22222222");
        let current = table(&[here, leaves]);
        let worker = Arc::new(WorkerCounters::default());
        let reader = CounterReader::new(vec![Arc::clone(&worker)], Arc::clone(&current));
        let connection = worker.of(&id(leaves));
        connection.request(ImdsVersion::V2, Status::Ok, 10);
        worker.of(&id(here)).request(ImdsVersion::V2, Status::Ok, 10);
        let seen = || {
            let mut seen = Vec::new();
            let snapshot = reader.read_each(|id, _| seen.push(id.to_string()));
            assert_eq!(snapshot.all.total(), 2);
            seen.sort();
            seen
        };
        assert_eq!(seen(), [here, leaves]);
        let update = Update { instances: vec![(id(leaves), None)], ..<_>::default() };
        current.store(Arc::new(current.load().updated(update)));
        assert_eq!(seen(), [here, leaves], "a connection still counts");
        drop(connection);
        assert_eq!(seen(), [here], "looked for again, though the table is the same");
        assert_eq!(seen(), [here]);
        assert!(reader.read_instance(&id(leaves)).is_none());
    }
}
