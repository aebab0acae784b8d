//! `ModifyImageAttribute` and `DescribeImageAttribute`.

use imds_account::records::Permission;
use imds_account::{Transaction, keys};
use imds_ec2::Fault;
use imds_ec2::types::{
    AttributeValue, DescribeImageAttributeRequest, ImageAttribute, ModifyImageAttributeRequest,
};

use super::imds_support::{V2, imds_support};
use super::permissions::{self, PermissionChange};
use super::{devices, known, own};
use crate::call::{Call, Refusal};

/// Changes one attribute: named by itself, or as `Attribute` and `Value`.
pub(crate) fn modify(
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
    permission_change(request)?.apply(&mut record.permissions);
    let key = keys::image(&call.region, image.id.as_str());
    call.commit(Transaction::new().if_unchanged(&key, Some(&stored)).write(&key, &record))?;
    Ok(imds_ec2::Done)
}

fn permission_change(request: &ModifyImageAttributeRequest) -> Result<PermissionChange, Fault> {
    let accounts = request.user_ids.iter().cloned().map(Permission::User);
    let groups = request.user_groups.iter().cloned().map(Permission::Group);
    let organizations = request.organization_arns.iter().cloned().map(Permission::Organization);
    let units = request.organizational_unit_arns.iter().cloned();
    let apart = accounts.chain(groups).chain(organizations);
    let stated = request.launch_permission.clone().unwrap_or_default();
    PermissionChange::new(
        request.operation_type.as_deref(),
        apart.chain(units.map(Permission::OrganizationalUnit)),
        stated.add.iter().flat_map(permissions::of_launch),
        stated.remove.iter().flat_map(permissions::of_launch),
    )
}

pub(crate) fn describe(
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
        "blockDeviceMapping" => {
            let all = devices::all(image.id.as_str(), &image.record);
            attribute.block_device_mappings = Some(devices::shape(all));
        }
        "launchPermission" => {
            attribute.launch_permissions = Some(permissions::shape(&image.record.permissions));
        }
        // Known, and nothing is there.
        "productCodes" => attribute.product_codes = Some(Vec::new()),
        "kernel"
        | "ramdisk"
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
