//! One network interface as `RunInstances` requests it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use imds_account::Source;
use imds_account::network::hosts;
use imds_account::records::InterfaceSettings;
use imds_core::launch::DERIVED_SUBNET;
use imds_core::network::{Ipv4Cidr, Ipv6Cidr, SecurityGroup, Subnet};
use imds_ec2::Fault;
use imds_ec2::types::InstanceNetworkInterfaceSpecification;

use super::address_values::{ipv4, ipv4_prefix, ipv6, ipv6_prefix, number};
use super::existing_interface::Existing;
use crate::call::{Call, Refusal};
use crate::{network, security_groups};

/// A requested network interface.
pub(super) struct Wanted {
    pub(super) device_index: u16,
    pub(super) network_card: Option<u16>,
    /// The subnet that is named; else the zone's default one.
    pub(super) subnet: Option<Subnet>,
    pub(super) primary: Option<Ipv4Addr>,
    pub(super) secondary: Vec<Ipv4Addr>,
    /// How many more secondary addresses it gets.
    pub(super) more_ipv4: usize,
    pub(super) ipv6: Vec<Ipv6Addr>,
    pub(super) more_ipv6: usize,
    /// The blocks that are delegated to it.
    pub(super) ipv4_prefixes: Vec<Ipv4Cidr>,
    pub(super) ipv6_prefixes: Vec<Ipv6Cidr>,
    pub(super) is_public: bool,
    /// Its security groups; the default one if none is named.
    pub(super) groups: Vec<SecurityGroup>,
    /// What is kept of it beside.
    pub(super) settings: InterfaceSettings,
    /// The interface that is named; then the rest is what it has.
    pub(super) existing: Option<Existing>,
}

impl Wanted {
    pub(super) fn new(
        call: &Call<'_>,
        request: &InstanceNetworkInterfaceSpecification,
    ) -> Result<Self, Refusal> {
        let groups = security_groups::find::members(call, &request.groups, &[])?;
        let device_index = request.device_index.ok_or_else(|| {
            Fault::invalid_parameter_value("Each network interface requires a device index.")
        })?;
        if request.ipv4_prefix_count.is_some() || request.ipv6_prefix_count.is_some() {
            return Err(Fault::unsupported_operation(
                "Prefixes are not chosen here. Name them, as Ipv4Prefix and Ipv6Prefix.",
            )
            .into());
        }
        let device_index = number("DeviceIndex", Some(device_index))?;
        let network_card = request.network_card_index;
        let network_card =
            network_card.map(|card| number("NetworkCardIndex", Some(card))).transpose()?;
        let place = (device_index, network_card);
        // What is empty is not named: some SDKs send it.
        let existing = request.network_interface_id.as_deref().filter(|id| !id.is_empty());
        let existing = existing.map(|id| Existing::find(call, id, place, request)).transpose()?;
        let named = request.subnet_id.as_deref().filter(|id| !id.is_empty());
        let named = named.map(|id| network::find_subnet(call, id)).transpose()?;
        let (primary, secondary) = private_addresses(request)?;
        let ipv6 = request.ipv6_addresses.iter().map(ipv6);
        let wanted = Self {
            device_index,
            network_card,
            subnet: existing.as_ref().map(|it| it.subnet.clone()).or(named),
            primary,
            secondary,
            more_ipv4: number(
                "SecondaryPrivateIpAddressCount",
                request.secondary_private_ip_address_count,
            )?,
            ipv6: ipv6.collect::<Result<_, _>>()?,
            more_ipv6: number("Ipv6AddressCount", request.ipv6_address_count)?,
            ipv4_prefixes: request
                .ipv4_prefixes
                .iter()
                .map(ipv4_prefix)
                .collect::<Result<_, _>>()?,
            ipv6_prefixes: request
                .ipv6_prefixes
                .iter()
                .map(ipv6_prefix)
                .collect::<Result<_, _>>()?,
            is_public: request.associate_public_ip_address == Some(true),
            groups,
            settings: InterfaceSettings {
                description: request.description.clone(),
                delete_on_termination: request.delete_on_termination,
                ..InterfaceSettings::default()
            },
            existing,
        };
        wanted.check_addresses()?;
        Ok(wanted)
    }

