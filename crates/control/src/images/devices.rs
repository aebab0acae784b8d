//! The block devices of an image.

use imds_account::records::{self, ImageDevice};
use imds_account::volume::VolumeSettings;
use imds_core::block_device::{BlockDevice, Volume};
use imds_ec2::Fault;
use imds_ec2::types::{BlockDeviceMapping, EbsBlockDevice};

use crate::{ids, volumes};

/// The size of a root volume of which nothing is said, in GiB.
pub(crate) const SIZE: i32 = 8;

/// All block devices of an image, the root device too. A snapshot that nobody made is derived.
pub(crate) fn all(id: &str, record: &records::Image) -> Vec<ImageDevice> {
    let mut devices = record.devices.clone();
    if devices.iter().all(|it| it.device != record.root_device) {
        let ebs = VolumeSettings {
            size: Some(SIZE),
            kind: Some("gp3".to_owned()),
            snapshot_id: Some(ids::derived("snap-", id, &record.root_device)),
            delete_on_termination: Some(true),
            ..VolumeSettings::default()
        };
        let root = ImageDevice { device: record.root_device.clone(), virtual_name: None, ebs };
        devices.insert(0, root);
    }
    devices
}

/// Those beside the root device, as the metadata shows them.
pub(super) fn further(record: &records::Image) -> Vec<BlockDevice> {
    let further = record.devices.iter().filter(|it| it.device != record.root_device);
    let shown = further.map(|it| {
        let volume = it.virtual_name.as_deref().map_or(Some(Volume::Ebs), |name| name.parse().ok());
        Some(BlockDevice { device: it.device.clone(), volume: volume? })
    });
    shown.flatten().collect()
}

/// As the API shows them.
pub(super) fn shape(devices: Vec<ImageDevice>) -> Vec<BlockDeviceMapping> {
    let mapping = |ImageDevice { device, virtual_name, ebs }: ImageDevice| BlockDeviceMapping {
        device_name: Some(device),
        ebs: virtual_name.is_none().then(|| EbsBlockDevice {
            delete_on_termination: Some(ebs.delete_on_termination.unwrap_or(true)),
            iops: ebs.iops,
            snapshot_id: ebs.snapshot_id,
            volume_size: ebs.size,
            volume_type: ebs.kind,
            kms_key_id: ebs.kms_key_id,
            throughput: ebs.throughput,
            encrypted: Some(ebs.is_encrypted == Some(true)),
            ..EbsBlockDevice::default()
        }),
        virtual_name,
        ..BlockDeviceMapping::default()
    };
    devices.into_iter().map(mapping).collect()
}

/// `devices` with what `mappings` say: some are taken out, of those that exist only `DeleteOnTermination` changes,
/// and others are added. Source: EC2 API `CreateImage`.
pub(super) fn changed(
    mut devices: Vec<ImageDevice>,
    mappings: &[BlockDeviceMapping],
) -> Result<Vec<ImageDevice>, Fault> {
    for mapping in mappings {
        let name = mapping.device_name.clone();
        let name = name.ok_or_else(|| Fault::missing_parameter("BlockDeviceMapping.DeviceName"))?;
        let at = devices.iter().position(|it| it.device == name);
        let ebs = mapping.ebs.as_ref();
        match (mapping.no_device.is_some(), at) {
            (true, Some(at)) => drop(devices.remove(at)),
            (true, None) => {}
            (false, Some(at)) => {
                let ends = ebs.and_then(|ebs| ebs.delete_on_termination);
                let kept = &mut devices[at].ebs.delete_on_termination;
                *kept = ends.or(*kept);
            }
            (false, None) => devices.push(read(name, mapping)?),
        }
    }
    Ok(devices)
}

/// A device that is not there yet.
pub(super) fn read(device: String, mapping: &BlockDeviceMapping) -> Result<ImageDevice, Fault> {
    let virtual_name = mapping.virtual_name.clone().filter(|name| !name.is_empty());
    if let Some(name) = &virtual_name
        && !matches!(name.parse(), Ok(Volume::Ephemeral(_)))
    {
        let rule = "Expecting ephemeral0 to ephemeral23.";
        return Err(Fault::invalid_value("BlockDeviceMapping.VirtualName", name, rule));
    }
    let ebs = mapping.ebs.as_ref().map(volumes::settings).transpose()?;
    Ok(ImageDevice { device, virtual_name, ebs: ebs.unwrap_or_default() })
}
