//! The judgement: facts in, findings out, in the order in which a person should read them.

mod here;
mod service;
mod way;

use super::facts::Facts;
use super::{Finding, Verdict};

/// Every check that is always made, in order.
const CHECKS: [fn(&Facts) -> Finding; 12] = [
    here::settings,
    here::sources,
    here::proxy,
    here::firewall,
    way::route,
    way::distance,
    service::service,
    service::token,
    service::mode,
    way::ipv6,
    service::role,
    service::clock,
];

/// All findings. What other clients lose is only said where they lose something.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let findings = CHECKS.iter().map(|check| check(facts));
    findings.chain(service::caller(facts)).chain(here::programs(facts)).collect()
}

impl Facts {
    fn id(&self) -> &str {
        self.instance_id.as_deref().unwrap_or(super::mends::UNKNOWN_ID)
    }

    /// Whether packets for the service come back at all.
    fn is_connected(&self) -> bool {
        self.hops.is_ok()
    }
}

/// A verdict that nothing could be seen to base one on.
fn unseen(check: &'static str) -> Finding {
    Finding::new(check, Verdict::Unknown, "not connected")
}

#[cfg(test)]
mod tests;
