//! Which requests are hit.

use std::time::Duration;

use super::draw::Draw;
use super::effects::{FaultEffects, FaultyBody};
use super::latency::LatencyDistribution;
use super::number::FaultShare;
use super::path::FaultPath;
use crate::ids::InstanceId;

/// A fault: which requests it concerns, and what happens to their responses.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRule {
    /// The instance whose requests are concerned; `None`: those of all.
    pub instance: Option<InstanceId>,
    /// The paths that are concerned.
    pub path: FaultPath,
    /// How many of these requests are hit.
    pub share: FaultShare,
    /// What the draws depend on: the same seed hits the same requests in the order in which they come.
    /// `None`: a random one is chosen when the rule comes into force.
    pub seed: Option<u64>,
    /// How long the rule is in force; `None`: until it is removed.
    pub duration: Option<Duration>,
    /// How many requests are hit at most; `None`: any number.
    pub count: Option<u64>,
    /// What happens to them.
    pub effects: FaultEffects,
}

/// What a rule must know of a request and the response that it would have.
#[derive(Clone, Copy, Debug)]
pub struct Concern<'a> {
    /// The path, plain ([`Path::as_str`](crate::request::Path::as_str)).
    pub path: &'a str,
    /// The body of a 200, empty for any other response and for a `HEAD`.
    pub value: &'a [u8],
}

impl FaultRule {
    /// Whether the rule is about this request: by its path, and because its effects have something to
    /// change. The instance is not looked at.
    pub fn concerns(&self, concern: &Concern<'_>) -> bool {
        self.path.matches(concern.path) && self.effects.can_change(concern.value)
    }

    /// The draw for the request of this number, from 0, among those that the rule
    /// [concerns](Self::concerns); `None` where it is not hit. The same rule, seed and number have the same
    /// outcome.
    pub fn draw(&self, seed: u64, number: u64) -> Option<Draw> {
        let draw = Draw { seed, number };
        self.share.includes(draw).then_some(draw)
    }

    /// Whether anything of it is left to chance, so that the seed matters.
    pub fn is_random(&self) -> bool {
        let is_fixed = |latency| matches!(latency, LatencyDistribution::Fixed(_));
        self.share != FaultShare::ALL
            || !self.effects.latency.is_none_or(is_fixed)
            || self.effects.body == Some(FaultyBody::Garbage)
    }
}
