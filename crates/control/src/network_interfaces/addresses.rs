//! `AssignPrivateIpAddresses`, `AssignIpv6Addresses`, and how they are taken away again.

use std::net::{Ipv4Addr, Ipv6Addr};

use imds_core::network::{Ipv4Cidr, Ipv6Cidr};
use imds_ec2::types::{
    AssignIpv6AddressesRequest, AssignIpv6AddressesResult, AssignPrivateIpAddressesRequest,
    AssignPrivateIpAddressesResult, AssignedPrivateIpAddress, InstanceIpv6Address,
    InstanceNetworkInterfaceSpecification, Ipv4PrefixSpecification, Ipv4PrefixSpecificationRequest,
    Ipv6PrefixSpecificationRequest, PrivateIpAddressSpecification, UnassignIpv6AddressesRequest,
    UnassignIpv6AddressesResult, UnassignPrivateIpAddressesRequest,
};
use imds_ec2::{Done, Fault};

use super::place;
use crate::call::{Call, Refusal};
use crate::instance_types::{interface_limits, too_many_addresses};
use crate::instances::interfaces;

/// Without `AllowReassignment`: an address that another interface has is in use.
pub(crate) fn assign_ipv4(
    call: &Call<'_>,
    request: &AssignPrivateIpAddressesRequest,
) -> Result<AssignPrivateIpAddressesResult, Refusal> {
    let id = &request.network_interface_id;
    let named = request.private_ip_addresses.iter().map(|address| PrivateIpAddressSpecification {
        primary: Some(false),
        private_ip_address: Some(address.clone()),
    });
    let blocks = request.ipv4_prefixes.iter();
    let wanted = InstanceNetworkInterfaceSpecification {
        device_index: Some(0),
        private_ip_addresses: named.collect(),
        secondary_private_ip_address_count: request.secondary_private_ip_address_count,
        ipv4_prefixes: blocks
            .map(|block| Ipv4PrefixSpecificationRequest { ipv4_prefix: Some(block.clone()) })
            .collect(),
        ipv4_prefix_count: request.ipv4_prefix_count,
        ..InstanceNetworkInterfaceSpecification::default()
    };
    let found = place::find(call, id)?;
    let more = interfaces::more(call, &wanted, &found.subnet(call)?)?;
    if more.ipv4.is_empty() && more.ipv4_prefixes.is_empty() {
        return Err(
            nothing("PrivateIpAddress, SecondaryPrivateIpAddressCount or Ipv4Prefix").into()
        );
    }
    let added: Vec<_> = more.ipv4.iter().map(|ipv4| ipv4.address).collect();
    let interface = found.interface();
    let before = 1 + interface.secondary_ipv4.len() + interface.ipv4_prefixes.len();
    let after = before + added.len() + more.ipv4_prefixes.len();
    // A block counts as one address.
    let limit = found.instance_type().and_then(interface_limits);
    if limit.is_some_and(|(_, limit)| after > limit) {
        return Err(too_many_addresses().into());
    }
    found.change(call, |interface| {
        interface.secondary_ipv4.extend(&added);
        interface.ipv4_prefixes.extend(&more.ipv4_prefixes);
    })?;
    let shape = |address: &Ipv4Addr| AssignedPrivateIpAddress {
        private_ip_address: Some(address.to_string()),
    };
    let block = |block: &Ipv4Cidr| Ipv4PrefixSpecification { ipv4_prefix: Some(block.to_string()) };
    Ok(AssignPrivateIpAddressesResult {
        network_interface_id: Some(id.clone()),
        assigned_private_ip_addresses: added.iter().map(shape).collect(),
        assigned_ipv4_prefixes: more.ipv4_prefixes.iter().map(block).collect(),
    })
}

pub(crate) fn unassign_ipv4(
    call: &Call<'_>,
    request: &UnassignPrivateIpAddressesRequest,
) -> Result<Done, Refusal> {
    let id = &request.network_interface_id;
    let found = place::find(call, id)?;
    let interface = found.interface();
    let addresses: Vec<Ipv4Addr> = parsed(&request.private_ip_addresses)?;
    let blocks: Vec<Ipv4Cidr> = parsed(&request.ipv4_prefixes)?;
    if addresses.contains(&interface.private_ipv4) {
        return Err(Fault::invalid_parameter_value(format!(
            "{} is the primary private IP address of {id}, which cannot be unassigned",
            interface.private_ipv4
        ))
        .into());
    }
    unless_all(id, &addresses, &interface.secondary_ipv4)?;
    unless_all(id, &blocks, &interface.ipv4_prefixes)?;
    found.change(call, |interface| {
        interface.secondary_ipv4.retain(|address| !addresses.contains(address));
        interface.ipv4_prefixes.retain(|block| !blocks.contains(block));
    })?;
    Ok(Done)
}

