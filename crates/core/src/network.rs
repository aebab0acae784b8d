//! A network interface, with the subnet and VPC it is in.

mod address;

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::ids::{AccountId, InterfaceId, SecurityGroupId, SubnetId, VpcId};
use crate::placement::Zone;

pub use address::{Ipv4Cidr, Ipv6Cidr, Mac, is_assignable};

/// An elastic network interface. Source: EC2 API `InstanceNetworkInterface`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NetworkInterface {
    /// `eni-…`
    pub id: InterfaceId,
    /// Its place on the network card; 0 on card 0 is the primary interface.
    pub device_index: u16,
    /// Its network card, where the instance type has several.
    pub network_card: Option<u16>,
    /// Its hardware address.
    pub mac: Mac,
    /// Its private addresses, the primary one first; none in a subnet that has only IPv6.
    pub ipv4: Vec<PrivateIpv4>,
    /// Its IPv6 addresses.
    pub ipv6: Vec<Ipv6Addr>,
    /// IPv4 blocks that are delegated to it.
    pub ipv4_prefixes: Vec<Ipv4Cidr>,
    /// IPv6 blocks that are delegated to it.
    pub ipv6_prefixes: Vec<Ipv6Cidr>,
    /// Its security groups.
    pub security_groups: Vec<SecurityGroup>,
    /// Where it is.
    pub subnet: Subnet,
    /// Where the subnet is.
    pub vpc: Vpc,
    /// The account that owns it.
    pub owner: AccountId,
}

/// A private address, and the public one that maps to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PrivateIpv4 {
    /// Within the subnet.
    pub address: Ipv4Addr,
    /// An Elastic IP address, or one that EC2 lends while the instance runs.
    pub public: Option<Ipv4Addr>,
}

/// A security group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecurityGroup {
    /// `sg-…`
    pub id: SecurityGroupId,
    /// Its name, such as `default`.
    pub name: String,
}

/// A subnet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subnet {
    /// `subnet-…`
    pub id: SubnetId,
    /// Its Availability Zone.
    pub zone: Zone,
    /// Its IPv4 block; none where it has only IPv6.
    pub ipv4: Option<Ipv4Cidr>,
    /// Its IPv6 block.
    pub ipv6: Option<Ipv6Cidr>,
}

/// A virtual private cloud.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Vpc {
    /// `vpc-…`
    pub id: VpcId,
    /// Its IPv4 blocks, the primary one first.
    pub ipv4: Vec<Ipv4Cidr>,
    /// Its IPv6 blocks.
    pub ipv6: Vec<Ipv6Cidr>,
    /// Whether public addresses have public names (`enableDnsHostnames`).
    pub dns_hostnames: bool,
}

impl NetworkInterface {
    /// Where it is on its instance: network card, 0 where the type has one, then place on the card.
    pub fn slot(&self) -> (u16, u16) {
        (self.network_card.unwrap_or(0), self.device_index)
    }

    /// The primary private address.
    pub fn private_ipv4(&self) -> Option<Ipv4Addr> {
        self.ipv4.first().map(|ipv4| ipv4.address)
    }

    /// The public address that maps to the first private one that has any.
    pub fn public_ipv4(&self) -> Option<Ipv4Addr> {
        self.ipv4.iter().find_map(|ipv4| ipv4.public)
    }
}
