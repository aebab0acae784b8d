//! Hosts that share a state: each says how far its agent has come, and knows it of the others.
//!
//! A host's watermark is there under a lease. So a host that has died is waited for no longer than
//! [`reporter::TTL`]; and one that is cut off from the state, which goes on serving what it had, neither.

mod observer;
mod reporter;

use std::sync::Arc;

use imds_account::{Applied, Revision, Store};
use imds_core::InstanceId;
use imds_core::options::MetadataOptions;
use imds_dataplane::{AppliedTable, CurrentTable, Progress};

use crate::error::HostError;
use observer::{Observer, Watermarks};
use reporter::Reporter;

/// This host's place among those that share its state, until it is dropped.
pub(crate) struct Membership {
    /// Dropped first: nobody has to wait for this host any more.
    _reporter: Reporter,
    _observer: Observer,
    watermarks: Arc<Watermarks>,
}

impl Membership {
    /// Says how far the agent has come, now and from now on; `None` where no other host has the state. To be called before anything is served: from
    /// then on changes are only applied where this host has applied them.
    ///
    /// # Errors
    /// [`HostError::NameInUse`] if another process is the host of that name.
    pub(crate) fn begin(store: &Store, progress: Progress) -> Result<Option<Self>, HostError> {
        let Some(host) = store.host().cloned() else { return Ok(None) };
        let observer = Observer::start(store.clone())?;
        let watermarks = observer.watermarks();
        let release = env!("CARGO_PKG_VERSION");
        let reporter = Reporter::start(store.clone(), host, progress, release)?;
        Ok(Some(Self { _reporter: reporter, _observer: observer, watermarks }))
    }
}

/// What is applied on every host: on those that share the state, or on this one.
pub(crate) fn applied(membership: Option<&Membership>, table: CurrentTable) -> Box<dyn Applied> {
    let here = AppliedTable(table);
    match membership {
        Some(membership) => {
            let watermarks = Arc::clone(&membership.watermarks);
            Box::new(AppliedEverywhere { here, watermarks })
        }
        None => Box::new(here),
    }
}

struct AppliedEverywhere {
    here: AppliedTable,
    watermarks: Arc<Watermarks>,
}

impl Applied for AppliedEverywhere {
    fn wait_for(&self, instance: &InstanceId) {
        self.here.wait_for(instance);
    }

    fn options(&self, instance: &InstanceId) -> Option<MetadataOptions> {
        self.here.options(instance)
    }

    fn is_everywhere(&self, revision: Revision) -> bool {
        self.watermarks.have_reached(revision)
    }

    fn has_role(&self, instance: &InstanceId, role: &str, now: u64) -> Option<bool> {
        self.here.has_role(instance, role, now)
    }
}
