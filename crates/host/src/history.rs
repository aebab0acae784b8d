//! What the API's history reads of the data path.

use imds_control::History;
use imds_control::history::{InstanceReading, Reading, Traffic};
use imds_core::Endpoint;
use imds_core::response::{ImdsVersion, Status};
use imds_dataplane::{CounterReader, CounterSnapshot, CurrentTable};

/// A history of what these count.
pub(crate) fn of(counters: CounterReader, table: CurrentTable) -> History {
    History::new(move || {
        let counted = counters.read();
        let table = table.load();
        let instances = table.endpoints().map(|endpoint| of_instance(endpoint, &counters));
        Reading { instances: instances.collect(), traffic: traffic(&counted) }
    })
}

fn of_instance(endpoint: &Endpoint, counters: &CounterReader) -> InstanceReading {
    let id = endpoint.instance_id().clone();
    let counts = counters.read_instance(&id).map_or([0; 2], |counts| {
        [Status::Ok, Status::Unauthorized].map(|status| counts.requests(ImdsVersion::V1, status))
    });
    InstanceReading { id, region: endpoint.region().clone(), counts }
}

fn traffic(counted: &CounterSnapshot) -> Traffic {
    Traffic {
        v1: counted.all.version(ImdsVersion::V1),
        v1_rejected: counted.all.requests(ImdsVersion::V1, Status::Unauthorized),
        v2: counted.all.version(ImdsVersion::V2),
        tokens_lost: counted.all.undeliverable,
    }
}
