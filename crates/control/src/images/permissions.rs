//! Who else may use an image or a snapshot. Nobody else is here: it is kept and shown.

use std::collections::BTreeSet;

use imds_account::records::Permission;
use imds_ec2::Fault;
use imds_ec2::types::{CreateVolumePermission, LaunchPermission};

/// The words of `OperationType`.
const REMOVE: &str = "remove";

/// What is added, and what is taken away.
pub(crate) struct PermissionChange {
    pub(crate) added: Vec<Permission>,
    pub(crate) removed: Vec<Permission>,
}

impl PermissionChange {
    /// Those that are named apart are added unless `operation` says otherwise.
    pub(crate) fn new(
        operation: Option<&str>,
        apart: impl IntoIterator<Item = Permission>,
        added: impl IntoIterator<Item = Permission>,
        removed: impl IntoIterator<Item = Permission>,
    ) -> Result<Self, Fault> {
        let (mut added, mut removed): (Vec<_>, Vec<_>) =
            (added.into_iter().collect(), removed.into_iter().collect());
        if operation == Some(REMOVE) {
            removed.extend(apart);
        } else {
            added.extend(apart);
        }
        added.iter().try_for_each(check)?;
        Ok(Self { added, removed })
    }

    pub(crate) fn apply(self, permissions: &mut BTreeSet<Permission>) {
        permissions.extend(self.added);
        permissions.retain(|it| !self.removed.contains(it));
    }
}

/// Source: EC2 API, "Error codes": `InvalidAMIAttributeItemValue`.
fn check(permission: &Permission) -> Result<(), Fault> {
    let is_account = |id: &str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    let (value, kind) = match permission {
        Permission::User(id) if !is_account(id) => (id, "userId"),
        Permission::Group(name) if name != "all" => (name, "userGroup"),
        Permission::Organization(arn) if !arn.starts_with("arn:") => (arn, "organizationArn"),
        Permission::OrganizationalUnit(arn) if !arn.starts_with("arn:") => {
            (arn, "organizationalUnitArn")
        }
        _ => return Ok(()),
    };
    let message = format!("Invalid attribute item value \"{value}\" for {kind} item type.");
    Err(Fault::client("InvalidAMIAttributeItemValue", message))
}

/// Those of an image, as the API writes them.
pub(crate) fn of_launch(stated: &LaunchPermission) -> Vec<Permission> {
    let LaunchPermission { organization_arn, organizational_unit_arn, user_id, group } = stated;
    let all = [
        group.clone().map(Permission::Group),
        user_id.clone().map(Permission::User),
        organization_arn.clone().map(Permission::Organization),
        organizational_unit_arn.clone().map(Permission::OrganizationalUnit),
    ];
    all.into_iter().flatten().collect()
}

/// Those of a snapshot.
pub(crate) fn of_volume(stated: &CreateVolumePermission) -> Vec<Permission> {
    let CreateVolumePermission { user_id, group } = stated;
    let all = [group.clone().map(Permission::Group), user_id.clone().map(Permission::User)];
    all.into_iter().flatten().collect()
}

pub(crate) fn shape(permissions: &BTreeSet<Permission>) -> Vec<LaunchPermission> {
    let shape = |it: &Permission| match it.clone() {
        Permission::Group(group) => LaunchPermission { group: Some(group), ..<_>::default() },
        Permission::User(id) => LaunchPermission { user_id: Some(id), ..<_>::default() },
        Permission::Organization(arn) => {
            LaunchPermission { organization_arn: Some(arn), ..<_>::default() }
        }
        Permission::OrganizationalUnit(arn) => {
            LaunchPermission { organizational_unit_arn: Some(arn), ..<_>::default() }
        }
    };
    permissions.iter().map(shape).collect()
}
