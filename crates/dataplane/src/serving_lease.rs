//! Until when other hosts know of this one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use imds_account::clock::boot_ms;

/// Until when other hosts wait for this one, by [`boot_ms`]: for ever unless somebody sets an end. Cheap to
/// clone.
///
/// It is compared after a request was read. So a request that is sent after the end is refused, if it is to
/// be, however long the process or the machine stood still before.
#[derive(Clone, Debug)]
pub struct ServingLease {
    end: Arc<AtomicU64>,
    refuses: bool,
}

impl Default for ServingLease {
    fn default() -> Self {
        Self::new(false)
    }
}

impl ServingLease {
    /// A lease without an end. `refuses` says whether requests are refused once it has ended.
    pub fn new(refuses: bool) -> Self {
        Self { end: Arc::new(AtomicU64::new(u64::MAX)), refuses }
    }

    /// It ends then, unless this is called again.
    pub fn set_end(&self, boot_ms: u64) {
        self.end.store(boot_ms, Ordering::SeqCst);
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        let end = self.end.load(Ordering::SeqCst);
        end != u64::MAX && boot_ms() >= end
    }

    /// Whether requests are refused.
    pub(crate) fn refuses(&self) -> bool {
        self.refuses && self.is_over()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_no_end_until_one_is_set() {
        for refuses in [false, true] {
            let lease = ServingLease::new(refuses);
            assert!(!lease.is_over());
            lease.set_end(boot_ms() + 60_000);
            assert!(!lease.is_over());
            lease.set_end(boot_ms());
            assert!(lease.is_over());
            assert_eq!(lease.refuses(), refuses);
            lease.set_end(u64::MAX);
            assert!(!lease.is_over());
        }
    }
}
