//! How requests are answered, where operators have a choice: also while the service runs.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use imds_core::wire::KeepAlive;

/// A handle on the policy in force. Clones share it: what one sets, all obey from the next request.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResponsePolicy(Arc<ArcSwap<Policy>>);

/// One policy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Policy {
    /// When a connection stays open after a response.
    pub(crate) keep_alive: KeepAlive,
    /// After which time a client is reset whose token was lost on the way; `None` is never.
    pub(crate) stall: Option<Duration>,
}

impl ResponsePolicy {
    /// A handle on a policy of its own.
    pub(crate) fn new(policy: Policy) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(policy)))
    }

    /// The policy in force.
    pub(crate) fn get(&self) -> Policy {
        **self.0.load()
    }

    /// Puts another policy in force.
    pub(crate) fn set(&self, policy: Policy) {
        self.0.store(Arc::new(policy));
    }
}
