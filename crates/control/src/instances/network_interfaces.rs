//! The network interfaces of an instance as the EC2 API shows them.

use imds_account::belongings::attachment_id;
use imds_account::records::InterfaceSettings;
use imds_core::Instance as Facts;
use imds_core::network::{NetworkInterface, PrivateIpv4, SecurityGroup};
use imds_ec2::types::{
    GroupIdentifier, InstanceIpv4Prefix, InstanceIpv6Address, InstanceIpv6Prefix,
    InstanceNetworkInterface, InstanceNetworkInterfaceAssociation,
    InstanceNetworkInterfaceAttachment, InstancePrivateIpAddress,
};

use crate::time;

pub(super) fn groups(groups: &[SecurityGroup]) -> Vec<GroupIdentifier> {
    let shape = |group: &SecurityGroup| GroupIdentifier {
        group_id: Some(group.id.to_string()),
        group_name: Some(group.name.clone()),
    };
    groups.iter().map(shape).collect()
}

pub(super) fn interface(
    interface: &NetworkInterface,
    facts: &Facts,
    kept: Option<&InterfaceSettings>,
    has_public: bool,
) -> InstanceNetworkInterface {
    let association = |ipv4: &PrivateIpv4| {
        let public = ipv4.public.filter(|_| has_public)?;
        Some(InstanceNetworkInterfaceAssociation {
            ip_owner_id: Some("amazon".to_owned()),
            public_dns_name: facts.public_hostname(interface),
            public_ip: Some(public.to_string()),
            ..InstanceNetworkInterfaceAssociation::default()
        })
    };
    let address = |(nth, ipv4): (usize, &PrivateIpv4)| InstancePrivateIpAddress {
        primary: Some(nth == 0),
        private_ip_address: Some(ipv4.address.to_string()),
        private_dns_name: facts.private_hostname(interface).filter(|_| nth == 0),
        association: association(ipv4),
    };
    let ipv6 = interface.ipv6.iter().map(|address| InstanceIpv6Address {
        ipv6_address: Some(address.to_string()),
        ..InstanceIpv6Address::default()
    });
    InstanceNetworkInterface {
        network_interface_id: Some(interface.id.to_string()),
        mac_address: Some(interface.mac.to_string()),
        owner_id: Some(interface.owner.to_string()),
        description: Some(kept.and_then(|it| it.description.clone()).unwrap_or_default()),
        private_ip_address: interface.private_ipv4().map(|address| address.to_string()),
        private_dns_name: facts.private_hostname(interface),
        private_ip_addresses: interface.ipv4.iter().enumerate().map(address).collect(),
        association: interface.ipv4.first().and_then(association),
        attachment: Some(attachment(interface, facts, kept)),
        ipv6_addresses: ipv6.collect(),
        ipv4_prefixes: interface
            .ipv4_prefixes
            .iter()
            .map(|block| InstanceIpv4Prefix { ipv4_prefix: Some(block.to_string()) })
            .collect(),
        ipv6_prefixes: interface
            .ipv6_prefixes
            .iter()
            .map(|block| InstanceIpv6Prefix { ipv6_prefix: Some(block.to_string()) })
            .collect(),
        groups: groups(&interface.security_groups),
        status: Some("in-use".to_owned()),
        subnet_id: Some(interface.subnet.id.to_string()),
        vpc_id: Some(interface.vpc.id.to_string()),
        interface_type: Some("interface".to_owned()),
        ..InstanceNetworkInterface::default()
    }
}

fn attachment(
    interface: &NetworkInterface,
    facts: &Facts,
    kept: Option<&InterfaceSettings>,
) -> InstanceNetworkInterfaceAttachment {
    let attached_at = kept.and_then(|it| it.attached_at).unwrap_or(facts.launched_at);
    InstanceNetworkInterfaceAttachment {
        attach_time: time::shape(attached_at),
        attachment_id: Some(attachment_id(interface.id.as_str())),
        delete_on_termination: Some(kept.and_then(|it| it.delete_on_termination).unwrap_or(true)),
        device_index: Some(interface.device_index.into()),
        network_card_index: Some(interface.network_card.unwrap_or(0).into()),
        status: Some("attached".to_owned()),
        ..InstanceNetworkInterfaceAttachment::default()
    }
}
