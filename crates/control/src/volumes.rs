//! `DescribeVolumes`: the EBS volumes of instances. They hold nothing; tools read them back with an
//! instance.

pub(super) mod modifications;

use imds_account::records::Lifecycle;
use imds_account::volume::VolumeSettings;
use imds_ec2::Fault;
use imds_ec2::types::{
    DescribeVolumesRequest, DescribeVolumesResult, EbsInstanceBlockDevice,
    InstanceBlockDeviceMapping, Tag, Volume, VolumeAttachment,
};

use super::belongings::{self, Belonging};
use super::call::{Call, Refusal};
use super::filter::Filters;
use super::ids;
use super::instances::{self, StoredInstance};
use super::page::Page;

/// Source: EC2 API `DescribeVolumes`.
const FILTERS: &[&str] = &[
    "attachment.attach-time",
    "attachment.delete-on-termination",
    "attachment.device",
    "attachment.instance-id",
    "attachment.status",
    "availability-zone",
    "availability-zone-id",
    "create-time",
    "encrypted",
    "fast-restored",
    "multi-attach-enabled",
    "operator.managed",
    "operator.principal",
    "size",
    "snapshot-id",
    "status",
    "volume-id",
    "volume-type",
];

/// What a volume has of which the launch says nothing, as of gp3.
const SIZE: i32 = 8;
const KIND: &str = "gp3";

pub(super) fn describe(
    call: &Call<'_>,
    request: &DescribeVolumesRequest,
) -> Result<DescribeVolumesResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let wanted = &request.volume_ids;
    if !wanted.is_empty() && request.max_results.is_some() {
        return Err(Fault::invalid_parameter_combination(
            "The parameter volumeSet cannot be used with the parameter maxResults",
        )
        .into());
    }
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    let every = || Ok(instances::all(call)?.iter().flat_map(of_instance).collect());
    let all = belongings::wanted(wanted, |id| find(call, id), every)?;
    let (volumes, next_token) = belongings::shown(call, all, &filters, page)?;
    Ok(DescribeVolumesResult { volumes, next_token })
}

fn not_found(id: &str) -> Fault {
    Fault::client("InvalidVolume.NotFound", format!("The volume '{id}' does not exist."))
}

impl Belonging for Volume {
    fn id(&self) -> &str {
        self.volume_id.as_deref().unwrap_or_default()
    }

    fn values(&self, filter: &str) -> Vec<String> {
        values(self, filter)
    }

    fn set_tags(&mut self, tags: Vec<Tag>) {
        self.tags = tags;
    }
}

/// The volume with this id.
pub(super) fn find(call: &Call<'_>, id: &str) -> Result<Volume, Refusal> {
    with_instance(call, id).map(|(_, volume)| volume)
}

/// The same, and the instance that has it.
fn with_instance(call: &Call<'_>, id: &str) -> Result<(StoredInstance, Volume), Refusal> {
    let found = instances::with(call, id)?.and_then(|instance| {
        let mut all = of_instance(&instance).into_iter();
        let volume = all.find(|it| it.volume_id.as_deref() == Some(id))?;
        Some((instance, volume))
    });
    found.ok_or_else(|| not_found(id).into())
}

