//! `CreateImage`: an image of an instance, with a snapshot of each of its EBS volumes.

use std::collections::BTreeSet;

use imds_account::records::{self, ImageDevice, Lifecycle, Snapshot, Tags};
use imds_account::volume::VolumeSettings;
use imds_account::{Transaction, keys};
use imds_core::ImageId;
use imds_core::block_device::Volume;
use imds_ec2::Fault;
use imds_ec2::types::{CreateImageRequest, CreateImageResult};

use super::{check_name, check_name_is_free};
use super::{devices, snapshots};
use crate::call::{Call, Refusal};
use crate::instances::{self, StoredInstance};
use crate::{ids, tag_values, volumes};

/// What the image has of the instance's image is its platform, its root device and `ImdsSupport`, which EC2 is known
/// to pass on.
pub(crate) fn create(
    call: &Call<'_>,
    request: &CreateImageRequest,
) -> Result<CreateImageResult, Refusal> {
    check_name(&request.name)?;
    check_name_is_free(call, &request.name)?;
    let instance = instances::find(call, &request.instance_id)?;
    let record = &instance.stored.record;
    if record.lifecycle == Lifecycle::Terminated {
        let message = "Instance is not in state 'running' or 'stopped'.";
        return Err(Fault::invalid_parameter_value(message).into());
    }
    let id: ImageId = ids::new("ami-")?;
    let (of_instance, snapshots) = snapshots(call, &instance, &id)?;
    let image_tags = tag_values::specified(&request.tag_specifications, "image")?;
    let snapshot_tags = tag_values::specified(&request.tag_specifications, "snapshot")?;
    let image = records::Image {
        name: request.name.clone(),
        description: request.description.clone(),
        owner: call.account.clone(),
        created_at: call.now,
        imds_v2_support: record.image.imds_v2_support,
        architecture: record.instance_type.architecture().as_str().to_owned(),
        root_device: record.image.root_device.clone(),
        platform: record.image.platform,
        devices: devices::changed(of_instance, &request.block_device_mappings)?,
        source: Some((instance.id.clone(), record.image.id.clone())),
        permissions: BTreeSet::new(),
        attributes: <_>::default(),
    };
    let is_new = |it: &&ImageDevice| {
        let id = it.ebs.snapshot_id.as_ref();
        snapshots.iter().any(|(new, _)| Some(new) == id)
    };
    snapshots::refer_to(call, image.devices.iter().filter(|it| !is_new(it)))?;
    let key = keys::image(&call.region, id.as_str());
    let mut transaction = Transaction::new().if_unchanged(&key, None).write(&key, &image);
    transaction = tagged(call, transaction, id.as_str(), &image_tags);
    let used = |id: &str| image.devices.iter().any(|it| it.ebs.snapshot_id.as_deref() == Some(id));
    for (id, snapshot) in snapshots.iter().filter(|(id, _)| used(id)) {
        transaction = transaction.write(&keys::snapshot(&call.region, id), snapshot);
        transaction = tagged(call, transaction, id, &snapshot_tags);
    }
    call.commit(transaction)?;
    Ok(CreateImageResult { image_id: Some(id.to_string()) })
}

fn tagged(call: &Call<'_>, transaction: Transaction, id: &str, tags: &Tags) -> Transaction {
    if tags.is_empty() {
        return transaction;
    }
    transaction.write(&keys::tags(&call.region, id), tags)
}

/// New snapshots, by id.
type Snapshots = Vec<(String, Snapshot)>;

/// The block devices of an instance, and new snapshots of its EBS volumes.
fn snapshots(
    call: &Call<'_>,
    instance: &StoredInstance,
    image: &ImageId,
) -> Result<(Vec<ImageDevice>, Snapshots), Refusal> {
    let facts = instance.facts().map_err(|_| Fault::internal())?;
    let (mut all, mut snapshots) = (Vec::new(), Vec::new());
    for volume in volumes::of_instance(instance) {
        let device = volume.attachments.first().and_then(|it| it.device.clone());
        let device = device.ok_or_else(Fault::internal)?;
        let id: String = ids::new("snap-")?;
        snapshots.push((
            id.clone(),
            Snapshot {
                volume_id: volume.volume_id.unwrap_or_default(),
                size: volume.size.unwrap_or(devices::SIZE),
                description: format!("Created by CreateImage({}) for {image}", instance.id),
                created_at: call.now,
                is_encrypted: volume.encrypted == Some(true),
                kms_key_id: volume.kms_key_id.clone(),
                permissions: BTreeSet::new(),
            },
        ));
        let ebs = VolumeSettings {
            size: volume.size,
            kind: volume.volume_type,
            iops: volume.iops,
            throughput: volume.throughput,
            is_encrypted: volume.encrypted,
            kms_key_id: volume.kms_key_id,
            snapshot_id: Some(id),
            delete_on_termination: volume
                .attachments
                .first()
                .and_then(|it| it.delete_on_termination),
            changed: None,
        };
        all.push(ImageDevice { device, virtual_name: None, ebs });
    }
    for further in &facts.block_devices {
        if let Volume::Ephemeral(number) = further.volume {
            all.push(ImageDevice {
                device: further.device.clone(),
                virtual_name: Some(format!("ephemeral{number}")),
                ebs: VolumeSettings::default(),
            });
        }
    }
    Ok((all, snapshots))
}
