//! Which function carries out which action.

use imds_ec2::{Fault, Request};

use super::call::{Call, Refusal};
use super::instances::{describe, run};
use super::{metadata_defaults, metadata_options};

/// Carries out `request`; gives the document that answers it.
pub(super) fn carry_out(call: &Call<'_>, request: &Request) -> Result<String, Refusal> {
    match request {
        Request::DescribeInstances(asked) => call.answer(asked, describe::describe),
        Request::GetInstanceMetadataDefaults(asked) => call.answer(asked, metadata_defaults::get),
        Request::ModifyInstanceMetadataDefaults(asked) => {
            call.answer(asked, metadata_defaults::modify)
        }
        Request::ModifyInstanceMetadataOptions(asked) => {
            call.answer(asked, metadata_options::modify)
        }
        Request::RunInstances(asked) => call.answer(asked, run::run),
        other => Err(Fault::invalid_action(other.action(), &[]).into()),
    }
}
