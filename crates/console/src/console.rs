//! What the console shows and changes.

use std::sync::Arc;

use imds_account::clock::unix_ms;
use imds_control::{AdminAnswer, AdminRequest, Control, FaultFacts};
use imds_core::placement::Region;
use imds_core::response::{ImdsVersion, Status};
use imds_dataplane::{CounterReader, CurrentTable};
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::callers::CallerFacts;
use crate::error::Refused;
use crate::feed::Feed;
use crate::query::Query;
use crate::session::SignIn;

/// A running host, as pages and API see it.
pub(crate) struct Console {
    pub(crate) control: Arc<Control>,
    pub(crate) table: CurrentTable,
    pub(crate) counters: CounterReader,
    pub(crate) feed: Feed,
    pub(crate) sign_in: Arc<SignIn>,
    /// Places for those who watch requests.
    pub(crate) viewers: Arc<Semaphore>,
    /// The program's version.
    pub(crate) version: &'static str,
}

/// Who still uses `IMDSv1`.
#[derive(Serialize)]
pub(crate) struct CallerReport {
    /// Requests without a token that were answered with 200 since the service started: exact.
    pub(crate) answered: u64,
    /// Those that were answered with 401.
    pub(crate) rejected: u64,
    /// Who sent them, the latest first.
    pub(crate) callers: Vec<CallerFacts>,
    /// Callers that were forgotten, because there were too many.
    pub(crate) forgotten: u64,
    /// Requests that came faster than the console could take them: they are in the counts, but their
    /// callers may be missing.
    pub(crate) lost: u64,
}

impl Console {
    /// The Region that a query names; else the host's.
    pub(crate) fn region(&self, query: &Query) -> Result<Region, Refused> {
        let Some(region) = query.get("region").filter(|region| !region.is_empty()) else {
            return Ok(self.control.region.clone());
        };
        region.parse().map_err(|_| Refused::bad_request(format!("{region:?} is not a Region")))
    }

    pub(crate) fn callers(&self) -> CallerReport {
        let all = self.counters.read().all;
        let list = self.feed.callers();
        CallerReport {
            answered: all.requests(ImdsVersion::V1, Status::Ok),
            rejected: all.requests(ImdsVersion::V1, Status::Unauthorized),
            callers: list.callers,
            forgotten: list.forgotten,
            lost: list.lost,
        }
    }

    pub(crate) fn faults(&self) -> Result<Vec<FaultFacts>, Refused> {
        self.ask_for_faults(&self.control.region, &AdminRequest::ListFaults)
    }

    /// Brings a fault into force; gives it back. An instance that it names is one of the Region.
    pub(crate) fn add_fault(&self, region: &Region, fault: &str) -> Result<FaultFacts, Refused> {
        let request = AdminRequest::AddFault { fault: fault.to_owned() };
        let added = self.ask_for_faults(region, &request)?;
        added.into_iter().next().ok_or_else(|| Refused::new(500, "InternalError", "no fault"))
    }

    /// Removes a fault, or all; gives back what was removed.
    pub(crate) fn remove_faults(&self, id: Option<u32>) -> Result<Vec<FaultFacts>, Refused> {
        self.ask_for_faults(&self.control.region, &AdminRequest::RemoveFault { id })
    }

    fn ask_for_faults(
        &self,
        region: &Region,
        request: &AdminRequest,
    ) -> Result<Vec<FaultFacts>, Refused> {
        match self.control.administer_locally(region, request, unix_ms() / 1000)? {
            AdminAnswer::Faults(faults) => Ok(faults),
            _ => Err(Refused::new(500, "InternalError", "not a list of faults")),
        }
    }
}
