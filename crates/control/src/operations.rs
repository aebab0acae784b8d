//! Which function carries out which action.

use imds_ec2::Request;

use super::call::{Call, Refusal};
use super::instances::{attributes, credits, describe, monitoring, run, states, status, upkeep};
use super::launch_templates::{launch, templates, versions};
use super::network_interfaces::{addresses, attachment, create};
use super::security_groups::rules;
use super::volumes::modifications;
use super::{
    account_attributes, fleets, iam_profiles, images, instance_types, key_pairs, metadata_defaults,
    metadata_options, network, network_interfaces, places, security_groups, snapshots, spot_prices,
    tags, volumes,
};

// long function: one arm for each action
/// Carries out `request`, and returns the document that answers it.
#[expect(clippy::too_many_lines, reason = "one arm for each action")]
pub(super) fn dispatch(call: &Call<'_>, request: &Request) -> Result<String, Refusal> {
    match request {
        Request::AssignIpv6Addresses(request) => call.answer(request, addresses::assign_ipv6),
        Request::AssignPrivateIpAddresses(request) => call.answer(request, addresses::assign_ipv4),
        Request::AssociateIamInstanceProfile(request) => {
            call.answer(request, iam_profiles::associate)
        }
        Request::AttachNetworkInterface(request) => call.answer(request, attachment::attach),
        Request::AuthorizeSecurityGroupEgress(request) => {
            call.answer(request, rules::authorize_egress)
        }
        Request::AuthorizeSecurityGroupIngress(request) => {
            call.answer(request, rules::authorize_ingress)
        }
        Request::CreateFleet(request) => call.answer(request, fleets::create),
        Request::CreateImage(request) => call.answer(request, images::create::create),
        Request::CreateKeyPair(request) => call.answer(request, key_pairs::create::create),
        Request::CreateLaunchTemplate(request) => call.answer(request, templates::create),
        Request::CreateLaunchTemplateVersion(request) => call.answer(request, versions::create),
        Request::CreateNetworkInterface(request) => call.answer(request, create::create),
        Request::CreateSecurityGroup(request) => call.answer(request, security_groups::create),
        Request::CreateSnapshot(request) => call.answer(request, snapshots::create),
        Request::CreateTags(request) => call.answer(request, tags::create),
        Request::DeleteKeyPair(request) => call.answer(request, key_pairs::delete),
        Request::DeleteLaunchTemplate(request) => call.answer(request, templates::delete),
        Request::DeleteLaunchTemplateVersions(request) => call.answer(request, versions::delete),
        Request::DeleteNetworkInterface(request) => call.answer(request, create::delete),
        Request::DeleteSecurityGroup(request) => call.answer(request, security_groups::delete),
        Request::DeleteSnapshot(request) => call.answer(request, snapshots::delete),
        Request::DeleteTags(request) => call.answer(request, tags::delete),
        Request::DeregisterImage(request) => call.answer(request, images::deregister),
        Request::DescribeAccountAttributes(request) => {
            call.answer(request, account_attributes::describe)
        }
        Request::DescribeAddresses(request) => {
            call.answer(request, account_attributes::describe_addresses)
        }
        Request::DescribeAvailabilityZones(request) => call.answer(request, places::describe_zones),
        Request::DescribeIamInstanceProfileAssociations(request) => {
            call.answer(request, iam_profiles::describe)
        }
        Request::DescribeImageAttribute(request) => {
            call.answer(request, images::attributes::describe)
        }
        Request::DescribeImages(request) => call.answer(request, images::describe::describe),
        Request::DescribeInstanceAttribute(request) => call.answer(request, attributes::describe),
        Request::DescribeInstanceCreditSpecifications(request) => {
            call.answer(request, credits::describe)
        }
        Request::DescribeInstanceStatus(request) => call.answer(request, status::describe),
        Request::DescribeInstanceTypeOfferings(request) => {
            call.answer(request, instance_types::offerings::describe)
        }
        Request::DescribeInstanceTypes(request) => call.answer(request, instance_types::describe),
        Request::DescribeInstances(request) => call.answer(request, describe::describe),
        Request::DescribeKeyPairs(request) => call.answer(request, key_pairs::describe),
        Request::DescribeLaunchTemplateVersions(request) => {
            call.answer(request, versions::describe)
        }
        Request::DescribeLaunchTemplates(request) => call.answer(request, templates::describe),
        Request::DescribeNetworkInterfaces(request) => {
            call.answer(request, network_interfaces::describe)
        }
        Request::DescribeRegions(request) => call.answer(request, places::describe_regions),
        Request::DescribeSecurityGroupRules(request) => call.answer(request, rules::describe),
        Request::DescribeSecurityGroups(request) => {
            call.answer(request, security_groups::describe::describe)
        }
        Request::DescribeSnapshotAttribute(request) => {
            call.answer(request, snapshots::describe_attribute)
        }
        Request::DescribeSnapshots(request) => call.answer(request, snapshots::describe),
        Request::DescribeSpotPriceHistory(request) => call.answer(request, spot_prices::describe),
        Request::DescribeSubnets(request) => call.answer(request, network::describe_subnets),
        Request::DescribeTags(request) => call.answer(request, tags::describe),
        Request::DescribeVolumes(request) => call.answer(request, volumes::describe),
        Request::DescribeVolumesModifications(request) => {
            call.answer(request, modifications::describe)
        }
        Request::DescribeVpcs(request) => call.answer(request, network::describe_vpcs),
        Request::DetachNetworkInterface(request) => call.answer(request, attachment::detach),
        Request::DisassociateIamInstanceProfile(request) => {
            call.answer(request, iam_profiles::disassociate)
        }
        Request::GetInstanceMetadataDefaults(request) => {
            call.answer(request, metadata_defaults::get)
        }
        Request::GetLaunchTemplateData(request) => call.answer(request, launch::of_instance),
        Request::GetPasswordData(request) => call.answer(request, upkeep::password),
        Request::ImportKeyPair(request) => call.answer(request, key_pairs::import),
        Request::ModifyImageAttribute(request) => call.answer(request, images::attributes::modify),
        Request::ModifyInstanceAttribute(request) => call.answer(request, attributes::modify),
        Request::ModifyInstanceCapacityReservationAttributes(request) => {
            call.answer(request, upkeep::modify_capacity_reservations)
        }
        Request::ModifyInstanceCreditSpecification(request) => {
            call.answer(request, credits::modify)
        }
        Request::ModifyInstanceMaintenanceOptions(request) => {
            call.answer(request, upkeep::modify_maintenance)
        }
        Request::ModifyInstanceMetadataDefaults(request) => {
            call.answer(request, metadata_defaults::modify)
        }
        Request::ModifyInstanceMetadataOptions(request) => {
            call.answer(request, metadata_options::modify)
        }
        Request::ModifyLaunchTemplate(request) => call.answer(request, templates::modify),
        Request::ModifyNetworkInterfaceAttribute(request) => {
            call.answer(request, network_interfaces::attributes::modify)
        }
        Request::ModifyPrivateDnsNameOptions(request) => {
            call.answer(request, upkeep::modify_dns_names)
        }
        Request::ModifySnapshotAttribute(request) => {
            call.answer(request, snapshots::modify_attribute)
        }
        Request::ModifyVolume(request) => call.answer(request, modifications::modify),
        Request::MonitorInstances(request) => call.answer(request, monitoring::monitor),
        Request::RebootInstances(request) => call.answer(request, states::reboot),
        Request::RegisterImage(request) => call.answer(request, images::register),
        Request::ReplaceIamInstanceProfileAssociation(request) => {
            call.answer(request, iam_profiles::replace)
        }
        Request::RevokeSecurityGroupEgress(request) => call.answer(request, rules::revoke_egress),
        Request::RevokeSecurityGroupIngress(request) => call.answer(request, rules::revoke_ingress),
        Request::RunInstances(request) => call.answer(request, run::run),
        Request::StartInstances(request) => call.answer(request, states::start),
        Request::StopInstances(request) => call.answer(request, states::stop),
        Request::TerminateInstances(request) => call.answer(request, states::terminate),
        Request::UnassignIpv6Addresses(request) => call.answer(request, addresses::unassign_ipv6),
        Request::UnassignPrivateIpAddresses(request) => {
            call.answer(request, addresses::unassign_ipv4)
        }
        Request::UnmonitorInstances(request) => call.answer(request, monitoring::unmonitor),
    }
}
