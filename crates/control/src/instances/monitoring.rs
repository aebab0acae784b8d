//! `MonitorInstances` and `UnmonitorInstances`: detailed monitoring, which is kept and has no other effect.

use imds_core::options::Switch;
use imds_ec2::types::{
    InstanceMonitoring, MonitorInstancesRequest, MonitorInstancesResult, Monitoring,
    UnmonitorInstancesRequest, UnmonitorInstancesResult,
};

use super::{find_all_live, save_all};
use crate::call::{Call, Refusal};

pub(crate) fn monitor(
    call: &Call<'_>,
    request: &MonitorInstancesRequest,
) -> Result<MonitorInstancesResult, Refusal> {
    let instance_monitorings = set(call, &request.instance_ids, Switch::Enabled, "pending")?;
    Ok(MonitorInstancesResult { instance_monitorings })
}

pub(crate) fn unmonitor(
    call: &Call<'_>,
    request: &UnmonitorInstancesRequest,
) -> Result<UnmonitorInstancesResult, Refusal> {
    let instance_monitorings = set(call, &request.instance_ids, Switch::Disabled, "disabling")?;
    Ok(UnmonitorInstancesResult { instance_monitorings })
}

/// Sets it for all of these instances, or for none; shows the `state` on the way there.
fn set(
    call: &Call<'_>,
    ids: &[String],
    monitoring: Switch,
    state: &str,
) -> Result<Vec<InstanceMonitoring>, Refusal> {
    let instances = find_all_live(call, ids)?;
    save_all(call, &instances, |_, record| record.monitoring = Some(monitoring))?;
    let shape = |id: String| InstanceMonitoring {
        instance_id: Some(id),
        monitoring: Some(Monitoring { state: Some(state.to_owned()), ..Monitoring::default() }),
    };
    Ok(instances.iter().map(|instance| shape(instance.id.to_string())).collect())
}
