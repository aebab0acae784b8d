//! `ModifySnapshotAttribute` and `DescribeSnapshotAttribute`: who else may make volumes of a snapshot.

use imds_account::records::Permission;
use imds_account::{Transaction, keys};
use imds_ec2::types::{
    CreateVolumePermission, DescribeSnapshotAttributeRequest, DescribeSnapshotAttributeResult,
    ModifySnapshotAttributeRequest,
};
use imds_ec2::{Done, Fault};

use super::own;
use crate::call::{Call, Refusal};
use crate::images::permissions::{self, PermissionChange};

pub(crate) fn modify_attribute(
    call: &Call<'_>,
    request: &ModifySnapshotAttributeRequest,
) -> Result<Done, Refusal> {
    let ModifySnapshotAttributeRequest {
        attribute,
        create_volume_permission,
        group_names,
        operation_type,
        snapshot_id: id,
        user_ids,
        ..
    } = request;
    if attribute.as_deref() == Some("productCodes") {
        let message = "Product codes of snapshots are not kept by imds.";
        return Err(Fault::unsupported_operation(message).into());
    }
    let stored = own(call, id)?;
    let groups = group_names.iter().cloned().map(Permission::Group);
    let apart = groups.chain(user_ids.iter().cloned().map(Permission::User));
    let stated = create_volume_permission.clone().unwrap_or_default();
    let change = PermissionChange::new(
        operation_type.as_deref(),
        apart,
        stated.add.iter().flat_map(permissions::of_volume),
        stated.remove.iter().flat_map(permissions::of_volume),
    )?;
    let mut record = stored.record.clone();
    change.apply(&mut record.permissions);
    let key = keys::snapshot(&call.region, id);
    call.commit(Transaction::new().if_unchanged(&key, Some(&stored)).write(&key, &record))?;
    Ok(Done)
}

pub(crate) fn describe_attribute(
    call: &Call<'_>,
    request: &DescribeSnapshotAttributeRequest,
) -> Result<DescribeSnapshotAttributeResult, Refusal> {
    let stored = own(call, &request.snapshot_id)?;
    let shape = |it: &Permission| match it.clone() {
        Permission::User(id) => Some(CreateVolumePermission { user_id: Some(id), group: None }),
        Permission::Group(name) => {
            Some(CreateVolumePermission { user_id: None, group: Some(name) })
        }
        // Snapshots are shared with neither.
        Permission::Organization(_) | Permission::OrganizationalUnit(_) => None,
    };
    let permissions = || stored.record.permissions.iter().filter_map(shape).collect();
    let is_asked_for = |name| request.attribute == name;
    Ok(DescribeSnapshotAttributeResult {
        create_volume_permissions: is_asked_for("createVolumePermission").then(permissions),
        product_codes: is_asked_for("productCodes").then(Vec::new),
        snapshot_id: Some(request.snapshot_id.clone()),
    })
}
