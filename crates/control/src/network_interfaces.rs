//! Network interfaces: those of instances, and those that are on none yet or no longer.

pub(super) mod addresses;
pub(super) mod attachment;
pub(super) mod attributes;
pub(super) mod create;
mod free;
pub(super) mod place;

use imds_account::keys;
use imds_account::records::Lifecycle;
use imds_ec2::types::{
    DescribeNetworkInterfacesRequest, DescribeNetworkInterfacesResult, InstanceNetworkInterface,
    InstanceNetworkInterfaceAssociation, Ipv4PrefixSpecification, Ipv6PrefixSpecification,
    NetworkInterface, NetworkInterfaceAssociation, NetworkInterfaceAttachment,
    NetworkInterfaceIpv6Address, NetworkInterfacePrivateIpAddress, Tag,
};

use super::belongings::{self, Belonging};
use super::call::{Call, Refusal};
use super::filter::Filters;
use super::instances::{self, StoredInstance};
use super::page::Page;
use place::Place;

/// Source: EC2 API `DescribeNetworkInterfaces`.
const FILTERS: &[&str] = &[
    "addresses.association.owner-id",
    "addresses.association.public-ip",
    "addresses.primary",
    "addresses.private-ip-address",
    "association.allocation-id",
    "association.association-id",
    "association.ip-owner-id",
    "association.public-dns-name",
    "association.public-ip",
    "attachment.attach-time",
    "attachment.attachment-id",
    "attachment.delete-on-termination",
    "attachment.device-index",
    "attachment.instance-id",
    "attachment.instance-owner-id",
    "attachment.status",
    "availability-zone",
    "availability-zone-id",
    "description",
    "group-id",
    "group-name",
    "interface-type",
    "ipv6-addresses.ipv6-address",
    "mac-address",
    "network-interface-id",
    "operator.managed",
    "operator.principal",
    "owner-id",
    "private-dns-name",
    "private-ip-address",
    "requester-id",
    "requester-managed",
    "source-dest-check",
    "status",
    "subnet-id",
    "vpc-id",
];

pub(super) fn describe(
    call: &Call<'_>,
    request: &DescribeNetworkInterfacesRequest,
) -> Result<DescribeNetworkInterfacesResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let wanted = &request.network_interface_ids;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    let all = belongings::wanted(wanted, |id| find(call, id), || all(call))?;
    let (network_interfaces, next_token) = belongings::shown(call, all, &filters, page)?;
    Ok(DescribeNetworkInterfacesResult { network_interfaces, next_token })
}

/// All network interfaces, those that are on no instance too.
fn all(call: &Call<'_>) -> Result<Vec<NetworkInterface>, Refusal> {
    let attached = instances::all(call)?;
    let free = call.scan(&keys::free_interfaces(&call.region))?;
    let free = free.iter().map(|(_, stored)| free::shape(call, &stored.record));
    Ok(attached.iter().flat_map(|instance| interfaces(call, instance)).chain(free).collect())
}

/// The interface with this id, but for its tags.
fn find(call: &Call<'_>, id: &str) -> Result<NetworkInterface, Refusal> {
    match place::find(call, id)? {
        Place::Free(stored) => Ok(free::shape(call, &stored.record)),
        Place::Instance(instance, _) => {
            let mut all = interfaces(call, &instance).into_iter();
            let found = all.find(|it| it.network_interface_id.as_deref() == Some(id));
            found.ok_or_else(|| place::not_found(id).into())
        }
    }
}

impl Belonging for NetworkInterface {
    fn id(&self) -> &str {
        self.network_interface_id.as_deref().unwrap_or_default()
    }

    fn values(&self, filter: &str) -> Vec<String> {
        values(self, filter)
    }

    fn set_tags(&mut self, tags: Vec<Tag>) {
        self.tag_set = tags;
    }
}

/// The interfaces of an instance; a terminated one has none.
fn interfaces(call: &Call<'_>, instance: &StoredInstance) -> Vec<NetworkInterface> {
    let Ok(facts) = instance.facts() else { return Vec::new() };
    if instance.stored.record.lifecycle == Lifecycle::Terminated {
        return Vec::new();
    }
    let shown = instances::present_interfaces(call, instance, &facts).into_iter();
    let on_instance = |one: InstanceNetworkInterface| NetworkInterface {
        availability_zone: Some(facts.zone.to_string()),
        availability_zone_id: Some(facts.zone.id()),
        attachment: one.attachment.as_ref().map(|it| NetworkInterfaceAttachment {
            attach_time: it.attach_time,
            attachment_id: it.attachment_id.clone(),
            delete_on_termination: it.delete_on_termination,
            device_index: it.device_index,
            network_card_index: it.network_card_index,
            instance_id: Some(facts.id.to_string()),
            instance_owner_id: Some(facts.account.to_string()),
            status: it.status.clone(),
            ..NetworkInterfaceAttachment::default()
        }),
        ..shape(one)
    };
    shown.map(on_instance).collect()
}