    /// Where it is on its instance: network card, then place on the card.
    pub(super) fn slot(&self) -> (u16, u16) {
        (self.network_card.unwrap_or(0), self.device_index)
    }

    /// Where a subnet is named, its addresses are all there are; but for those that AWS keeps.
    pub(super) fn check_addresses(&self) -> Result<(), Fault> {
        let Some(subnet) = &self.subnet else { return Ok(()) };
        let addresses = self.primary.iter().chain(&self.secondary);
        let addresses = addresses.map(|&address| (address.to_string(), address, address));
        let blocks = self.ipv4_prefixes.iter().filter_map(|&block| {
            Some((block.to_string(), block.address(), block.addresses().last()?))
        });
        for (stated, first, last) in addresses.chain(blocks) {
            let is_inside = |address| subnet.ipv4.is_some_and(|block| block.contains(address));
            if !is_inside(first) || !is_inside(last) {
                return Err(Fault::invalid_parameter_value(format!(
                    "Address {stated} does not fall within the subnet's address range"
                )));
            }
            let is_host = |address| hosts(subnet).any(|host| host == address);
            if !is_host(first) || !is_host(last) {
                return Err(Fault::invalid_parameter_value(format!(
                    "Address {stated} is in subnet's reserved address range"
                )));
            }
        }
        Ok(())
    }

    /// All addresses and blocks that are stated, as they were stated, and what of them is an instance's.
    pub(super) fn stated(&self) -> impl Iterator<Item = (String, Vec<Source>)> {
        let ipv4 = self.primary.iter().chain(&self.secondary).copied().map(IpAddr::from);
        let addresses = ipv4.chain(self.ipv6.iter().copied().map(IpAddr::from));
        let addresses =
            addresses.map(|address| (address.to_string(), vec![Source::Address(address)]));
        let blocks4 = self.ipv4_prefixes.iter().map(|block| {
            let addresses = block.addresses().map(IpAddr::from).map(Source::Address);
            (block.to_string(), addresses.collect())
        });
        let blocks6 = self.ipv6_prefixes.iter();
        let blocks6 = blocks6.map(|&block| (block.to_string(), vec![Source::Block(block)]));
        addresses.chain(blocks4).chain(blocks6)
    }

    /// The subnet that further addresses come from: the one that is named; else the one around the
    /// primary address, which is where the launch puts the interface; else `default`.
    pub(super) fn subnet_or(&self, default: &Subnet) -> Subnet {
        if let Some(subnet) = &self.subnet {
            return subnet.clone();
        }
        match self.primary {
            Some(primary) if !default.ipv4.is_some_and(|block| block.contains(primary)) => {
                let ipv4 = Some(Ipv4Cidr::around(primary, DERIVED_SUBNET));
                Subnet { ipv4, ..default.clone() }
            }
            _ => default.clone(),
        }
    }
}

/// The primary address, if it is requested, and the secondary ones.
fn private_addresses(
    request: &InstanceNetworkInterfaceSpecification,
) -> Result<(Option<Ipv4Addr>, Vec<Ipv4Addr>), Fault> {
    let mut primary = request.private_ip_address.as_deref().map(ipv4).transpose()?;
    let mut secondary = Vec::new();
    for one in &request.private_ip_addresses {
        let address = ipv4(one.private_ip_address.as_deref().unwrap_or_default())?;
        if one.primary != Some(true) {
            secondary.push(address);
        } else if primary.replace(address).is_some() {
            return Err(Fault::invalid_parameter_combination(
                "Only one primary private IP address can be specified.",
            ));
        }
    }
    Ok((primary, secondary))
}
