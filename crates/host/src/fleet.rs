//! Hosts that share a state: each says how far its agent has come, and a change is applied once all have it.
//!
//! - [`claim`]: a host's name, which one process has at a time, under a lease;
//! - [`reporter`]: says how far the agent has come, and ends the serving of a host that cannot say it;
//! - [`mod@applied`]: asks how far all hosts have come.
//!
//! What makes `applied` true: (1) a host serves nothing before its agent has brought into force what was
//! committed before its claim; (2) a change is applied only where, read after it, the watermarks of all
//! claims there are have reached it; (3) with [`WhenCutOff::Refuse`], a host refuses requests before its
//! lease, and with it its watermark, can have ended. With [`WhenCutOff::Serve`] the third is given up.

mod applied;
mod claim;
mod reporter;

use imds_account::records::WhenCutOff;
use imds_account::{Applied, Store};
use imds_dataplane::{Agent, AppliedTable, CurrentTable, ServingLease};

use crate::error::HostError;
use applied::AppliedEverywhere;
pub(crate) use claim::Claim;
use reporter::Reporter;

/// This host's place among those that share its state, until it is dropped.
pub(crate) struct Membership {
    _reporter: Reporter,
}

impl Membership {
    /// Reports how far the agent has come, which began after the claim was made: now and from now on.
    /// `lease` ends while this host is cut off, if it is to refuse requests then.
    pub(crate) fn begin(
        claim: Claim,
        agent: &Agent,
        lease: &ServingLease,
        when_cut_off: WhenCutOff,
    ) -> Result<Self, HostError> {
        let lease = lease.clone();
        let reporter = Reporter::start(claim, agent.progress(), lease, when_cut_off)?;
        Ok(Self { _reporter: reporter })
    }
}

/// What is applied on every host: on those that share the state, or on this one.
pub(crate) fn applied(store: &Store, agent: &Agent, table: CurrentTable) -> Box<dyn Applied> {
    let here = AppliedTable(table);
    if store.host().is_none() {
        return Box::new(here);
    }
    Box::new(AppliedEverywhere::new(here, store.clone(), agent.progress()))
}
