//! `ModifyNetworkInterfaceAttribute`.

use imds_account::belongings::attachment_id;
use imds_account::launch::kept_groups;
use imds_ec2::types::ModifyNetworkInterfaceAttributeRequest;
use imds_ec2::{Done, Fault};

use super::place;
use crate::call::{Call, Refusal};
use crate::security_groups;

/// Changes one attribute.
pub(crate) fn modify(
    call: &Call<'_>,
    request: &ModifyNetworkInterfaceAttributeRequest,
) -> Result<Done, Refusal> {
    let ModifyNetworkInterfaceAttributeRequest {
        description,
        source_dest_check,
        groups,
        attachment,
        ..
    } = request;
    let count = usize::from(description.is_some())
        + usize::from(source_dest_check.is_some())
        + usize::from(!groups.is_empty())
        + usize::from(attachment.is_some());
    match count {
        1 => {}
        0 => {
            let message = "No attributes specified. Supported are Description, SourceDestCheck, \
                           SecurityGroupId and Attachment.";
            return Err(Fault::invalid_parameter_combination(message).into());
        }
        _ => {
            let message = "Fields for multiple attribute types specified";
            return Err(Fault::invalid_parameter_combination(message).into());
        }
    }
    let groups = security_groups::find::members(call, groups, &[])?;
    let found = place::find(call, &request.network_interface_id)?;
    if let Some(changes) = attachment {
        let own = found.interface().id.as_ref().map(|id| attachment_id(id.as_str()));
        let own = own.filter(|_| found.instance().is_some());
        if own.is_none() || changes.attachment_id.is_some() && changes.attachment_id != own {
            let id = changes.attachment_id.as_deref().unwrap_or_default();
            let message = format!("The networkInterface attachment ID '{id}' does not exist");
            return Err(Fault::client("InvalidAttachmentID.NotFound", message).into());
        }
    }
    found.change(call, |interface| {
        if !groups.is_empty() {
            interface.groups = kept_groups(&groups, call.network, &call.region);
        }
        let settings = &mut interface.settings;
        if let Some(description) = description {
            settings.description.clone_from(&description.value);
        }
        if let Some(check) = source_dest_check.as_ref().and_then(|it| it.value) {
            settings.source_dest_check = Some(check);
        }
        if let Some(ends) = attachment.as_ref().and_then(|it| it.delete_on_termination) {
            settings.delete_on_termination = Some(ends);
        }
    })?;
    Ok(Done)
}
