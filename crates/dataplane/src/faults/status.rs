//! What is shown of a fault.

use std::time::Duration;

use imds_core::fault::FaultRule;

/// A fault, and what became of it so far.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultStatus {
    /// Its number, which no other fault of this service ever has.
    pub id: u32,
    /// What it does, with the seed that was chosen.
    pub rule: FaultRule,
    /// Requests that it was about, hit or not.
    pub requests: u64,
    /// Requests that were hit.
    pub hits: u64,
    /// Whether it is in force.
    pub state: FaultState,
}

/// Whether a fault is in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultState {
    /// It is, for this long if nothing else ends it; `None`: until it is removed.
    Active(Option<Duration>),
    /// It is not any more.
    Ended(FaultEnd),
}

/// Why a fault has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultEnd {
    /// Its duration is over.
    Duration,
    /// As many requests were hit as were to be.
    Count,
}

impl FaultStatus {
    /// Whether it is in force.
    pub fn is_active(&self) -> bool {
        matches!(self.state, FaultState::Active(_))
    }
}
