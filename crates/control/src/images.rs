//! Images: those that everybody knows, and those that were registered here.

use imds_account::records::{self, Tags};
use imds_account::{Stored, Transaction, keys};
use imds_core::ImageId;
use imds_core::image::{Image, WellKnownImage};
use imds_core::instance_type::Architecture;
use imds_ec2::Fault;
use imds_ec2::types::{
    self, AttributeValue, BlockDeviceMapping, DeregisterImageRequest, DeregisterImageResult,
    DescribeImageAttributeRequest, DescribeImagesRequest, DescribeImagesResult, EbsBlockDevice,
    ImageAttribute, ModifyImageAttributeRequest, RegisterImageRequest, RegisterImageResult,
};

use super::call::{Call, Refusal};
use super::filter::Filters;
use super::page::Page;
use super::{ids, tag_values, time};

/// The account that owns what Amazon publishes.
const AMAZON: &str = "137112412989";

/// The only value of `ImdsSupport`.
const V2: &str = "v2.0";

/// The images that are there in each Region, with the names that a search for Amazon's images finds; `ARCH`
/// stands for the processors.
const WELL_KNOWN: [(WellKnownImage, &str, &str); 2] = [
    (
        WellKnownImage::AmazonLinux2,
        "amzn2-ami-hvm-2.0.20250101.0-ARCH-gp2",
        "Amazon Linux 2 AMI 2.0.20250101.0 ARCH HVM gp2",
    ),
    (
        WellKnownImage::AmazonLinux2023,
        "al2023-ami-2023.6.20250101.0-kernel-6.1-ARCH",
        "Amazon Linux 2023 AMI 2023.6.20250101.0 ARCH HVM kernel-6.1",
    ),
];

/// When the well-known images were made, in seconds since 1970: 2025-01-01T00:00:00Z.
const PUBLISHED: u64 = 1_735_689_600;

/// An image that exists.
struct KnownImage {
    id: ImageId,
    record: records::Image,
    /// What it was read as; none of an image that everybody knows, which nobody changes.
    stored: Option<Stored<records::Image>>,
}

/// The image with this id, if it is for the processors it is to run on. Those that are 64-bit also run 32-bit
/// images.
pub(super) fn find(
    call: &Call<'_>,
    id: &str,
    architecture: Architecture,
) -> Result<Image, Refusal> {
    let KnownImage { id, record, .. } = find_known(call, id)?;
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
        ..Image::backed_by_ebs(id, architecture, record.root_device)
    })
}

/// A fault if there is no image with this id.
pub(super) fn exists(call: &Call<'_>, id: &str) -> Result<(), Refusal> {
    find_known(call, id).map(drop)
}

fn find_known(call: &Call<'_>, id: &str) -> Result<KnownImage, Refusal> {
    let parsed: ImageId = id.parse().map_err(|_| {
        let message = format!("Invalid id: \"{id}\" (expecting \"ami-...\")");
        Fault::client("InvalidAMIID.Malformed", message)
    })?;
    if let Some(image) = well_known(call)?.into_iter().find(|image| image.id == parsed) {
        return Ok(image);
    }
    let stored = call.read(&keys::image(&call.region, id))?.ok_or_else(|| {
        Fault::client("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist"))
    })?;
    Ok(KnownImage { id: parsed, record: stored.record.clone(), stored: Some(stored) })
}

fn well_known(call: &Call<'_>) -> Result<Vec<KnownImage>, Refusal> {
    let owner: imds_core::AccountId = AMAZON.parse().map_err(|_| Fault::internal())?;
    let of_each = WELL_KNOWN.into_iter().flat_map(|image| {
        [Architecture::X86_64, Architecture::Arm64].map(|architecture| (image, architecture))
    });
    let images = of_each.map(|((image, name, description), architecture)| {
        let image = image.in_region(&call.region, architecture);
        let named = |text: &str| text.replace("ARCH", architecture.as_str());
        let record = records::Image {
            name: named(name),
            description: Some(named(description)),
            owner: owner.clone(),
            created_at: PUBLISHED,
            imds_v2_support: image.imds_v2_support,
            architecture: image.architecture.as_str().to_owned(),
            root_device: image.root_device,
            attributes: <_>::default(),
        };
        KnownImage { id: image.id, record, stored: None }
    });
    Ok(images.collect())
}

