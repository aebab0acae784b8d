//! Images: those that everybody knows, those that the operator names, and those that were registered here.

pub(crate) mod describe;
mod known;
mod preset;

use imds_account::{Stored, Transaction, keys, records};
use imds_core::ImageId;
use imds_core::image::{Image, Platform, ROOT_DEVICE};
use imds_core::instance_type::Architecture;
use imds_ec2::Fault;
use imds_ec2::types::{
    AttributeValue, DeregisterImageRequest, DeregisterImageResult, DescribeImageAttributeRequest,
    ImageAttribute, ModifyImageAttributeRequest, RegisterImageRequest, RegisterImageResult,
};

use super::call::{Call, Refusal};
use super::{ids, tag_values};
use describe::{V2, block_devices};
pub(crate) use known::PUBLISHED;
use known::{KnownImage, Origin};
pub use preset::PresetImage;

/// The image with this id, if it is for the processors it is to run on. Those that are 64-bit also run 32-bit
/// images.
pub(super) fn find(
    call: &Call<'_>,
    id: &str,
    architecture: Architecture,
) -> Result<Image, Refusal> {
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
    Ok(Image {
        imds_v2_support: record.imds_v2_support,
        platform: record.platform,
        ..Image::backed_by_ebs(id, architecture, record.root_device)
    })
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
            let stored = stored.clone();
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
    let all = known::all(call)?;
    let same_name = |image: &&KnownImage| {
        !matches!(image.origin, Origin::Amazon) && image.record.name == request.name
    };
    if let Some(KnownImage { id, .. }) = all.iter().find(same_name) {
        let message = format!("AMI name {} is already in use by AMI {id}", request.name);
        return Err(Fault::client("InvalidAMIName.Duplicate", message).into());
    }
    let imds_v2_support = request.imds_support.as_deref().map(imds_support).transpose()?;
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
        attributes: <_>::default(),
    };
    let its_tags = tag_values::specified(&request.tag_specifications, "image")?;
    let key = keys::image(&call.region, id.as_str());
    let mut transaction = Transaction::new().if_unchanged(&key, None).write(&key, &record);
    if !its_tags.is_empty() {
        transaction = transaction.write(&keys::tags(&call.region, id.as_str()), &its_tags);
    }
    call.commit(transaction)?;
    Ok(RegisterImageResult { image_id: Some(id.to_string()) })
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

fn imds_support(value: &str) -> Result<(), Fault> {
    if value == V2 {
        return Ok(());
    }
    Err(Fault::invalid_parameter_value(format!(
        "A value of '{value}' is not valid for ImdsSupport. Specify '{V2}' and try again."
    )))
}

pub(super) fn deregister(
    call: &Call<'_>,
    request: &DeregisterImageRequest,
) -> Result<DeregisterImageResult, Refusal> {
    let (image, stored) = own(call, &request.image_id)?;
    let key = keys::image(&call.region, image.id.as_str());
    let tags = keys::tags(&call.region, image.id.as_str());
    call.commit(Transaction::new().if_unchanged(&key, Some(&stored)).remove(&key).remove(&tags))?;
    Ok(DeregisterImageResult { return_: Some(true), ..Default::default() })
}

/// Changes one attribute: named by itself, or as `Attribute` and `Value`.
pub(super) fn modify_attribute(
    call: &Call<'_>,
    request: &ModifyImageAttributeRequest,
) -> Result<imds_ec2::Done, Refusal> {
    let (image, stored) = own(call, &request.image_id)?;
    let mut record = stored.record.clone();
    let named = |attribute: &str, value: &Option<AttributeValue>| {
        let by_name = request.attribute.as_deref() == Some(attribute);
        let named = request.value.clone().filter(|_| by_name);
        value.as_ref().and_then(|value| value.value.clone()).or(named)
    };
    let known = ["description", "imdsSupport", "launchPermission", "productCodes"];
    if let Some(unknown) = request.attribute.as_deref().filter(|name| !known.contains(name)) {
        let message = format!("Invalid attribute: {unknown}");
        return Err(Fault::invalid_parameter_value(message).into());
    }
    if let Some(description) = named("description", &request.description) {
        record.description = Some(description);
    }
    if let Some(value) = named("imdsSupport", &request.imds_support) {
        // There is no way back: the only value turns it on.
        imds_support(&value)?;
        record.imds_v2_support = true;
    }
    let key = keys::image(&call.region, image.id.as_str());
    call.commit(Transaction::new().if_unchanged(&key, Some(&stored)).write(&key, &record))?;
    Ok(imds_ec2::Done)
}

pub(super) fn describe_attribute(
    call: &Call<'_>,
    request: &DescribeImageAttributeRequest,
) -> Result<ImageAttribute, Refusal> {
    let image = known::find(call, &request.image_id)?;
    let mut attribute =
        ImageAttribute { image_id: Some(image.id.to_string()), ..ImageAttribute::default() };
    let value = |value: Option<String>| Some(AttributeValue { value });
    match request.attribute.as_str() {
        "description" => attribute.description = value(image.record.description),
        "imdsSupport" => {
            let support = image.record.imds_v2_support.then(|| V2.to_owned());
            attribute.imds_support = Some(AttributeValue { value: support });
        }
        "blockDeviceMapping" => attribute.block_device_mappings = block_devices(&image.record),
        // Known, and nothing is there.
        "kernel"
        | "ramdisk"
        | "launchPermission"
        | "productCodes"
        | "sriovNetSupport"
        | "bootMode"
        | "tpmSupport"
        | "uefiData"
        | "lastLaunchedTime"
        | "deregistrationProtection" => {}
        unknown => {
            let message = format!("Invalid attribute: {unknown}");
            return Err(Fault::invalid_parameter_value(message).into());
        }
    }
    Ok(attribute)
}
