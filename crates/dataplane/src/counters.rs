//! Counts of requests, per instance and per link.
//!
//! Each thread that answers counts for itself, so that no two threads write to one cache line; to
//! read is to add up. Counts of instances that are gone go into a sum of their own: totals never fall.

use std::collections::{BTreeMap, HashMap};
use std::ops::AddAssign;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use imds_core::InstanceId;
use imds_core::request::PathGroup;
use imds_core::response::{ImdsVersion, Status};

use crate::count::Count;
use crate::faults::{FaultCounters, FaultCounts};
use crate::latency::{Histogram, Latency};
use crate::link::LinkId;

/// The statuses that are counted apart, in this order.
pub(crate) const STATUSES: [Status; 10] = [
    Status::Ok,
    Status::BadRequest,
    Status::Unauthorized,
    Status::Forbidden,
    Status::NotFound,
    Status::NotAllowed,
    Status::ExpectationFailed,
    Status::ServiceUnavailable,
    Status::TooManyRequests,
    Status::InternalServerError,
];

/// What was counted, of one instance or in all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Answered requests, by the version used and the status of the response.
    requests: [[u64; STATUSES.len()]; 2],
    /// Session tokens minted.
    pub tokens: u64,
    /// Session tokens sent that the client, by its distance, cannot receive.
    pub undeliverable: u64,
    /// Clients reset because their token was lost (`--stall`).
    pub lost: u64,
    /// Bytes of responses, heads included.
    pub bytes: u64,
    /// Connections whose first request was for the instance.
    pub connections: u64,
    /// Those of them that are open.
    pub open: u64,
}

impl Counts {
    /// Answered requests of one version with one status.
    pub fn requests(&self, version: ImdsVersion, status: Status) -> u64 {
        self.requests[row(version)][column(status)]
    }

    /// Answered requests of one version.
    pub fn version(&self, version: ImdsVersion) -> u64 {
        self.requests[row(version)].iter().sum()
    }

    /// Counts `more` answered requests of one version with one status.
    pub fn add_requests(&mut self, version: ImdsVersion, status: Status, more: u64) {
        self.requests[row(version)][column(status)] += more;
    }

    /// All answered requests.
    pub fn total(&self) -> u64 {
        self.requests.iter().flatten().sum()
    }
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, other: &Counts) {
        // Every count is named, so that the compiler asks about a new one.
        let Counts { requests, tokens, undeliverable, lost, bytes, connections, open } = other;
        for (sum, more) in self.requests.iter_mut().flatten().zip(requests.iter().flatten()) {
            *sum += more;
        }
        self.tokens += tokens;
        self.undeliverable += undeliverable;
        self.lost += lost;
        self.bytes += bytes;
        self.connections += connections;
        self.open += open;
    }
}

/// What was counted of one link, since it was attached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LinkCounts {
    /// Connections accepted.
    pub connections: u64,
    /// Those of them that are open.
    pub open: u64,
    /// Answered requests.
    pub requests: u64,
    /// Those of them that used IMDSv1.
    pub v1: u64,
}

impl AddAssign for LinkCounts {
    fn add_assign(&mut self, other: Self) {
        let Self { connections, open, requests, v1 } = other;
        self.connections += connections;
        self.open += open;
        self.requests += requests;
        self.v1 += v1;
    }
}

/// Answered requests of all instances together, by what they asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct GroupCounts([[[u64; STATUSES.len()]; 2]; PathGroup::ALL.len()]);

impl GroupCounts {
    /// Those of one group and version with one status.
    pub fn requests(&self, group: PathGroup, version: ImdsVersion, status: Status) -> u64 {
        self.0[group as usize][row(version)][column(status)]
    }

    /// All that are not zero.
    pub fn iter(&self) -> impl Iterator<Item = (PathGroup, ImdsVersion, Status, u64)> {
        PathGroup::ALL.into_iter().flat_map(move |group| {
            [ImdsVersion::V1, ImdsVersion::V2].into_iter().flat_map(move |version| {
                STATUSES.into_iter().filter_map(move |status| {
                    let count = self.requests(group, version, status);
                    (count > 0).then_some((group, version, status, count))
                })
            })
        })
    }
}

