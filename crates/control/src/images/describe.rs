//! `DescribeImages`.

use imds_account::records::{Permission, Tags};
use imds_core::placement::Region;
use imds_ec2::types::{self, DescribeImagesRequest, DescribeImagesResult};

use super::devices;
use super::imds_support::V2;
use super::known::{self, KnownImage, Origin};
use crate::call::{Call, Refusal};
use crate::filter::Filters;
use crate::page::Page;
use crate::platform::PlatformWords;
use crate::{tag_values, time};

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

pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeImagesRequest,
) -> Result<DescribeImagesResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 1..=1000)?;
    let mut all = if request.image_ids.is_empty() {
        known::all(call)?
    } else {
        request.image_ids.iter().map(|id| known::find(call, id)).collect::<Result<Vec<_>, _>>()?
    };
    all.retain(|image| {
        request.owners.is_empty() || request.owners.iter().any(|it| owns(call, it, image))
    });
    all.sort_by(|one, other| one.id.cmp(&other.id));
    let mut shown = Vec::new();
    for image in all {
        let its_tags = call.tags(image.id.as_str())?;
        let shape = shape(&image, &its_tags, &call.region);
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
        "amazon" => matches!(image.origin, Origin::Amazon),
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
        "platform" => &shape.platform,
        "root-device-name" => &shape.root_device_name,
        "root-device-type" => &shape.root_device_type,
        "state" => &shape.state,
        "virtualization-type" => &shape.virtualization_type,
        _ => &None,
    };
    value.iter().cloned().collect()
}

fn shape(image: &KnownImage, its_tags: &Tags, region: &Region) -> types::Image {
    let record = &image.record;
    let text = |text: &str| Some(text.to_owned());
    let is_amazons = matches!(image.origin, Origin::Amazon);
    let alias = if is_amazons { "amazon" } else { record.owner.as_str() };
    let words = PlatformWords::from(record.platform);
    let source = record.source.as_ref();
    let is_public = record.permissions.contains(&Permission::Group("all".to_owned()));
    types::Image {
        image_id: text(image.id.as_str()),
        name: text(&record.name),
        description: record.description.clone(),
        image_location: Some(format!("{alias}/{}", record.name)),
        image_owner_alias: is_amazons.then(|| alias.to_owned()),
        owner_id: text(record.owner.as_str()),
        state: text("available"),
        creation_date: time::shape(record.created_at).map(|time| time.to_string()),
        public: Some(is_amazons || is_public),
        architecture: text(&record.architecture),
        image_type: text("machine"),
        imds_support: record.imds_v2_support.then(|| V2.to_owned()),
        block_device_mappings: devices::shape(devices::all(image.id.as_str(), record)),
        source_instance_id: source.map(|(instance, _)| instance.to_string()),
        source_image_id: source.map(|(_, image)| image.to_string()),
        source_image_region: source.map(|_| region.to_string()),
        ena_support: Some(true),
        hypervisor: text("xen"),
        root_device_name: text(&record.root_device),
        root_device_type: text("ebs"),
        virtualization_type: text("hvm"),
        platform: words.platform,
        platform_details: Some(words.details),
        usage_operation: Some(words.usage_operation),
        tags: tag_values::shape(its_tags),
        ..types::Image::default()
    }
}
