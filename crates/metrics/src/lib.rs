//! Metrics of a running service, in the formats that Prometheus reads.
//!
//! - [`server`]: answers `GET /metrics`;
//! - `collector`: counters become metrics, in either text format;
//! - `callers`: which instances have series of their own, so that a scrape stays small with 100,000
//!   of them;
//! - `process`: what any program is asked for: processor time, memory, file descriptors.

mod callers;
mod collector;
mod process;
pub mod server;

use imds_core::InstanceId;
use imds_dataplane::{AgentHealth, CounterSnapshot, Counts};

pub use collector::{Format, Metrics};
pub use server::MetricsServer;

/// Gets what was counted of an instance.
pub type Visit<'a> = &'a mut dyn FnMut(&InstanceId, &Counts);

/// What is measured.
pub struct Sources {
    /// Reads the data path's counters, and shows those of each instance, in parts or whole.
    pub counters: Box<dyn Fn(Visit<'_>) -> CounterSnapshot + Send + Sync>,
    /// Reads the health of the agent, where there is one.
    pub agent: Option<Box<dyn Fn() -> AgentHealth + Send + Sync>>,
    /// Whether other hosts no longer wait for this one, where it shares its state with some.
    pub is_cut_off: Option<Box<dyn Fn() -> bool + Send + Sync>>,
    /// The program's version, such as `0.1.0 (4f3b2a1c0 2026-05-01)`.
    pub version: &'static str,
    /// When the service started, in seconds since 1970.
    pub started_at: u64,
}
