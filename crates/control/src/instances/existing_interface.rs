//! Network interfaces that exist, and that a launch names.

use imds_account::records::{self, FreeInterface, Interface, InterfaceSettings};
use imds_account::{Source, Stored, Transaction, keys};
use imds_core::launch::LaunchInterface;
use imds_core::network::{PrivateIpv4, Subnet};
use imds_ec2::Fault;
use imds_ec2::types::InstanceNetworkInterfaceSpecification;

use crate::call::{Call, Refusal};
use crate::network_interfaces::place::{self, Place};

/// A network interface that is on no instance yet.
pub(super) struct Existing {
    stored: Stored<FreeInterface>,
    pub(super) subnet: Subnet,
    device_index: u16,
    network_card: Option<u16>,
}

impl Existing {
    /// The interface with this id, for this place on an instance.
    pub(super) fn find(
        call: &Call<'_>,
        id: &str,
        (device_index, network_card): (u16, Option<u16>),
        request: &InstanceNetworkInterfaceSpecification,
    ) -> Result<Self, Refusal> {
        check(request)?;
        let place = place::find(call, id)?;
        let subnet = place.subnet(call)?;
        let Place::Free(stored) = place else {
            let message = format!("Interface: [{id}] in use.");
            return Err(Fault::client("InvalidNetworkInterface.InUse", message).into());
        };
        Ok(Self { stored: *stored, subnet, device_index, network_card })
    }

    pub(super) fn id(&self) -> &str {
        self.stored.record.interface.id.as_ref().map_or("", |id| id.as_str())
    }

    /// All that requests may come from through it; it has them already.
    pub(super) fn sources(&self) -> impl Iterator<Item = Source> {
        self.stored.record.interface.sources()
    }

    /// As a launch says it.
    pub(super) fn launched(&self) -> LaunchInterface {
        let it = &self.stored.record.interface;
        let ipv4 = std::iter::once(&it.private_ipv4).chain(&it.secondary_ipv4);
        LaunchInterface {
            id: it.id.clone(),
            device_index: Some(self.device_index),
            network_card: self.network_card,
            mac: it.mac,
            ipv4: ipv4.map(|&address| PrivateIpv4 { address, public: None }).collect(),
            ipv6: it.ipv6.clone(),
            ipv4_prefixes: it.ipv4_prefixes.clone(),
            ipv6_prefixes: it.ipv6_prefixes.clone(),
            security_groups: it.groups().collect(),
            subnet: Some(self.subnet.clone()),
            ..LaunchInterface::default()
        }
    }

    /// Puts it into the record of a new instance: it is what it was, and outlives the instance.
    pub(super) fn put(&self, record: &mut records::Instance, now: u64) {
        let interface = &self.stored.record.interface;
        let place = (self.network_card.unwrap_or(0), self.device_index);
        for kept in record.interfaces.iter_mut().filter(|kept| kept.slot() == place) {
            *kept = Interface {
                device_index: self.device_index,
                network_card: self.network_card,
                settings: InterfaceSettings {
                    delete_on_termination: Some(false),
                    attached_at: Some(now),
                    ..interface.settings.clone()
                },
                ..interface.clone()
            };
        }
    }

    /// Adds that it is on no instance no more.
    pub(super) fn taken(&self, call: &Call<'_>, transaction: Transaction) -> Transaction {
        let key = keys::free_interface(&call.region, self.id());
        call.refer_to_groups_of(&self.stored.record.interface);
        transaction.if_unchanged(&key, Some(&self.stored)).remove(&key)
    }
}

/// What an interface is that exists, a launch does not say.
fn check(request: &InstanceNetworkInterfaceSpecification) -> Result<(), Fault> {
    let stated = [
        ("a subnet", request.subnet_id.is_some()),
        ("security groups", !request.groups.is_empty()),
        ("a description", request.description.is_some()),
        (
            "private addresses",
            request.private_ip_address.is_some()
                || !request.private_ip_addresses.is_empty()
                || request.secondary_private_ip_address_count.is_some(),
        ),
        (
            "IPv6 addresses",
            !request.ipv6_addresses.is_empty() || request.ipv6_address_count.is_some(),
        ),
        ("prefixes", !request.ipv4_prefixes.is_empty() || !request.ipv6_prefixes.is_empty()),
        ("a public address", request.associate_public_ip_address == Some(true)),
        ("delete on termination as true", request.delete_on_termination == Some(true)),
    ];
    match stated.iter().find(|(_, is_stated)| *is_stated) {
        Some((what, _)) => Err(Fault::invalid_parameter_combination(format!(
            "A network interface may not specify a network interface ID and {what}"
        ))),
        None => Ok(()),
    }
}
