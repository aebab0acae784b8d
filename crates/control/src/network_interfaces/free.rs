//! Network interfaces that are on no instance.

use imds_account::records::FreeInterface;
use imds_core::network::{SecurityGroup, Subnet};
use imds_ec2::types::{
    GroupIdentifier, Ipv4PrefixSpecification, Ipv6PrefixSpecification, NetworkInterface,
    NetworkInterfaceIpv6Address, NetworkInterfacePrivateIpAddress,
};

use crate::call::Call;

/// The interface as `DescribeNetworkInterfaces` shows it, but for its tags.
pub(super) fn shape(call: &Call<'_>, free: &FreeInterface) -> NetworkInterface {
    let FreeInterface { zone, interface } = free;
    let subnet = subnet(call, free);
    let name = |address: std::net::Ipv4Addr| {
        let dashed = address.to_string().replace('.', "-");
        format!("ip-{dashed}.{}", call.region.internal_domain())
    };
    let all =
        std::iter::once(interface.private_ipv4).chain(interface.secondary_ipv4.iter().copied());
    let all = all.enumerate().map(|(nth, address)| NetworkInterfacePrivateIpAddress {
        primary: Some(nth == 0),
        private_ip_address: Some(address.to_string()),
        private_dns_name: (nth == 0).then(|| name(address)),
        ..NetworkInterfacePrivateIpAddress::default()
    });
    NetworkInterface {
        network_interface_id: interface.id.as_ref().map(ToString::to_string),
        status: Some("available".to_owned()),
        availability_zone: Some(zone.to_string()),
        availability_zone_id: Some(zone.id()),
        subnet_id: Some(subnet.id.to_string()),
        vpc_id: Some(call.network.vpc(&call.region).id.to_string()),
        owner_id: Some(call.account.to_string()),
        mac_address: interface.mac.map(|mac| mac.to_string()),
        description: Some(interface.settings.description.clone().unwrap_or_default()),
        interface_type: Some("interface".to_owned()),
        source_dest_check: Some(interface.settings.source_dest_check.unwrap_or(true)),
        requester_managed: Some(false),
        groups: groups(call, free),
        private_ip_address: Some(interface.private_ipv4.to_string()),
        private_dns_name: Some(name(interface.private_ipv4)),
        private_ip_addresses: all.collect(),
        ipv6_addresses: interface
            .ipv6
            .iter()
            .map(|address| NetworkInterfaceIpv6Address {
                ipv6_address: Some(address.to_string()),
                ..NetworkInterfaceIpv6Address::default()
            })
            .collect(),
        ipv4_prefixes: interface
            .ipv4_prefixes
            .iter()
            .map(|block| Ipv4PrefixSpecification { ipv4_prefix: Some(block.to_string()) })
            .collect(),
        ipv6_prefixes: interface
            .ipv6_prefixes
            .iter()
            .map(|block| Ipv6PrefixSpecification { ipv6_prefix: Some(block.to_string()) })
            .collect(),
        ..NetworkInterface::default()
    }
}

/// The groups that it is in: the default one if none is kept.
fn groups(call: &Call<'_>, free: &FreeInterface) -> Vec<GroupIdentifier> {
    let mut groups: Vec<_> = free.interface.groups().collect();
    if groups.is_empty() {
        groups.push(call.network.security_group(&call.region));
    }
    let identifier = |group: SecurityGroup| GroupIdentifier {
        group_id: Some(group.id.to_string()),
        group_name: Some(group.name),
    };
    groups.into_iter().map(identifier).collect()
}

/// Where it is.
pub(super) fn subnet(call: &Call<'_>, free: &FreeInterface) -> Subnet {
    match &free.interface.subnet {
        None => call.network.default_subnet(&free.zone),
        Some(subnet) => Subnet {
            id: subnet.id.clone(),
            zone: free.zone.clone(),
            ipv4: subnet.ipv4,
            ipv6: subnet.ipv6,
        },
    }
}
