//! Where the search for free private addresses goes on.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};

use imds_core::network::Ipv4Cidr;

/// Where the search for a free private address goes on, by the block of the subnet: behind the last one that was
/// found. So a launch does not look at all addresses that earlier ones have. It is a hint, which a restart forgets.
#[derive(Default)]
pub struct AddressCursors(Mutex<BTreeMap<Ipv4Cidr, Ipv4Addr>>);

impl AddressCursors {
    pub(crate) fn last(&self, block: Ipv4Cidr) -> Option<Ipv4Addr> {
        self.with(|cursors| cursors.get(&block).copied())
    }

    pub(crate) fn set(&self, block: Ipv4Cidr, found: Ipv4Addr) {
        self.with(|cursors| cursors.insert(block, found));
    }

    fn with<T>(&self, look: impl FnOnce(&mut BTreeMap<Ipv4Cidr, Ipv4Addr>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