/// An image that may be changed: one of the account's own.
fn own(call: &Call<'_>, id: &str) -> Result<(KnownImage, Stored<records::Image>), Refusal> {
    let image = find_known(call, id)?;
    let stored = image.stored.clone().ok_or_else(|| {
        Fault::new(403, "AuthFailure", format!("Not authorized for images: [{id}]"))
    })?;
    Ok((image, stored))
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
    let all = call.scan(&keys::images(&call.region))?;
    if let Some((id, _)) = all.iter().find(|(_, stored)| stored.record.name == request.name) {
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
        root_device: request.root_device_name.clone().unwrap_or_else(|| "/dev/xvda".to_owned()),
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
    let image = find_known(call, &request.image_id)?;
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

/// Source: EC2 API `DescribeImages`.
const FILTERS: &[&str] = &[
    "architecture",
    "creation-date",
    "description",
    "ena-support",
    "hypervisor",
    "image-id",
    "image-type",
    "imds-support",
    "is-public",
    "name",
    "owner-alias",
    "owner-id",
    "platform",
    "root-device-name",
    "root-device-type",
    "state",
    "virtualization-type",
];

pub(super) fn describe(
    call: &Call<'_>,
    request: &DescribeImagesRequest,
) -> Result<DescribeImagesResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 1..=1000)?;
    let mut all = if request.image_ids.is_empty() {
        let own = call.scan(&keys::images(&call.region))?.into_iter();
        let own = own.filter_map(|(id, stored)| {
            Some(KnownImage {
                id: id.parse().ok()?,
                record: stored.record.clone(),
                stored: Some(stored),
            })
        });
        well_known(call)?.into_iter().chain(own).collect()
    } else {
        request.image_ids.iter().map(|id| find_known(call, id)).collect::<Result<Vec<_>, _>>()?
    };
    all.retain(|image| {
        request.owners.is_empty() || request.owners.iter().any(|it| owns(call, it, image))
    });
    all.sort_by(|one, other| one.id.cmp(&other.id));
    let mut shown = Vec::new();
    for image in all {
        let its_tags = call.tags(image.id.as_str())?;
        let shape = shape(&image, &its_tags);
        if filters.accept(&its_tags, |name| values(&shape, name)) {
            shown.push((image.id, shape));
        }
    }
    let (shown, next_token) = page.paginate(shown, |(id, _)| id.as_str());
    Ok(DescribeImagesResult {
        images: shown.into_iter().map(|(_, shape)| shape).collect(),
        next_token,
    })
}

/// Whether `owner`, an account or `self` or an alias, is the image's.
fn owns(call: &Call<'_>, owner: &str, image: &KnownImage) -> bool {
    match owner {
        "self" => image.record.owner == *call.account,
        "amazon" => image.stored.is_none(),
        account => image.record.owner.as_str() == account,
    }
}

fn values(shape: &types::Image, name: &str) -> Vec<String> {
    let value = match name {
        "architecture" => &shape.architecture,
        "creation-date" => &shape.creation_date,
        "description" => &shape.description,
        "ena-support" => &shape.ena_support.map(|is| is.to_string()),
        "hypervisor" => &shape.hypervisor,
        "image-id" => &shape.image_id,
        "image-type" => &shape.image_type,
        "imds-support" => &shape.imds_support,
        "is-public" => &shape.public.map(|is| is.to_string()),
        "name" => &shape.name,
        "owner-alias" => &shape.image_owner_alias,
        "owner-id" => &shape.owner_id,
        "root-device-name" => &shape.root_device_name,
        "root-device-type" => &shape.root_device_type,
        "state" => &shape.state,
        "virtualization-type" => &shape.virtualization_type,
        _ => &None,
    };
    value.iter().cloned().collect()
}

fn shape(image: &KnownImage, its_tags: &Tags) -> types::Image {
    let record = &image.record;
    let text = |text: &str| Some(text.to_owned());
    let is_amazons = image.stored.is_none();
    let alias = if is_amazons { "amazon" } else { record.owner.as_str() };
    types::Image {
        image_id: text(image.id.as_str()),
        name: text(&record.name),
        description: record.description.clone(),
        image_location: Some(format!("{alias}/{}", record.name)),
        image_owner_alias: is_amazons.then(|| alias.to_owned()),
        owner_id: text(record.owner.as_str()),
        state: text("available"),
        creation_date: time::shape(record.created_at).map(|time| time.to_string()),
        public: Some(is_amazons),
        architecture: text(&record.architecture),
        image_type: text("machine"),
        imds_support: record.imds_v2_support.then(|| V2.to_owned()),
        block_device_mappings: block_devices(record),
        ena_support: Some(true),
        hypervisor: text("xen"),
        root_device_name: text(&record.root_device),
        root_device_type: text("ebs"),
        virtualization_type: text("hvm"),
        platform_details: text("Linux/UNIX"),
        usage_operation: text("RunInstances"),
        tags: tag_values::shape(its_tags),
        ..types::Image::default()
    }
}

fn block_devices(record: &records::Image) -> Vec<BlockDeviceMapping> {
    vec![BlockDeviceMapping {
        device_name: Some(record.root_device.clone()),
        ebs: Some(EbsBlockDevice {
            delete_on_termination: Some(true),
            volume_size: Some(8),
            volume_type: Some("gp3".to_owned()),
            ..EbsBlockDevice::default()
        }),
        ..BlockDeviceMapping::default()
    }]
}
