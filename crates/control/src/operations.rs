//! Which function carries out which action.

use imds_ec2::Request;

use super::call::{Call, Refusal};
use super::instances::{attributes, describe, run, states, status};
use super::launch_templates::{launch, templates, versions};
use super::{
    iam_profiles, images, instance_types, key_pairs, metadata_defaults, metadata_options, network,
    places, tags,
};

/// Carries out `request`, and returns the document that answers it.
pub(super) fn dispatch(call: &Call<'_>, request: &Request) -> Result<String, Refusal> {
    match request {
        Request::AssociateIamInstanceProfile(asked) => call.answer(asked, iam_profiles::associate),
        Request::CreateLaunchTemplate(asked) => call.answer(asked, templates::create),
        Request::CreateLaunchTemplateVersion(asked) => call.answer(asked, versions::create),
        Request::CreateTags(asked) => call.answer(asked, tags::create),
        Request::DeleteKeyPair(asked) => call.answer(asked, key_pairs::delete),
        Request::DeleteLaunchTemplate(asked) => call.answer(asked, templates::delete),
        Request::DeleteLaunchTemplateVersions(asked) => call.answer(asked, versions::delete),
        Request::DeleteTags(asked) => call.answer(asked, tags::delete),
        Request::DeregisterImage(asked) => call.answer(asked, images::deregister),
        Request::DescribeAvailabilityZones(asked) => call.answer(asked, places::describe_zones),
        Request::DescribeIamInstanceProfileAssociations(asked) => {
            call.answer(asked, iam_profiles::describe)
        }
        Request::DescribeImageAttribute(asked) => call.answer(asked, images::describe_attribute),
        Request::DescribeImages(asked) => call.answer(asked, images::describe),
        Request::DescribeInstanceAttribute(asked) => call.answer(asked, attributes::describe),
        Request::DescribeInstanceStatus(asked) => call.answer(asked, status::describe),
        Request::DescribeInstanceTypes(asked) => call.answer(asked, instance_types::describe),
        Request::DescribeInstances(asked) => call.answer(asked, describe::describe),
        Request::DescribeKeyPairs(asked) => call.answer(asked, key_pairs::describe),
        Request::DescribeLaunchTemplateVersions(asked) => call.answer(asked, versions::describe),
        Request::DescribeLaunchTemplates(asked) => call.answer(asked, templates::describe),
        Request::DescribeRegions(asked) => call.answer(asked, places::describe_regions),
        Request::DescribeSecurityGroups(asked) => {
            call.answer(asked, network::describe_security_groups)
        }
        Request::DescribeSubnets(asked) => call.answer(asked, network::describe_subnets),
        Request::DescribeTags(asked) => call.answer(asked, tags::describe),
        Request::DescribeVpcs(asked) => call.answer(asked, network::describe_vpcs),
        Request::DisassociateIamInstanceProfile(asked) => {
            call.answer(asked, iam_profiles::disassociate)
        }
        Request::GetInstanceMetadataDefaults(asked) => call.answer(asked, metadata_defaults::get),
        Request::GetLaunchTemplateData(asked) => call.answer(asked, launch::of_instance),
        Request::ImportKeyPair(asked) => call.answer(asked, key_pairs::import),
        Request::ModifyImageAttribute(asked) => call.answer(asked, images::modify_attribute),
        Request::ModifyInstanceAttribute(asked) => call.answer(asked, attributes::modify),
        Request::ModifyInstanceMetadataDefaults(asked) => {
            call.answer(asked, metadata_defaults::modify)
        }
        Request::ModifyInstanceMetadataOptions(asked) => {
            call.answer(asked, metadata_options::modify)
        }
        Request::ModifyLaunchTemplate(asked) => call.answer(asked, templates::modify),
        Request::RebootInstances(asked) => call.answer(asked, states::reboot),
        Request::RegisterImage(asked) => call.answer(asked, images::register),
        Request::ReplaceIamInstanceProfileAssociation(asked) => {
            call.answer(asked, iam_profiles::replace)
        }
        Request::RunInstances(asked) => call.answer(asked, run::run),
        Request::StartInstances(asked) => call.answer(asked, states::start),
        Request::StopInstances(asked) => call.answer(asked, states::stop),
        Request::TerminateInstances(asked) => call.answer(asked, states::terminate),
    }
}