/// All counts at one moment.
#[derive(Clone, Debug, Default)]
pub struct CounterSnapshot {
    /// How many instances are served.
    pub served: usize,
    /// Of each instance that is served and had requests.
    pub instances: HashMap<InstanceId, Counts>,
    /// Of each link that is attached.
    pub links: BTreeMap<LinkId, LinkCounts>,
    /// Of all instances, those that are gone included.
    pub all: Counts,
    /// The same requests, by what they asked for.
    pub groups: GroupCounts,
    /// Those of them that faults hit.
    pub faults: FaultCounts,
    /// How long responses took to be ready, where that is measured.
    pub latency: Latency,
    /// Connections that were open, with or without a request.
    pub connections: u64,
}

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

/// One thread's counts.
#[derive(Debug, Default)]
pub(crate) struct WorkerCounters {
    instances: Mutex<HashMap<InstanceId, Arc<InstanceCounters>>>,
    links: Mutex<HashMap<LinkId, Arc<LinkCounters>>>,
    /// Of instances that are gone.
    gone: Mutex<Counts>,
    groups: [[[Count; STATUSES.len()]; 2]; PathGroup::ALL.len()],
    pub(crate) faults: FaultCounters,
    pub(crate) latency: Histogram,
    connected: Count,
    disconnected: Count,
}

impl WorkerCounters {
    /// The counts of an instance. Takes a lock, so a connection asks once for each instance.
    pub(crate) fn of(&self, instance: &InstanceId) -> Arc<InstanceCounters> {
        let mut instances = self.instances();
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

    /// Adds these counts to `snapshot`. `is_served` tells which instances are still there.
    pub(crate) fn add_to(
        &self,
        snapshot: &mut CounterSnapshot,
        is_served: impl Fn(&InstanceId) -> bool,
    ) {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        self.instances().retain(|id, counters| {
            let counts = counters.read();
            // While a connection still counts here, nothing may be taken away.
            if !is_served(id) && Arc::strong_count(counters) == 1 {
                *gone += &counts;
                return false;
            }
            snapshot.all += &counts;
            *snapshot.instances.entry(id.clone()).or_default() += &counts;
            true
        });
        snapshot.all += &gone;
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
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn instances(&self) -> MutexGuard<'_, HashMap<InstanceId, Arc<InstanceCounters>>> {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn row(version: ImdsVersion) -> usize {
    match version {
        ImdsVersion::V1 => 0,
        ImdsVersion::V2 => 1,
    }
}

fn column(status: Status) -> usize {
    match status {
        Status::Ok => 0,
        Status::BadRequest => 1,
        Status::Unauthorized => 2,
        Status::Forbidden => 3,
        Status::NotFound => 4,
        Status::NotAllowed => 5,
        Status::ExpectationFailed => 6,
        Status::ServiceUnavailable => 7,
        Status::TooManyRequests => 8,
        Status::InternalServerError => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> InstanceId {
        text.parse().unwrap()
    }

    #[test]
    fn each_status_has_a_column_of_its_own() {
        for (index, status) in STATUSES.into_iter().enumerate() {
            assert_eq!(column(status), index, "{status:?}");
        }
    }

    #[test]
    fn threads_are_added_up_and_totals_outlive_instances() {
        let (one, other) = (WorkerCounters::default(), WorkerCounters::default());
        let (here, gone) = (id("i-11111111"), id("i-22222222"));
        for worker in [&one, &other] {
            worker.connected();
            worker.of(&here).connected();
            worker.of(&here).request(ImdsVersion::V2, Status::Ok, 100);
            worker.of(&gone).request(ImdsVersion::V1, Status::Unauthorized, 10);
        }
        one.disconnected();
        one.of(&here).token(true);
        other.of(&here).lost();
        let read = || {
            let mut snapshot = CounterSnapshot::default();
            for worker in [&one, &other] {
                worker.add_to(&mut snapshot, |instance| *instance == here);
            }
            snapshot
        };
        for snapshot in [read(), read()] {
            assert_eq!(snapshot.instances.keys().collect::<Vec<_>>(), [&here]);
            let counts = &snapshot.instances[&here];
            assert_eq!(counts.requests(ImdsVersion::V2, Status::Ok), 2);
            assert_eq!([counts.tokens, counts.undeliverable, counts.lost], [1, 1, 1]);
            assert_eq!([counts.connections, counts.open, counts.bytes], [2, 2, 200]);
            assert_eq!(
                snapshot.all.version(ImdsVersion::V1),
                2,
                "also of the instance that is gone"
            );
            assert_eq!([snapshot.all.total(), snapshot.connections], [4, 1]);
        }
    }
}
