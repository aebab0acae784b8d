//! What a rule does to a response.

use std::num::{NonZeroU32, NonZeroU64};

use super::kind::{FaultKind, FaultKinds};
use super::latency::LatencyDistribution;
use crate::credentials::has_expiration;
use crate::response::Status;

/// What a rule does to a response; at least one thing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct FaultEffects {
    /// It comes late.
    pub latency: Option<LatencyDistribution>,
    /// Another response, or none.
    pub response: Option<FaultResponse>,
    /// Its body is another.
    pub body: Option<FaultyBody>,
    /// The credentials in it are of no use.
    pub credentials: Option<FaultyCredentials>,
    /// Its body ends too early.
    pub truncate: Option<Truncation>,
    /// Its body comes slowly: bytes a second.
    pub rate: Option<NonZeroU64>,
    /// Its `Date` header is off by this many seconds.
    pub date: Option<i64>,
    /// Packets a second that each interface may send; the requests in those beyond are dropped.
    pub allowance: Option<NonZeroU32>,
}

/// What there is instead of the response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultResponse {
    /// EC2's response with this status, and with `Retry-After` in seconds.
    Status(Status, Option<u32>),
    /// Nothing: the request is acknowledged, and the connection stays open, as where the hop limit has
    /// the response lost.
    Lost,
    /// A TCP reset.
    Reset,
}

/// Another body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultyBody {
    /// None: `empty`.
    Empty,
    /// Letters and digits, as many as the right one has bytes: `garbage`.
    Garbage,
    /// A web page, as a proxy or a captive portal answers: `html`.
    Html,
}

/// What is wrong with credentials.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultyCredentials {
    /// They expired an hour ago: `expired`.
    Expired,
    /// There are none, because EC2 cannot assume the role: `unauthorized`.
    Unauthorized,
}

/// How much of a body is sent before the connection is closed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Truncation {
    /// So many bytes.
    Bytes(u64),
    /// So many percent, rounded down.
    Percent(u8),
}

impl Truncation {
    /// How much is sent of a body of `length` bytes: never all of it.
    pub fn kept(self, length: usize) -> usize {
        let kept = match self {
            Self::Bytes(bytes) => usize::try_from(bytes).unwrap_or(usize::MAX),
            Self::Percent(percent) => length * usize::from(percent) / 100,
        };
        kept.min(length.saturating_sub(1))
    }
}

impl FaultEffects {
    /// The kinds of what it does.
    pub fn kinds(&self) -> FaultKinds {
        let Self { latency, response, body, credentials, truncate, rate, date, allowance } = self;
        let mut kinds = FaultKinds::default();
        for (is_there, kind) in [
            (matches!(response, Some(FaultResponse::Status(..))), FaultKind::Status),
            (latency.is_some(), FaultKind::Latency),
            (matches!(response, Some(FaultResponse::Lost)), FaultKind::Lost),
            (matches!(response, Some(FaultResponse::Reset)), FaultKind::Reset),
            (body.is_some(), FaultKind::Body),
            (credentials.is_some(), FaultKind::Credentials),
            (truncate.is_some(), FaultKind::Truncate),
            (rate.is_some(), FaultKind::Rate),
            (date.is_some(), FaultKind::Date),
            (allowance.is_some(), FaultKind::Allowance),
        ] {
            if is_there {
                kinds.insert(kind);
            }
        }
        kinds
    }

    /// Whether it changes something of a response: `value` is the body of a 200, and empty for any other.
    pub(super) fn can_change(&self, value: &[u8]) -> bool {
        let changes_any = self.latency.is_some()
            || self.response.is_some()
            || self.date.is_some()
            || self.allowance.is_some();
        let changes_value = self.body.is_some() || self.truncate.is_some() || self.rate.is_some();
        changes_any
            || changes_value && !value.is_empty()
            || self.credentials.is_some() && has_expiration(value)
    }
}
