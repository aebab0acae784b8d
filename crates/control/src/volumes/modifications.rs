//! `ModifyVolume` and `DescribeVolumesModifications`. A modification is complete at once: a volume holds
//! nothing.

use imds_account::records::Tags;
use imds_account::volume::{VolumeChange, VolumeSettings};
use imds_ec2::Fault;
use imds_ec2::types::{
    DescribeVolumesModificationsRequest, DescribeVolumesModificationsResult, EbsBlockDevice,
    ModifyVolumeRequest, ModifyVolumeResult, Volume, VolumeModification,
};

use super::{of_instance, settings, with_instance};
use crate::belongings;
use crate::call::{Call, Refusal};
use crate::filter::Filters;
use crate::instances::{self, StoredInstance};
use crate::page::Page;
use crate::time;

/// Source: EC2 API `DescribeVolumesModifications`.
const FILTERS: &[&str] = &[
    "modification-state",
    "original-iops",
    "original-size",
    "original-volume-type",
    "originalMultiAttachEnabled",
    "start-time",
    "target-iops",
    "target-size",
    "target-volume-type",
    "targetMultiAttachEnabled",
    "volume-id",
];

pub(crate) fn modify(
    call: &Call<'_>,
    request: &ModifyVolumeRequest,
) -> Result<ModifyVolumeResult, Refusal> {
    if request.multi_attach_enabled == Some(true) {
        let message = "A volume belongs to one instance here: MultiAttachEnabled cannot be true.";
        return Err(Fault::unsupported_operation(message).into());
    }
    let id = request.volume_id.as_str();
    let (instance, volume) = with_instance(call, id)?;
    if request.size.zip(volume.size).is_some_and(|(size, before)| size < before) {
        let message = "New size cannot be smaller than existing size";
        return Err(Fault::invalid_parameter_value(message).into());
    }
    // By the rules of a launch.
    let wanted = settings(&EbsBlockDevice {
        volume_size: request.size,
        volume_type: request.volume_type.clone(),
        iops: request.iops,
        throughput: request.throughput,
        ..EbsBlockDevice::default()
    })?;
    let attachment = volume.attachments.first();
    let device = attachment.and_then(|it| it.device.clone()).unwrap_or_default();
    let changed = instances::save(call, instance, |record| {
        let before = record.volumes.remove(&device).unwrap_or_default();
        record.volumes.insert(device, changed(before, &wanted, &volume, call.now));
    })?;
    let shown = modifications(&changed).into_iter().find(|it| it.volume_id.as_deref() == Some(id));
    // It is on its way in its own response.
    let state = Some("modifying".to_owned());
    let shown =
        shown.map(|it| VolumeModification { modification_state: state, end_time: None, ..it });
    Ok(ModifyVolumeResult { volume_modification: shown })
}

/// The settings after a change. What a type has by default does not outlive the type.
fn changed(
    before: VolumeSettings,
    wanted: &VolumeSettings,
    volume: &Volume,
    now: u64,
) -> VolumeSettings {
    let is_same_kind = wanted.kind.is_none() || wanted.kind == volume.volume_type;
    let kept = |value: Option<i32>| value.filter(|_| is_same_kind);
    VolumeSettings {
        size: wanted.size.or(before.size),
        kind: wanted.kind.clone().or(before.kind),
        iops: wanted.iops.or(kept(before.iops)),
        throughput: wanted.throughput.or(kept(before.throughput)),
        changed: Some(VolumeChange {
            at: now,
            size: volume.size,
            kind: volume.volume_type.clone(),
            iops: volume.iops,
            throughput: volume.throughput,
        }),
        ..before
    }
}

pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeVolumesModificationsRequest,
) -> Result<DescribeVolumesModificationsResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    let every = || Ok(instances::all(call)?.iter().flat_map(modifications).collect());
    let mut all = belongings::wanted(&request.volume_ids, |id| modification(call, id), every)?;
    all.sort_by(|one, other| one.volume_id.cmp(&other.volume_id));
    all.retain(|it| filters.accept(&Tags::new(), |name| values(it, name)));
    let (volumes_modifications, next_token) =
        page.paginate(all, |it| it.volume_id.as_deref().unwrap_or_default());
    Ok(DescribeVolumesModificationsResult { volumes_modifications, next_token })
}

/// The last modification of a volume.
fn modification(call: &Call<'_>, id: &str) -> Result<VolumeModification, Refusal> {
    let (instance, _) = with_instance(call, id)?;
    let mut all = modifications(&instance).into_iter();
    let found = all.find(|it| it.volume_id.as_deref() == Some(id));
    found.ok_or_else(|| {
        let message = format!("Modification for volume '{id}' does not exist.");
        Fault::client("InvalidVolumeModification.NotFound", message).into()
    })
}

/// The last modification of each of an instance's volumes.
fn modifications(instance: &StoredInstance) -> Vec<VolumeModification> {
    let shape = |volume: Volume| {
        let device = volume.attachments.first()?.device.clone()?;
        let change = instance.stored.record.volumes.get(&device)?.changed.clone()?;
        Some(VolumeModification {
            volume_id: volume.volume_id,
            modification_state: Some("completed".to_owned()),
            target_size: volume.size,
            target_iops: volume.iops,
            target_volume_type: volume.volume_type,
            target_throughput: volume.throughput,
            target_multi_attach_enabled: Some(false),
            original_size: change.size,
            original_iops: change.iops,
            original_volume_type: change.kind,
            original_throughput: change.throughput,
            original_multi_attach_enabled: Some(false),
            progress: Some(100),
            start_time: time::shape(change.at),
            end_time: time::shape(change.at),
            ..VolumeModification::default()
        })
    };
    of_instance(instance).into_iter().filter_map(shape).collect()
}

fn values(it: &VolumeModification, name: &str) -> Vec<String> {
    let number = |number: Option<i32>| number.map(|number| number.to_string());
    let value = match name {
        "modification-state" => it.modification_state.clone(),
        "original-iops" => number(it.original_iops),
        "original-size" => number(it.original_size),
        "original-volume-type" => it.original_volume_type.clone(),
        "originalMultiAttachEnabled" | "targetMultiAttachEnabled" => Some("false".to_owned()),
        "start-time" => it.start_time.map(|time| time.to_string()),
        "target-iops" => number(it.target_iops),
        "target-size" => number(it.target_size),
        "target-volume-type" => it.target_volume_type.clone(),
        _ => it.volume_id.clone(),
    };
    value.into_iter().collect()
}
