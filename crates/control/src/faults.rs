//! What this program's commands ask of the host's faults on demand.

use imds_core::InstanceId;
use imds_core::fault::FaultRule;
use serde::{Deserialize, Serialize};

use super::refusal::AdminRefusal;

/// The faults of the running host.
///
/// Declared here, because the API must not depend on the data path.
pub trait Faults: Send + Sync {
    /// Brings a fault into force.
    fn add(&self, rule: FaultRule) -> Result<FaultFacts, AdminRefusal>;

    /// All faults, those that have ended included.
    fn list(&self) -> Vec<FaultFacts>;

    /// Removes a fault, or all if `id` is `None`; gives what was removed.
    fn remove(&self, id: Option<u32>) -> Result<Vec<FaultFacts>, AdminRefusal>;
}

/// A fault as `imds fault list` shows it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FaultFacts {
    /// Its number, which no other fault of this service ever has.
    pub id: u32,
    /// Its rule, as it can be added again.
    pub fault: String,
    /// The instance whose requests are concerned; `None`: those of all.
    pub instance: Option<InstanceId>,
    /// The paths that are concerned.
    pub path: String,
    /// What is done, by kind: `status`, `latency`, ….
    pub kinds: Vec<String>,
    /// The share of these requests that are hit, in percent.
    pub share_percent: f64,
    /// What repeats the draws.
    pub seed: Option<u64>,
    /// Requests that it was about, hit or not, while it was in force.
    pub requests: u64,
    /// Requests that were hit.
    pub hits: u64,
    /// How many are hit at most.
    pub count: Option<u64>,
    /// Whether it is in force.
    pub state: FaultProgress,
    /// How many seconds it stays in force, if it ends by time.
    pub seconds_left: Option<f64>,
}

/// Whether a fault is in force.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultProgress {
    /// It is.
    Active,
    /// Its duration is over.
    TimeOver,
    /// As many requests were hit as were to be.
    CountReached,
}

/// The faults of a host that serves no metadata.
pub struct NoFaults;

impl Faults for NoFaults {
    fn add(&self, _: FaultRule) -> Result<FaultFacts, AdminRefusal> {
        let message = "this service answers no requests for metadata";
        Err(AdminRefusal { status: 409, message: message.into() })
    }

    fn list(&self) -> Vec<FaultFacts> {
        Vec::new()
    }

    fn remove(&self, id: Option<u32>) -> Result<Vec<FaultFacts>, AdminRefusal> {
        id.map_or(Ok(Vec::new()), |id| Err(FaultFacts::unknown(id)))
    }
}

impl FaultFacts {
    /// The refusal where there is no such fault.
    pub fn unknown(id: u32) -> AdminRefusal {
        let message = format!("there is no fault {id}; `imds fault list` shows all");
        AdminRefusal { status: 404, message }
    }
}