/// What an interface has in common with what an instance shows of it.
fn shape(one: InstanceNetworkInterface) -> NetworkInterface {
    let ipv4 = one.private_ip_addresses.into_iter().map(|it| NetworkInterfacePrivateIpAddress {
        association: it.association.map(association),
        primary: it.primary,
        private_dns_name: it.private_dns_name,
        private_ip_address: it.private_ip_address,
    });
    let ipv6 = one.ipv6_addresses.into_iter().map(|it| NetworkInterfaceIpv6Address {
        ipv6_address: it.ipv6_address,
        ..NetworkInterfaceIpv6Address::default()
    });
    let prefixes4 = one.ipv4_prefixes.into_iter();
    let prefixes6 = one.ipv6_prefixes.into_iter();
    NetworkInterface {
        association: one.association.map(association),
        description: one.description,
        groups: one.groups,
        interface_type: one.interface_type,
        ipv6_addresses: ipv6.collect(),
        mac_address: one.mac_address,
        network_interface_id: one.network_interface_id,
        owner_id: one.owner_id,
        private_dns_name: one.private_dns_name,
        private_ip_address: one.private_ip_address,
        private_ip_addresses: ipv4.collect(),
        ipv4_prefixes: prefixes4
            .map(|it| Ipv4PrefixSpecification { ipv4_prefix: it.ipv4_prefix })
            .collect(),
        ipv6_prefixes: prefixes6
            .map(|it| Ipv6PrefixSpecification { ipv6_prefix: it.ipv6_prefix })
            .collect(),
        requester_managed: Some(false),
        source_dest_check: one.source_dest_check,
        status: one.status,
        subnet_id: one.subnet_id,
        vpc_id: one.vpc_id,
        ..NetworkInterface::default()
    }
}

fn association(it: InstanceNetworkInterfaceAssociation) -> NetworkInterfaceAssociation {
    NetworkInterfaceAssociation {
        ip_owner_id: it.ip_owner_id,
        public_dns_name: it.public_dns_name,
        public_ip: it.public_ip,
        ..NetworkInterfaceAssociation::default()
    }
}

fn values(one: &NetworkInterface, name: &str) -> Vec<String> {
    let addresses = one.private_ip_addresses.iter();
    let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
    let (association, attachment) = (one.association.as_ref(), one.attachment.as_ref());
    let value = match name {
        "addresses.association.owner-id" => {
            return addresses
                .filter_map(|it| it.association.as_ref()?.ip_owner_id.clone())
                .collect();
        }
        "addresses.association.public-ip" => {
            return addresses.filter_map(|it| it.association.as_ref()?.public_ip.clone()).collect();
        }
        "addresses.primary" => return addresses.filter_map(|it| flag(it.primary)).collect(),
        "addresses.private-ip-address" => {
            return addresses.filter_map(|it| it.private_ip_address.clone()).collect();
        }
        "group-id" => return one.groups.iter().filter_map(|it| it.group_id.clone()).collect(),
        "group-name" => return one.groups.iter().filter_map(|it| it.group_name.clone()).collect(),
        "ipv6-addresses.ipv6-address" => {
            return one.ipv6_addresses.iter().filter_map(|it| it.ipv6_address.clone()).collect();
        }
        "association.ip-owner-id" => association.and_then(|it| it.ip_owner_id.clone()),
        "association.public-dns-name" => association.and_then(|it| it.public_dns_name.clone()),
        "association.public-ip" => association.and_then(|it| it.public_ip.clone()),
        "attachment.attach-time" => attachment.and_then(|it| Some(it.attach_time?.to_string())),
        "attachment.attachment-id" => attachment.and_then(|it| it.attachment_id.clone()),
        "attachment.delete-on-termination" => {
            attachment.and_then(|it| flag(it.delete_on_termination))
        }
        "attachment.device-index" => attachment.and_then(|it| Some(it.device_index?.to_string())),
        "attachment.instance-id" => attachment.and_then(|it| it.instance_id.clone()),
        "attachment.instance-owner-id" => attachment.and_then(|it| it.instance_owner_id.clone()),
        "attachment.status" => attachment.and_then(|it| it.status.clone()),
        "availability-zone" => one.availability_zone.clone(),
        "availability-zone-id" => one.availability_zone_id.clone(),
        "description" => one.description.clone(),
        "interface-type" => one.interface_type.clone(),
        "mac-address" => one.mac_address.clone(),
        "network-interface-id" => one.network_interface_id.clone(),
        "owner-id" => one.owner_id.clone(),
        "private-dns-name" => one.private_dns_name.clone(),
        "private-ip-address" => one.private_ip_address.clone(),
        "requester-managed" => flag(one.requester_managed),
        "source-dest-check" => flag(one.source_dest_check),
        "status" => one.status.clone(),
        "subnet-id" => one.subnet_id.clone(),
        "vpc-id" => one.vpc_id.clone(),
        // No interface here has it.
        _ => None,
    };
    value.into_iter().collect()
}
