//! Turns facts into findings, in the order in which a person should read them.

mod local;
mod path;
mod service;

use crate::facts::Facts;
use crate::finding::Finding;

/// The checks that always report, in order.
const CHECKS: [fn(&Facts) -> Finding; 12] = [
    local::settings,
    local::sources,
    local::proxy,
    local::firewall,
    path::route,
    path::distance,
    service::service,
    service::token,
    service::mode,
    path::ipv6,
    service::role,
    service::clock,
];

/// Runs all checks. Another program with this name is reported only if there is one, what other clients lose
/// only where a token is lost.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let findings = CHECKS.iter().map(|check| check(facts));
    let findings = findings.chain(local::command(facts));
    findings.chain(service::caller(facts)).chain(local::programs(facts)).collect()
}

#[cfg(test)]
mod tests;
