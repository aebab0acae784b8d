//! The versions of a launch template. A version never changes; numbers are never used again.

use imds_account::{keys, records};
use imds_ec2::Fault;

use super::find::StoredTemplate;
use crate::call::{Call, Refusal};

/// A version's number, and the version.
pub(super) type Version = (u64, records::LaunchTemplateVersion);

/// The version that `name` means: a number, `$Latest` or `$Default`.
pub(super) fn find(
    call: &Call<'_>,
    template: &StoredTemplate,
    name: &str,
) -> Result<Version, Refusal> {
    let number = match name {
        "$Latest" => template.stored.record.latest_version,
        "$Default" => template.stored.record.default_version,
        number => number.parse().map_err(|_| {
            Fault::client(
                "InvalidLaunchTemplateId.VersionNotFound",
                format!("Invalid launch template version: '{name}' is neither a number nor $Latest nor $Default."),
            )
        })?,
    };
    let key = keys::launch_template_version(&call.region, &template.id, number);
    let stored = call.rely_on(&key)?.ok_or_else(|| not_found(template, number))?;
    Ok((number, stored.record))
}

fn not_found(template: &StoredTemplate, number: u64) -> Fault {
    Fault::client(
        "InvalidLaunchTemplateId.VersionNotFound",
        format!(
            "Could not find the specified version {number} for the launch template with ID {}.",
            template.id
        ),
    )
}

/// All versions that can be read, the oldest first.
pub(super) fn all(call: &Call<'_>, template: &StoredTemplate) -> Result<Vec<Version>, Refusal> {
    let all = call.scan(&keys::launch_template_versions(&call.region, &template.id))?;
    Ok(all
        .into_iter()
        .filter_map(|(number, stored)| Some((number.parse().ok()?, stored.record)))
        .collect())
}
