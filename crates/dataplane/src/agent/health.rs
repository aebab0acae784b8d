//! Whether the agent keeps up, for whoever watches the service.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What an agent has done so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AgentHealth {
    /// Whether it follows the account. If not, what is in force stays in force, and it tries again.
    pub is_following: bool,
    /// How often it brought a change into force.
    pub changes: u64,
    /// How often it could not read or follow the account.
    pub errors: u64,
}

/// The same while the agent's thread writes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct HealthRecord(Arc<Facts>);

#[derive(Debug, Default)]
struct Facts {
    is_lost: AtomicBool,
    changes: AtomicU64,
    errors: AtomicU64,
}

impl HealthRecord {
    pub(crate) fn changed(&self) {
        self.0.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes an error; whether it followed until then.
    pub(crate) fn failed(&self) -> bool {
        self.0.errors.fetch_add(1, Ordering::Relaxed);
        !self.0.is_lost.swap(true, Ordering::Relaxed)
    }

    /// Notes that it follows; whether it did not until then.
    pub(crate) fn follows_again(&self) -> bool {
        self.0.is_lost.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn read(&self) -> AgentHealth {
        let Facts { is_lost, changes, errors } = &*self.0;
        AgentHealth {
            is_following: !is_lost.load(Ordering::Relaxed),
            changes: changes.load(Ordering::Relaxed),
            errors: errors.load(Ordering::Relaxed),
        }
    }
}
