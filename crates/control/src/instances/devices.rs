//! The block devices of a launch: those of the image, and what the request says of them.

use std::collections::BTreeMap;

use imds_account::records::ImageDevice;
use imds_account::volume::VolumeSettings;
use imds_core::block_device::{BlockDevice, Volume};
use imds_core::image::Image;
use imds_ec2::Fault;
use imds_ec2::types::{BlockDeviceMapping, RunInstancesRequest};

use crate::call::{Call, Refusal};
use crate::images::snapshots;

/// The block devices that are stated. What is stated as no device is taken out of the image's.
pub(super) fn stated(
    request: &RunInstancesRequest,
    image: &mut Image,
) -> Result<Vec<BlockDevice>, Fault> {
    let mut devices = Vec::new();
    for mapping in &request.block_device_mappings {
        let device = mapping.device_name.clone();
        let device =
            device.ok_or_else(|| Fault::missing_parameter("BlockDeviceMapping.DeviceName"))?;
        if mapping.no_device.is_some() {
            image.block_devices.retain(|one| one.device != device);
        } else if device != image.root_device {
            let volume = volume(mapping)?;
            devices.push(BlockDevice { device, volume });
        }
    }
    Ok(devices)
}

fn volume(mapping: &BlockDeviceMapping) -> Result<Volume, Fault> {
    let Some(name) = mapping.virtual_name.as_deref() else { return Ok(Volume::Ebs) };
    let volume = name.parse().ok().filter(|volume| matches!(volume, Volume::Ephemeral(_)));
    volume.ok_or_else(|| {
        let rule = "Expecting ephemeral0 to ephemeral23.";
        Fault::invalid_value("BlockDeviceMapping.VirtualName", name, rule)
    })
}

/// What is asked of EBS volumes, the root volume too: by the request, and below that by the image. What is written
/// next relies on the snapshots that the request names.
pub(super) fn volumes(
    call: &Call<'_>,
    request: &RunInstancesRequest,
    of_image: Vec<ImageDevice>,
) -> Result<BTreeMap<String, VolumeSettings>, Refusal> {
    let of_image = of_image.into_iter().filter(|it| it.virtual_name.is_none());
    let mut volumes: BTreeMap<_, _> = of_image.map(|it| (it.device, it.ebs)).collect();
    for mapping in &request.block_device_mappings {
        let Some(device) = mapping.device_name.clone() else { continue };
        if mapping.no_device.is_some() || mapping.virtual_name.is_some() {
            volumes.remove(&device);
        } else if let Some(ebs) = &mapping.ebs {
            let settings = crate::volumes::settings(ebs)?;
            if let Some(id) = &settings.snapshot_id {
                snapshots::find(call, id)?;
            }
            let below = volumes.remove(&device).unwrap_or_default();
            volumes.insert(device, settings.or(below));
        }
    }
    volumes.retain(|_, settings| *settings != VolumeSettings::default());
    Ok(volumes)
}
