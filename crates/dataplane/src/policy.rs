//! How requests are answered where EC2 leaves a choice.

use std::time::Duration;

use imds_core::wire::KeepAlive;

/// How requests are answered where EC2 leaves a choice.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ResponsePolicy {
    /// When a connection is kept open.
    pub keep_alive: KeepAlive,
    /// After which time a client is reset whose token was lost on the way; `None`: never.
    pub stall: Option<Duration>,
}