/// The volumes of an instance; a terminated one has none.
pub(super) fn of_instance(instance: &StoredInstance) -> Vec<Volume> {
    let record = &instance.stored.record;
    let Ok(facts) = instance.facts() else { return Vec::new() };
    if record.lifecycle == Lifecycle::Terminated {
        return Vec::new();
    }
    let volume = |mapping: InstanceBlockDeviceMapping| {
        let InstanceBlockDeviceMapping { device_name, ebs } = mapping;
        let EbsInstanceBlockDevice { volume_id, attach_time, delete_on_termination, .. } = ebs?;
        let device = device_name.as_deref().unwrap_or_default();
        let settings = record.volumes.get(device).cloned().unwrap_or_default();
        // The root volume is made of the image's snapshot.
        let of_image = (device == facts.image.root_device)
            .then(|| ids::derived("snap-", facts.image.id.as_str(), device));
        let size = settings.size.unwrap_or(SIZE);
        let kind = settings.kind.clone().unwrap_or_else(|| KIND.to_owned());
        let attachment = VolumeAttachment {
            volume_id: volume_id.clone(),
            instance_id: Some(facts.id.to_string()),
            device: device_name.clone(),
            state: Some("attached".to_owned()),
            attach_time,
            delete_on_termination,
            ..VolumeAttachment::default()
        };
        Some(Volume {
            volume_id,
            size: Some(size),
            iops: settings.iops.or_else(|| default_iops(&kind, size)),
            throughput: settings.throughput.or_else(|| (kind == "gp3").then_some(125)),
            volume_type: Some(kind),
            encrypted: Some(settings.is_encrypted == Some(true)),
            kms_key_id: settings.kms_key_id,
            snapshot_id: Some(settings.snapshot_id.or(of_image).unwrap_or_default()),
            availability_zone: Some(facts.zone.to_string()),
            availability_zone_id: Some(facts.zone.id()),
            state: Some("in-use".to_owned()),
            create_time: attach_time,
            attachments: vec![attachment],
            multi_attach_enabled: Some(false),
            ..Volume::default()
        })
    };
    instances::block_devices(&facts, &record.volumes).into_iter().filter_map(volume).collect()
}

/// Source: EBS User Guide, "Amazon EBS volume types".
fn default_iops(kind: &str, size: i32) -> Option<i32> {
    match kind {
        "gp3" => Some(3000),
        "gp2" => Some(size.saturating_mul(3).clamp(100, 16_000)),
        _ => None,
    }
}

fn values(volume: &Volume, name: &str) -> Vec<String> {
    let attachment = volume.attachments.first();
    let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
    let value = match name {
        "attachment.attach-time" => attachment.and_then(|it| Some(it.attach_time?.to_string())),
        "attachment.delete-on-termination" => {
            attachment.and_then(|it| flag(it.delete_on_termination))
        }
        "attachment.device" => attachment.and_then(|it| it.device.clone()),
        "attachment.instance-id" => attachment.and_then(|it| it.instance_id.clone()),
        "attachment.status" => attachment.and_then(|it| it.state.clone()),
        "availability-zone" => volume.availability_zone.clone(),
        "availability-zone-id" => volume.availability_zone_id.clone(),
        "create-time" => volume.create_time.map(|time| time.to_string()),
        "encrypted" => flag(volume.encrypted),
        "multi-attach-enabled" => flag(volume.multi_attach_enabled),
        "size" => volume.size.map(|size| size.to_string()),
        "snapshot-id" => volume.snapshot_id.clone(),
        "status" => volume.state.clone(),
        "volume-id" => volume.volume_id.clone(),
        "volume-type" => volume.volume_type.clone(),
        // No volume here has it.
        _ => None,
    };
    value.into_iter().collect()
}

/// The types of volumes. Source: EC2 API `VolumeType`.
const KINDS: [&str; 7] = ["gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"];

/// What a launch asks of a volume.
pub(super) fn settings(
    requested: &imds_ec2::types::EbsBlockDevice,
) -> Result<VolumeSettings, Fault> {
    if let Some(size) = requested.volume_size
        && !(1..=65_536).contains(&size)
    {
        let rule = "Expecting 1 to 65536 GiB.";
        return Err(Fault::invalid_value("BlockDeviceMapping.Ebs.VolumeSize", size, rule));
    }
    if let Some(kind) = &requested.volume_type
        && !KINDS.contains(&kind.as_str())
    {
        let rule = format!("Expecting one of {}.", KINDS.join(", "));
        return Err(Fault::invalid_value("BlockDeviceMapping.Ebs.VolumeType", kind, &rule));
    }
    Ok(VolumeSettings {
        size: requested.volume_size,
        kind: requested.volume_type.clone(),
        iops: requested.iops,
        throughput: requested.throughput,
        is_encrypted: requested.encrypted,
        kms_key_id: requested.kms_key_id.clone(),
        // What is empty is not named: some SDKs send it.
        snapshot_id: requested.snapshot_id.clone().filter(|id| !id.is_empty()),
        delete_on_termination: requested.delete_on_termination,
        changed: None,
    })
}
