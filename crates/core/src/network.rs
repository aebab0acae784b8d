//! A network interface, with the subnet and VPC it is in; all derived unless given.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::ids::{AccountId, InstanceId, derive, resource_id};
use crate::placement::Zone;

/// An elastic network interface.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NetworkInterface {
    /// `eni-…`
    pub id: String,
    /// Its hardware address.
    pub mac: Mac,
    /// The primary private address, within the subnet.
    pub private_ipv4: Ipv4Addr,
    /// An address within the subnet's IPv6 block.
    pub ipv6: Option<Ipv6Addr>,
    /// A public address that maps to the private one.
    pub public_ipv4: Option<Ipv4Addr>,
    /// The one security group.
    pub security_group_name: String,
    /// `sg-…`
    pub security_group_id: String,
    /// Where the interface is.
    pub subnet: Network,
    /// Where the subnet is.
    pub vpc: Network,
}

/// A subnet or a VPC.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Network {
    /// `subnet-…` or `vpc-…`
    pub id: String,
    /// Its IPv4 block.
    pub ipv4: Ipv4Cidr,
    /// Its IPv6 block.
    pub ipv6: Ipv6Cidr,
}

/// A hardware address; written in lower case with colons.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Mac(pub [u8; 6]);

/// An IPv4 block.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ipv4Cidr {
    /// The first address.
    pub address: Ipv4Addr,
    /// How many leading bits are fixed, 0 to 32.
    pub prefix: u8,
}

/// An IPv6 block; written without `::`, as IMDS does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ipv6Cidr {
    /// The first address.
    pub address: Ipv6Addr,
    /// How many leading bits are fixed, 0 to 128.
    pub prefix: u8,
}

impl NetworkInterface {
    /// The primary interface of an instance in the account's default VPC, 172.31.0.0/16.
    pub fn derive(instance: &InstanceId, account: &AccountId, zone: &Zone, has_ipv6: bool) -> Self {
        let region = zone.region().as_str();
        let shared = |prefix: &str, place: &str| {
            resource_id(prefix, &derive(&[prefix, account.as_str(), place]))
        };
        let block = derive(&["ipv6", account.as_str(), region]);
        let vpc_ipv6 = [0x2600, 0x1f18, pair(block[0], block[1]), pair(block[2], 0), 0, 0, 0, 0];
        let mut subnet_ipv6 = vpc_ipv6;
        subnet_ipv6[3] |= u16::from(zone.index());
        // Sixteen /20 subnets fit the VPC, more than a Region has zones.
        let subnet_ipv4 = Ipv4Addr::new(172, 31, (zone.index() % 16) * 16, 0);

        let seed = instance.derive("interface");
        // AWS keeps the first four addresses of a subnet and the last.
        let host = 4 + u32::from(pair(seed[0], seed[1])) % (4096 - 5);
        let mut ipv6 = subnet_ipv6;
        for (segment, bytes) in ipv6[4..].iter_mut().zip(seed[8..16].chunks_exact(2)) {
            *segment = pair(bytes[0], bytes[1]);
        }
        Self {
            id: instance.derive_id("eni-"),
            // 02: locally administered, not multicast, as on EC2.
            mac: Mac([0x02, seed[2], seed[3], seed[4], seed[5], seed[6]]),
            private_ipv4: Ipv4Addr::from(u32::from(subnet_ipv4) + host),
            ipv6: has_ipv6.then(|| Ipv6Addr::from(ipv6)),
            public_ipv4: None,
            security_group_name: "default".to_owned(),
            security_group_id: shared("sg-", region),
            subnet: Network {
                id: shared("subnet-", zone.as_str()),
                ipv4: Ipv4Cidr { address: subnet_ipv4, prefix: 20 },
                ipv6: Ipv6Cidr { address: subnet_ipv6.into(), prefix: 64 },
            },
            vpc: Network {
                id: shared("vpc-", region),
                ipv4: Ipv4Cidr { address: Ipv4Addr::new(172, 31, 0, 0), prefix: 16 },
                ipv6: Ipv6Cidr { address: vpc_ipv6.into(), prefix: 56 },
            },
        }
    }
}

fn pair(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high, low])
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Ipv4Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl fmt::Display for Ipv6Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.address.segments().iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{segment:x}")?;
        }
        write!(f, "/{}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_inside_its_subnet_and_the_subnet_inside_its_vpc() {
        let account = "123456789012".parse().unwrap();
        for nth in 0..200 {
            let instance = format!("i-{nth:017x}").parse().unwrap();
            let zone = "us-east-1b".parse().unwrap();
            let interface = NetworkInterface::derive(&instance, &account, &zone, true);
            assert_eq!(interface.subnet.ipv4.to_string(), "172.31.16.0/20");
            let host = u32::from(interface.private_ipv4) - u32::from(interface.subnet.ipv4.address);
            assert!((4..4095).contains(&host), "{interface:?}");
            let ipv6 = interface.ipv6.unwrap().segments();
            assert_eq!(ipv6[..4], interface.subnet.ipv6.address.segments()[..4]);
            assert_eq!(ipv6[..3], interface.vpc.ipv6.address.segments()[..3]);
        }
    }

    #[test]
    fn ipv6_blocks_are_written_in_full() {
        let block = Ipv6Cidr { address: "2600:1f16:67f:f201::".parse().unwrap(), prefix: 64 };
        assert_eq!(block.to_string(), "2600:1f16:67f:f201:0:0:0:0/64");
    }
}
