//! The name of a lease.

use std::fmt;

/// A lease: keys that are attached to it are deleted when it ends.
///
/// It ends when its time to live has passed without
/// [`Kv::keep_alive`](crate::Kv::keep_alive), or with [`Kv::revoke`](crate::Kv::revoke).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Lease(u64);

impl Lease {
    /// The lease with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
