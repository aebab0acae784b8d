//! Finds launch templates by id or by name.

use imds_account::{Stored, keys, records};
use imds_ec2::Fault;

use crate::call::{Call, Refusal};

/// A template that exists, as it is kept.
pub(crate) struct StoredTemplate {
    pub(super) id: String,
    pub(super) stored: Stored<records::LaunchTemplate>,
}

/// The template that is named by id or by name; what is written next relies on it.
pub(crate) fn find(
    call: &Call<'_>,
    id: Option<&str>,
    name: Option<&str>,
) -> Result<StoredTemplate, Refusal> {
    match (id, name) {
        (Some(id), None) => find_by_id(call, id),
        (None, Some(name)) => find_by_name(call, name),
        _ => Err(Fault::invalid_parameter_combination(
            "You must specify either the ID or the name of the launch template, but not both.",
        )
        .into()),
    }
}

pub(super) fn find_by_id(call: &Call<'_>, id: &str) -> Result<StoredTemplate, Refusal> {
    if !id.starts_with("lt-") {
        let message = format!("Invalid launch template ID: '{id}' (expecting \"lt-...\")");
        return Err(Fault::client("InvalidLaunchTemplateId.Malformed", message).into());
    }
    let stored = call.rely_on(&keys::launch_template(&call.region, id))?.ok_or_else(|| {
        Fault::client(
            "InvalidLaunchTemplateId.NotFound",
            format!("The specified launch template, with template ID {id}, does not exist."),
        )
    })?;
    Ok(StoredTemplate { id: id.to_owned(), stored })
}

pub(super) fn find_by_name(call: &Call<'_>, name: &str) -> Result<StoredTemplate, Refusal> {
    let stored =
        call.rely_on(&keys::launch_template_name(&call.region, name))?.ok_or_else(|| {
            Fault::client(
                "InvalidLaunchTemplateName.NotFoundException",
                format!(
                    "The specified launch template, with template name {name}, does not exist."
                ),
            )
        })?;
    find_by_id(call, &stored.record)
}
