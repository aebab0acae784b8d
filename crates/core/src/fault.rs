//! Faults on demand: what a rule does to which requests, for programs that are to be tried against a
//! metadata service that misbehaves. Pure: the number of a request stands for the random draw.
//!
//! 1. [`FaultRule`]: where ([`FaultPath`], an instance), how often ([`FaultShare`], a count, a duration),
//!    and what ([`FaultEffects`]). Its text form, such as `credentials,status=503,share=30%`, is the same
//!    on the command line, in the settings file and in the API;
//! 2. [`FaultRule::concerns`] and [`FaultRule::draw`] decide for one request;
//! 3. an [`Interference`] sums up what all rules do to one response, and changes it.

mod draw;
mod effects;
mod interference;
mod kind;
mod latency;
mod limits;
mod number;
mod parse;
mod path;
mod rule;
#[cfg(test)]
mod tests;
mod text;

pub use draw::Draw;
pub use effects::{FaultEffects, FaultResponse, FaultyBody, FaultyCredentials, Truncation};
pub use interference::Interference;
pub use kind::{FaultKind, FaultKinds};
pub use latency::LatencyDistribution;
pub use limits::{EC2_PACKET_ALLOWANCE, MAX_DELAY, MAX_DURATION};
pub use number::FaultShare;
pub use parse::FaultRuleError;
pub use path::FaultPath;
pub use rule::{Concern, FaultRule};
