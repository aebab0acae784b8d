//! Network interfaces: on an instance, or on none.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use imds_core::ids::{InterfaceId, SubnetId};
use imds_core::network::{Ipv4Cidr, Ipv6Cidr, Mac, SecurityGroup};
use imds_core::placement::Zone;
use serde::{Deserialize, Serialize};

use super::security_group::InterfaceGroup;
use crate::source::Source;

/// A network interface. Its subnet is one of the VPC's; ids are derived.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Interface {
    /// Its place on the instance, from 0.
    pub device_index: u16,
    /// Its network card, where the instance type has several.
    #[serde(default)]
    pub network_card: Option<u16>,
    /// Its hardware address; derived where none is kept.
    #[serde(default)]
    pub mac: Option<Mac>,
    /// Its subnet; none stands for the zone's default one.
    #[serde(default)]
    pub subnet: Option<Subnet>,
    /// Its primary address.
    pub private_ipv4: Ipv4Addr,
    /// Its further addresses.
    #[serde(default)]
    pub secondary_ipv4: Vec<Ipv4Addr>,
    /// Its IPv6 addresses.
    #[serde(default)]
    pub ipv6: Vec<Ipv6Addr>,
    /// A public address that maps to the primary one.
    #[serde(default)]
    pub public_ipv4: Option<Ipv4Addr>,
    /// IPv4 blocks that are delegated to it.
    #[serde(default)]
    pub ipv4_prefixes: Vec<Ipv4Cidr>,
    /// IPv6 blocks that are delegated to it.
    #[serde(default)]
    pub ipv6_prefixes: Vec<Ipv6Cidr>,
    /// Its id; derived from the instance where none is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<InterfaceId>,
    /// Its security groups; where there are none, the VPC's default one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<InterfaceGroup>,
    /// What calls set and read back.
    #[serde(default, skip_serializing_if = "InterfaceSettings::is_default")]
    pub settings: InterfaceSettings,
}

/// What calls set of a network interface.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct InterfaceSettings {
    /// Its description.
    pub description: Option<String>,
    /// Whether it drops packets that are for others; else as the instance says.
    pub source_dest_check: Option<bool>,
    /// Whether it ends with the instance; it does if nothing is kept.
    pub delete_on_termination: Option<bool>,
    /// When it was attached, in seconds since 1970; else at the launch.
    pub attached_at: Option<u64>,
    /// Whether none is derived where it has no IPv6 address: the last one was taken away.
    pub is_without_ipv6: bool,
}

impl InterfaceSettings {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Interface {
    /// Where it is on its instance: network card, 0 where the type has one, then place on the card.
    pub fn slot(&self) -> (u16, u16) {
        (self.network_card.unwrap_or(0), self.device_index)
    }

    /// All addresses that requests may come from, but for those of IPv6 blocks, which are too many.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let blocks = self.ipv4_prefixes.iter().copied().flat_map(Ipv4Cidr::addresses);
        let ipv4 = std::iter::once(self.private_ipv4)
            .chain(self.secondary_ipv4.iter().copied())
            .chain(blocks);
        ipv4.map(IpAddr::from).chain(self.ipv6.iter().copied().map(IpAddr::from))
    }

    /// The security groups that are kept.
    pub fn groups(&self) -> impl Iterator<Item = SecurityGroup> {
        self.groups.iter().map(|it| SecurityGroup { id: it.id.clone(), name: it.name.clone() })
    }

    /// All that requests may come from.
    pub fn sources(&self) -> impl Iterator<Item = Source> {
        let blocks = self.ipv6_prefixes.iter().copied().map(Source::Block);
        self.addresses().map(Source::Address).chain(blocks)
    }
}

/// A network interface that is on no instance.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FreeInterface {
    /// Where it is.
    pub zone: Zone,
    /// What it is. It has an id and a hardware address; its place on an instance means nothing.
    pub interface: Interface,
}

/// A subnet, as it was when an interface was put into it: the operator may change it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Subnet {
    /// `subnet-…`
    pub id: SubnetId,
    /// Its IPv4 block, such as `10.0.0.0/24`.
    pub ipv4: Option<Ipv4Cidr>,
    /// Its IPv6 block.
    pub ipv6: Option<Ipv6Cidr>,
}
