//! What is read of the counters: numbers of one moment.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use imds_core::request::PathGroup;
use imds_core::response::{ImdsVersion, Status};

use crate::faults::FaultCounts;
use crate::latency::Latency;
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
    pub(crate) requests: [[u64; STATUSES.len()]; 2],
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
pub struct GroupCounts(pub(crate) [[[u64; STATUSES.len()]; 2]; PathGroup::ALL.len()]);

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

pub(crate) fn row(version: ImdsVersion) -> usize {
    match version {
        ImdsVersion::V1 => 0,
        ImdsVersion::V2 => 1,
    }
}

pub(crate) fn column(status: Status) -> usize {
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

    #[test]
    fn each_status_has_a_column_of_its_own() {
        for (index, status) in STATUSES.into_iter().enumerate() {
            assert_eq!(column(status), index, "{status:?}");
        }
    }
}
