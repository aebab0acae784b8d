//! Images: those that everybody knows, those that the operator names, and those that were registered here.

pub(crate) mod attributes;
pub(crate) mod create;
pub(crate) mod describe;
pub(crate) mod devices;
mod imds_support;
mod known;
pub(crate) mod permissions;
mod preset;
pub(crate) mod snapshots;

use imds_account::records::ImageDevice;
use imds_account::{Stored, Transaction, keys, records};
use imds_core::ImageId;
use imds_core::image::{Image, Platform, ROOT_DEVICE};
use imds_core::instance_type::Architecture;
use imds_ec2::Fault;
use imds_ec2::types::{
    DeleteSnapshotReturnCode, DeregisterImageRequest, DeregisterImageResult, RegisterImageRequest,
    RegisterImageResult,
};

use super::call::{Call, Refusal};
use super::{ids, tag_values};
pub(crate) use known::PUBLISHED;
use known::{KnownImage, Origin};
pub use preset::PresetImage;

/// The image with this id and its block devices, if it is for the processors it is to run on. Those that are 64-bit
/// also run 32-bit images.
pub(super) fn find(
    call: &Call<'_>,
    id: &str,
    architecture: Architecture,
) -> Result<(Image, Vec<ImageDevice>), Refusal> {
    let KnownImage { id, record, .. } = known::find(call, id)?;
    let its = record.architecture.as_str();
    if its != architecture.as_str() && (its, architecture) != ("i386", Architecture::X86_64) {
        return Err(Fault::invalid_parameter_value(format!(
            "The architecture '{}' of the specified instance type does not match the architecture \
             '{its}' of the specified AMI. Specify an instance type and an AMI that have matching \
             architectures, and try again. You can use 'describe-instance-types' or \
             'describe-images' to discover the architecture of the instance type or AMI.",
            architecture.as_str()
        ))
        .into());
    }
    let block_devices = devices::further(&record);
    let of_image = record.devices;
    let image = Image {
        imds_v2_support: record.imds_v2_support,
        platform: record.platform,
        block_devices,
        ..Image::backed_by_ebs(id, architecture, record.root_device)
    };
    Ok((image, of_image))
}

/// A fault if there is no image with this id.
pub(super) fn exists(call: &Call<'_>, id: &str) -> Result<(), Refusal> {
    known::find(call, id).map(drop)
}

/// An image that may be changed: one of the account's own.
fn own(call: &Call<'_>, id: &str) -> Result<(KnownImage, Stored<records::Image>), Refusal> {
    let image = known::find(call, id)?;
    match &image.origin {
        Origin::Registered(stored) => {
            let stored = Stored::clone(stored);
            Ok((image, stored))
        }
        Origin::Preset => Err(Fault::client(
            "OperationNotPermitted",
            format!("The image '{id}' is one of the settings of imds: change it there."),
        )
        .into()),
        Origin::Amazon => {
            let message = format!("Not authorized for images: [{id}]");
            Err(Fault::new(403, "AuthFailure", message).into())
        }
    }
}

pub(super) fn register(
    call: &Call<'_>,
    request: &RegisterImageRequest,
) -> Result<RegisterImageResult, Refusal> {
    check_name(&request.name)?;
    let architecture = request.architecture.as_deref().unwrap_or("x86_64");
    if !["i386", "x86_64", "arm64"].contains(&architecture) {
        return Err(Fault::invalid_parameter_value(format!(
            "Value ({architecture}) for parameter architecture is invalid."
        ))
        .into());
    }
    check_name_is_free(call, &request.name)?;
    let imds_v2_support =
        request.imds_support.as_deref().map(imds_support::imds_support).transpose()?;
    let id: ImageId = ids::new("ami-")?;
    let record = records::Image {
        name: request.name.clone(),
        description: request.description.clone(),
        owner: call.account.clone(),
        created_at: call.now,
        imds_v2_support: imds_v2_support.is_some(),
        architecture: architecture.to_owned(),
        root_device: request.root_device_name.clone().unwrap_or_else(|| ROOT_DEVICE.to_owned()),
        platform: Platform::Linux,
        devices: devices::changed(Vec::new(), &request.block_device_mappings)?,
        source: None,
        permissions: <_>::default(),
        attributes: <_>::default(),
    };
    snapshots::refer_to(call, &record.devices)?;
    let its_tags = tag_values::specified(&request.tag_specifications, "image")?;
    let key = keys::image(&call.region, id.as_str());
    let mut transaction = Transaction::new().if_unchanged(&key, None).write(&key, &record);
    if !its_tags.is_empty() {
        transaction = transaction.write(&keys::tags(&call.region, id.as_str()), &its_tags);
    }
    call.commit(transaction)?;
    Ok(RegisterImageResult { image_id: Some(id.to_string()) })
}

/// A fault if an image of the account has this name.
fn check_name_is_free(call: &Call<'_>, name: &str) -> Result<(), Refusal> {
    let all = known::all(call)?;
    let same_name =
        |image: &&KnownImage| !matches!(image.origin, Origin::Amazon) && image.record.name == name;
    let Some(KnownImage { id, .. }) = all.iter().find(same_name) else { return Ok(()) };
    let message = format!("AMI name {name} is already in use by AMI {id}");
    Err(Fault::client("InvalidAMIName.Duplicate", message).into())
}

/// Source: EC2 API `RegisterImage`.
fn check_name(name: &str) -> Result<(), Fault> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
    if (3..=128).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(Fault::client(
        "InvalidAMIName.Malformed",
        "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, \
         '(', ')', '.', '-', '/', '_', '[', ']', ''', '@' and spaces",
    ))
}

pub(super) fn deregister(
    call: &Call<'_>,
    request: &DeregisterImageRequest,
) -> Result<DeregisterImageResult, Refusal> {
    let (image, stored) = own(call, &request.image_id)?;
    let key = keys::image(&call.region, image.id.as_str());
    let tags = keys::tags(&call.region, image.id.as_str());
    let mut transaction =
        Transaction::new().if_unchanged(&key, Some(&stored)).remove(&key).remove(&tags);
    let mut deleted = Vec::new();
    if request.delete_associated_snapshots == Some(true) {
        for id in stored.record.devices.iter().filter_map(|it| it.ebs.snapshot_id.as_deref()) {
            call.rely_on_no_new_reference(id)?;
            // One that another image has stays.
            let users = with_snapshot(call, id)?;
            let snapshot = call.read(&keys::snapshot(&call.region, id))?;
            let is_free = users.iter().all(|user| *user == image.id) && snapshot.is_some();
            if is_free {
                let key = keys::snapshot(&call.region, id);
                transaction = transaction
                    .if_unchanged(&key, snapshot.as_ref())
                    .remove(&key)
                    .remove(&keys::tags(&call.region, id));
            }
            deleted.push(DeleteSnapshotReturnCode {
                snapshot_id: Some(id.to_owned()),
                return_code: Some(if is_free { "success" } else { "skipped" }.to_owned()),
            });
        }
    }
    call.commit(transaction)?;
    Ok(DeregisterImageResult { return_: Some(true), delete_snapshot_results: deleted })
}

/// The images that have a snapshot.
pub(super) fn with_snapshot(call: &Call<'_>, snapshot: &str) -> Result<Vec<ImageId>, Refusal> {
    let has_it = |image: &KnownImage| {
        let devices = devices::all(image.id.as_str(), &image.record);
        devices.iter().any(|it| it.ebs.snapshot_id.as_deref() == Some(snapshot))
    };
    let all = known::all(call)?;
    Ok(all.into_iter().filter(has_it).map(|image| image.id).collect())
}
