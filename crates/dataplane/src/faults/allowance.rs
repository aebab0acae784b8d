//! The packets that each interface may send in a second.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::link::LinkId;

/// An interface: a link, and the source address of what comes through it.
pub(crate) type Interface = (LinkId, IpAddr);

/// How many interfaces are remembered; of more, those that are idle are forgotten.
const INTERFACES: usize = 4096;

const SECOND: Duration = Duration::from_secs(1);

/// For each interface, when all of its packets would have been sent at the allowed pace. It may be ahead
/// by a second's packets.
#[derive(Default)]
pub(super) struct Allowance(Mutex<HashMap<Interface, Instant>>);

impl Allowance {
    /// Takes so many packets from what an interface may send; `false` where they are too many.
    pub(super) fn take(
        &self,
        interface: Interface,
        packets: u32,
        per_second: NonZeroU32,
        now: Instant,
    ) -> bool {
        let mut interfaces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if interfaces.len() >= INTERFACES && !interfaces.contains_key(&interface) {
            interfaces.retain(|_, sent_at| *sent_at > now);
        }
        let sent_at = interfaces.get(&interface).map_or(now, |sent_at| (*sent_at).max(now));
        let sent_at = sent_at + SECOND * packets / per_second.get();
        let is_allowed = sent_at <= now + SECOND;
        if is_allowed {
            interfaces.insert(interface, sent_at);
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_its_packets_and_no_more() {
        let (allowance, start) = (Allowance::default(), Instant::now());
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|it| (LinkId(1), it.parse().unwrap()));
        let per_second = 1024.try_into().unwrap();
        let taken = |interface, packets, ms| {
            let now = start + Duration::from_millis(ms);
            let is_allowed = || allowance.take(interface, packets, per_second, now);
            (0..10_000).take_while(|_| is_allowed()).count()
        };
        assert_eq!(taken(one, 6, 0), 170);
        assert_eq!(taken(one, 6, 0), 0);
        assert_eq!(taken(other, 2, 0), 512, "each interface has its own");
        assert_eq!(taken(one, 6, 500), 86, "half a second's packets, and what was left");
        assert_eq!(taken(one, 6, 5000), 170, "an idle second is not saved up twice");
    }
}