pub(crate) fn assign_ipv6(
    call: &Call<'_>,
    request: &AssignIpv6AddressesRequest,
) -> Result<AssignIpv6AddressesResult, Refusal> {
    let id = &request.network_interface_id;
    let named = request.ipv6_addresses.iter().map(|address| InstanceIpv6Address {
        ipv6_address: Some(address.clone()),
        ..InstanceIpv6Address::default()
    });
    let blocks = request.ipv6_prefixes.iter();
    let wanted = InstanceNetworkInterfaceSpecification {
        device_index: Some(0),
        ipv6_addresses: named.collect(),
        ipv6_address_count: request.ipv6_address_count,
        ipv6_prefixes: blocks
            .map(|block| Ipv6PrefixSpecificationRequest { ipv6_prefix: Some(block.clone()) })
            .collect(),
        ipv6_prefix_count: request.ipv6_prefix_count,
        ..InstanceNetworkInterfaceSpecification::default()
    };
    let found = place::find(call, id)?;
    let more = interfaces::more(call, &wanted, &found.subnet(call)?)?;
    if more.ipv6.is_empty() && more.ipv6_prefixes.is_empty() {
        return Err(nothing("Ipv6Addresses, Ipv6AddressCount or Ipv6Prefix").into());
    }
    found.change(call, |interface| {
        interface.ipv6.extend(&more.ipv6);
        interface.ipv6_prefixes.extend(&more.ipv6_prefixes);
    })?;
    Ok(AssignIpv6AddressesResult {
        assigned_ipv6_addresses: more.ipv6.iter().map(Ipv6Addr::to_string).collect(),
        assigned_ipv6_prefixes: more.ipv6_prefixes.iter().map(Ipv6Cidr::to_string).collect(),
        network_interface_id: Some(id.clone()),
    })
}

pub(crate) fn unassign_ipv6(
    call: &Call<'_>,
    request: &UnassignIpv6AddressesRequest,
) -> Result<UnassignIpv6AddressesResult, Refusal> {
    let id = &request.network_interface_id;
    let found = place::find(call, id)?;
    let addresses: Vec<Ipv6Addr> = parsed(&request.ipv6_addresses)?;
    let blocks: Vec<Ipv6Cidr> = parsed(&request.ipv6_prefixes)?;
    unless_all(id, &addresses, &found.interface().ipv6)?;
    unless_all(id, &blocks, &found.interface().ipv6_prefixes)?;
    found.change(call, |interface| {
        interface.ipv6.retain(|address| !addresses.contains(address));
        interface.ipv6_prefixes.retain(|block| !blocks.contains(block));
        // Or one would be derived, as for a launch that names none.
        interface.settings.is_without_ipv6 = interface.ipv6.is_empty();
    })?;
    Ok(UnassignIpv6AddressesResult {
        network_interface_id: Some(id.clone()),
        unassigned_ipv6_addresses: request.ipv6_addresses.clone(),
        unassigned_ipv6_prefixes: request.ipv6_prefixes.clone(),
    })
}

fn nothing(parameters: &str) -> Fault {
    Fault::client("MissingParameter", format!("The request must contain {parameters}"))
}

fn parsed<T: std::str::FromStr>(texts: &[String]) -> Result<Vec<T>, Fault> {
    let parse = |text: &String| {
        let invalid =
            |_| Fault::invalid_parameter_value(format!("{text} is not a valid address or block"));
        text.parse().map_err(invalid)
    };
    texts.iter().map(parse).collect()
}

/// Fails unless the interface has all that are to be taken away.
fn unless_all<T: PartialEq + ToString>(id: &str, wanted: &[T], present: &[T]) -> Result<(), Fault> {
    if wanted.iter().all(|one| present.contains(one)) {
        return Ok(());
    }
    let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
    Err(Fault::invalid_parameter_value(format!(
        "Some of [{}] are not assigned to interface {id}",
        wanted.join(", ")
    )))
}
