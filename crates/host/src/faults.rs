//! Faults on demand as this program's commands add, list and remove them.

use std::sync::Arc;

use imds_control::{AdminRefusal, FaultFacts, FaultProgress, Faults};
use imds_core::fault::FaultRule;
use imds_dataplane::{FaultEnd, FaultState, FaultStatus, Service};

/// The faults of a host, for the API.
pub(crate) struct FaultAdmin(pub(crate) Arc<Service>);

impl Faults for FaultAdmin {
    fn add(&self, rule: FaultRule) -> Result<FaultFacts, AdminRefusal> {
        let added = self.0.faults().add(rule).map_err(|error| AdminRefusal {
            status: 409,
            message: format!("{error}: imds fault remove ID"),
        });
        let added = added?;
        tracing::info!(id = added.id, fault = %added.rule, "fault added");
        Ok(facts(&added))
    }

    fn list(&self) -> Vec<FaultFacts> {
        self.0.faults().list().iter().map(facts).collect()
    }

    fn remove(&self, id: Option<u32>) -> Result<Vec<FaultFacts>, AdminRefusal> {
        let removed = match id {
            None => self.0.faults().remove_all(),
            Some(id) => {
                vec![self.0.faults().remove(id).ok_or_else(|| FaultFacts::unknown(id))?]
            }
        };
        for fault in &removed {
            tracing::info!(id = fault.id, hits = fault.hits, "fault removed");
        }
        Ok(removed.iter().map(facts).collect())
    }
}

fn facts(fault: &FaultStatus) -> FaultFacts {
    let FaultStatus { id, rule, requests, hits, state } = fault;
    let (state, left) = match state {
        FaultState::Active(left) => (FaultProgress::Active, *left),
        FaultState::Ended(FaultEnd::Duration) => (FaultProgress::TimeOver, None),
        FaultState::Ended(FaultEnd::Count) => (FaultProgress::CountReached, None),
    };
    FaultFacts {
        id: *id,
        fault: rule.to_string(),
        instance: rule.instance.clone(),
        path: rule.path.to_string(),
        kinds: rule.effects.kinds().iter().map(|kind| kind.as_str().to_owned()).collect(),
        share_percent: rule.share.percent(),
        seed: rule.seed,
        requests: *requests,
        hits: *hits,
        count: rule.count,
        state,
        seconds_left: left.map(|left| left.as_secs_f64()),
    }
}
