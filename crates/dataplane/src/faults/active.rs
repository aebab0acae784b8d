//! A fault in force: which requests it hits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use imds_core::InstanceId;
use imds_core::fault::{Concern, Draw, FaultKinds, FaultRule, Interference};

use super::allowance::{Allowance, Interface};
use super::status::{FaultEnd, FaultState, FaultStatus};

/// A rule in force. Its counts are written by all threads that answer, which only requests pay for that it
/// is about.
pub(crate) struct ActiveFault {
    id: u32,
    rule: FaultRule,
    since: Instant,
    /// Requests that it was about.
    requests: AtomicU64,
    /// Those that were hit.
    hits: AtomicU64,
    allowance: Allowance,
}

/// Where a request comes from, and how many packets it takes.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) interface: Interface,
    pub(crate) packets: u32,
}

/// What faults do to one request.
pub(crate) struct Struck {
    /// The first fault that hit it.
    pub(crate) id: u32,
    pub(crate) interference: Interference,
    /// Whose packets were dropped, so that they are to be sent again.
    pub(crate) dropped: Option<(Arc<ActiveFault>, Origin)>,
}

impl ActiveFault {
    pub(super) fn new(id: u32, rule: FaultRule, now: Instant) -> Self {
        let (requests, hits) = <_>::default();
        Self { id, rule, since: now, requests, hits, allowance: Allowance::default() }
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn is_of(&self, instance: &InstanceId) -> bool {
        self.rule.instance.as_ref().is_none_or(|id| id == instance)
    }

    pub(super) fn status(&self, now: Instant) -> FaultStatus {
        FaultStatus {
            id: self.id,
            rule: self.rule.clone(),
            requests: self.requests.load(Ordering::Relaxed),
            hits: self.hits.load(Ordering::Relaxed),
            state: self.state(now),
        }
    }

    fn state(&self, now: Instant) -> FaultState {
        if self.rule.count.is_some_and(|count| self.hits.load(Ordering::Relaxed) >= count) {
            return FaultState::Ended(FaultEnd::Count);
        }
        let age = now.saturating_duration_since(self.since);
        let Some(duration) = self.rule.duration else { return FaultState::Active(None) };
        match duration.checked_sub(age) {
            Some(left) if !left.is_zero() => FaultState::Active(Some(left)),
            _ => FaultState::Ended(FaultEnd::Duration),
        }
    }

    /// The draw of a request that is hit.
    fn hit(&self, concern: &Concern<'_>, origin: Origin, now: Instant) -> Option<Draw> {
        if !self.rule.concerns(concern) || !matches!(self.state(now), FaultState::Active(_)) {
            return None;
        }
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let draw = self.rule.draw(self.rule.seed.unwrap_or(0), number)?;
        if self.lets_through(origin, now) {
            return None;
        }
        // Another thread may have had the last one meanwhile.
        let most = self.rule.count.unwrap_or(u64::MAX);
        let next = |hits: u64| (hits < most).then(|| hits + 1);
        self.hits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok().map(|_| draw)
    }

    /// Whether a request's packets are within the allowance, which they are taken from; `false` for a fault
    /// of another kind.
    pub(crate) fn lets_through(&self, origin: Origin, now: Instant) -> bool {
        let allowance = self.rule.effects.allowance;
        allowance.is_some_and(|it| self.allowance.take(origin.interface, origin.packets, it, now))
    }
}

/// What `faults` do to a request; `None` where none hits it.
pub(crate) fn strike(
    faults: &[Arc<ActiveFault>],
    concern: &Concern<'_>,
    origin: Origin,
    now: Instant,
) -> Option<Struck> {
    let mut struck: Option<Struck> = None;
    for fault in faults {
        let Some(draw) = fault.hit(concern, origin, now) else { continue };
        let (interference, dropped) = <_>::default();
        let struck = struck.get_or_insert(Struck { id: fault.id, interference, dropped });
        struck.interference.add(&fault.rule.effects, draw);
        if fault.rule.effects.allowance.is_some() {
            struck.dropped = Some((Arc::clone(fault), origin));
        }
    }
    struck
}

impl Struck {
    /// The kinds of all that is done.
    pub(crate) fn kinds(&self) -> FaultKinds {
        self.interference.kinds
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::link::LinkId;

    const CONCERN: Concern<'_> = Concern { path: "latest/user-data", value: b"x" };

    fn fault(text: &str) -> Arc<ActiveFault> {
        Arc::new(ActiveFault::new(1, text.parse().unwrap(), Instant::now()))
    }

    fn origin() -> Origin {
        Origin { interface: (LinkId(1), "10.0.0.1".parse().unwrap()), packets: 6 }
    }

    #[test]
    fn a_count_is_kept_by_all_threads_together() {
        let fault = fault("reset,count=1000");
        let (faults, since) = ([Arc::clone(&fault)], fault.since);
        let hits = || {
            let hit = || strike(&faults, &CONCERN, origin(), since);
            (0..5000).filter(|_| hit().is_some()).count()
        };
        let all: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(hits)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(all, 1000);
        let status = fault.status(since);
        assert_eq!((status.hits, status.state), (1000, FaultState::Ended(FaultEnd::Count)));
    }

    #[test]
    fn a_fault_ends_with_its_duration_and_says_so() {
        let fault = fault("reset,for=5s");
        let at = |seconds| fault.since + Duration::from_secs(seconds);
        let is_hit =
            |seconds| strike(&[Arc::clone(&fault)], &CONCERN, origin(), at(seconds)).is_some();
        assert_eq!([is_hit(0), is_hit(4), is_hit(5)], [true, true, false]);
        let left = Some(Duration::from_secs(1));
        assert_eq!(fault.status(at(4)).state, FaultState::Active(left));
        let status = fault.status(at(5));
        assert_eq!((status.requests, status.hits), (2, 2));
        assert_eq!(status.state, FaultState::Ended(FaultEnd::Duration));
    }

    #[test]
    fn the_requests_of_a_seed_repeat() {
        let hits = || -> Vec<bool> {
            let faults = [fault("reset,share=40%,seed=9")];
            let since = faults[0].since;
            (0..100).map(|_| strike(&faults, &CONCERN, origin(), since).is_some()).collect()
        };
        assert_eq!(hits(), hits());
        assert!(hits().contains(&true) && hits().contains(&false));
    }

    #[test]
    fn an_allowance_hits_what_is_beyond_it() {
        let fault = fault("allowance=12,count=1");
        let hit = || strike(&[Arc::clone(&fault)], &CONCERN, origin(), fault.since);
        assert!(hit().is_none() && hit().is_none());
        let struck = hit().unwrap();
        assert!(struck.dropped.is_some() && struck.interference.response.is_none());
        assert!(hit().is_none(), "it has ended");
        assert_eq!((fault.status(fault.since).requests, fault.status(fault.since).hits), (3, 1));
    }
}
