//! Hosts that share a state: each says how far its agent has come, and a change is applied once all have it.
//!
//! - [`claim`]: a host's name, which one process has at a time, under a lease;
//! - [`reporter`]: says how far the agent has come, and ends the serving of a host that cannot say it;
//! - [`mod@applied`]: asks how far all hosts have come;
//! - [`placer`]: says which instances a host serves that follows no others.
//!
//! What makes `applied` true: (1) a host serves nothing before its agent has brought into force what was
//! committed before its claim, and no instance before it has it as it is since it was placed there; (2) a
//! change is applied only where, read after it, the watermarks of all claims there are have reached it, but
//! for those of hosts on which the instance is not placed, read after that; (3) with [`WhenCutOff::Refuse`],
//! a host refuses requests before its lease, and with it its watermark, can have ended. With
//! [`WhenCutOff::Serve`] the third is given up.

mod applied;
mod claim;
mod placer;
mod reporter;

use imds_account::records::{Follows, WhenCutOff};
use imds_account::{Applied, Store, hosts};
use imds_dataplane::{Agent, AppliedTable, CurrentTable, ServingLease};

use crate::error::HostError;
use applied::AppliedEverywhere;
pub(crate) use claim::Claim;
use claim::Registration;
pub(crate) use placer::{Placed, Placer};
use reporter::Reporter;

/// This host's place among those that share its state, until it is dropped.
pub(crate) struct Membership {
    _reporter: Reporter,
    registration: Registration,
}

impl Membership {
    /// Reports how far the agent has come, which began after the claim was made: now and from now on.
    /// `lease` ends while this host is cut off, if it is to refuse requests then.
    pub(crate) fn begin(
        claim: Claim,
        agent: &Agent,
        lease: &ServingLease,
        when_cut_off: WhenCutOff,
        follows: Follows,
    ) -> Result<Self, HostError> {
        let (lease, registration) = (lease.clone(), claim.registration());
        let reporter = Reporter::start(claim, agent.progress(), lease, when_cut_off, follows)?;
        Ok(Self { _reporter: reporter, registration })
    }

    /// The host has started, and is not forgotten when it ends.
    pub(crate) fn settle(&self) {
        self.registration.settle();
    }
}

/// What is applied on every host: on those that share the state, or on this one.
pub(crate) fn applied(
    store: &Store,
    agent: &Agent,
    follows: Follows,
    table: CurrentTable,
) -> Box<dyn Applied> {
    let here = AppliedTable(table);
    if store.host().is_none() {
        return Box::new(here);
    }
    Box::new(AppliedEverywhere::new(here, store.clone(), follows, agent.progress()))
}

/// Fails where a host lives that does not tell others of what changes of their instances.
pub(crate) fn check_all_tell(store: &Store) -> Result<(), HostError> {
    match hosts::silent(store)? {
        Some((host, claim)) => Err(HostError::SilentHost { host, release: claim.release }),
        None => Ok(()),
    }
}
