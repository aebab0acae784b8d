//! The network that instances are launched into: each Region's default VPC, and the subnets that the
//! operator adds to it.

use std::net::Ipv4Addr;
use std::ops::Range;

use imds_core::ids::SubnetId;
use imds_core::network::{Ipv6Cidr, SecurityGroup, Subnet, Vpc};
use imds_core::options::{Preferences, Switch};
use imds_core::placement::{Region, Zone};
use imds_core::{AccountId, Launch};

use crate::zones::zones;

/// The account's network.
#[derive(Clone)]
pub struct Network {
    /// The account that owns it.
    pub account: AccountId,
    /// What the operator adds.
    subnets: Vec<Subnet>,
}

impl Network {
    /// The network of the account that launches `launch`.
    pub fn of(launch: &Launch) -> Self {
        let account = launch.clone().resolve().map(|instance| instance.account);
        let account = account.or_else(|_| Launch::default().resolve().map(|it| it.account));
        let account = account.unwrap_or_else(|_| unreachable!("an empty launch is valid"));
        Self { account, subnets: Vec::new() }
    }

    /// The same, with subnets of the operator's.
    pub fn with(mut self, subnets: impl IntoIterator<Item = Subnet>) -> Result<Self, SubnetError> {
        for subnet in subnets {
            self.check(&subnet).map_err(|why| SubnetError { id: subnet.id.clone(), why })?;
            self.subnets.push(subnet);
        }
        Ok(self)
    }

    /// Source: Amazon VPC User Guide, "Subnet CIDR blocks".
    fn check(&self, subnet: &Subnet) -> Result<(), String> {
        let Some(ipv4) = subnet.ipv4 else { return Err("has no IPv4 block".to_owned()) };
        if !(16..=28).contains(&ipv4.prefix()) {
            return Err(format!(
                "has an IPv4 block of /{}; it is one of /16 to /28",
                ipv4.prefix()
            ));
        }
        if let Some(ipv6) = subnet.ipv6.filter(|ipv6| !(44..=64).contains(&ipv6.prefix())) {
            return Err(format!(
                "has an IPv6 block of /{}; it is one of /44 to /64",
                ipv6.prefix()
            ));
        }
        let vpc = self.vpc(subnet.zone.region());
        if let Some(block) = vpc.ipv4.iter().find(|block| !block.contains(ipv4.address())) {
            return Err(format!("has {ipv4}, which is not within the default VPC's {block}"));
        }
        let others = self.subnets(subnet.zone.region());
        let other = others.iter().find(|other| other.id == subnet.id || overlap(other, subnet));
        other.map_or(Ok(()), |other| {
            let block = other.ipv4.map(|block| block.to_string()).unwrap_or_default();
            Err(format!("has the id or addresses of {} ({block}, {})", other.id, other.zone))
        })
    }

    /// The Region's default VPC.
    pub fn vpc(&self, region: &Region) -> Vpc {
        self.default_interface(&region.zone('a')).2
    }

    /// The VPC's default security group, the only one there is.
    pub fn security_group(&self, region: &Region) -> SecurityGroup {
        self.default_interface(&region.zone('a')).1
    }

    /// The zone's default subnet.
    pub fn default_subnet(&self, zone: &Zone) -> Subnet {
        self.default_interface(zone).0
    }

    /// The zone's default subnet with its IPv6 block, which instances get only if they ask for it.
    pub fn ipv6_block(&self, zone: &Zone) -> Option<Ipv6Cidr> {
        let launch = Launch {
            account: Some(self.account.clone()),
            zone: Some(zone.clone()),
            instance_type: "t3.micro".parse().ok(),
            options: Preferences { http_protocol_ipv6: Some(Switch::Enabled), ..<_>::default() },
            ..Launch::default()
        };
        launch.resolve().ok()?.primary_interface().subnet.ipv6
    }

    /// All subnets of a Region, the zones' default subnets first.
    pub fn subnets(&self, region: &Region) -> Vec<Subnet> {
        let defaults = zones(region).into_iter().map(|zone| self.default_subnet(&zone));
        let added = self.subnets.iter().filter(|subnet| subnet.zone.region() == region);
        defaults.chain(added.cloned()).collect()
    }

    /// The network is what an instance without any setting gets.
    fn default_interface(&self, zone: &Zone) -> (Subnet, SecurityGroup, Vpc) {
        let launch = Launch {
            account: Some(self.account.clone()),
            zone: Some(zone.clone()),
            ..Launch::default()
        };
        let instance = launch.resolve();
        let interface = instance.ok().and_then(|instance| instance.interfaces.into_iter().next());
        let interface = interface.and_then(|interface| {
            let group = interface.security_groups.into_iter().next()?;
            Some((interface.subnet, group, interface.vpc))
        });
        interface.unwrap_or_else(|| unreachable!("an empty launch is valid"))
    }
}

/// A subnet that there cannot be.
#[derive(Debug, thiserror::Error)]
#[error("subnet {id} {why}")]
pub struct SubnetError {
    id: SubnetId,
    why: String,
}

/// Whether they have an address in common.
fn overlap(one: &Subnet, other: &Subnet) -> bool {
    let ipv4 = one.ipv4.zip(other.ipv4);
    let ipv6 = one.ipv6.zip(other.ipv6);
    // Of two blocks with an address in common, one has the other's first.
    ipv4.is_some_and(|(one, other)| one.contains(other.address()) || other.contains(one.address()))
        || ipv6.is_some_and(|(one, other)| {
            one.contains(other.address()) || other.contains(one.address())
        })
}

/// The public address of those that ask for one: within 198.18.0.0/15, which RFC 2544 keeps for
/// measurements, so that it is nobody's. Each private address of a VPC of 17 bits has its own.
pub fn public_address(private: Ipv4Addr) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() | private.to_bits() & 0x1_ffff)
}

/// The addresses of a subnet that instances can have: AWS keeps the first four and the last.
pub fn hosts(subnet: &Subnet) -> impl Iterator<Item = Ipv4Addr> + Clone + use<> {
    addresses(all_hosts(subnet))
}

/// The same, those behind `last` first; all in order if `last` is none of them.
pub fn hosts_behind(
    subnet: &Subnet,
    last: Option<Ipv4Addr>,
) -> impl Iterator<Item = Ipv4Addr> + use<> {
    let all = all_hosts(subnet);
    let last = last.map(|last| u64::from(last.to_bits())).filter(|last| all.contains(last));
    let start = last.map_or(all.start, |last| last + 1);
    addresses(start..all.end).chain(addresses(all.start..start))
}

fn all_hosts(subnet: &Subnet) -> Range<u64> {
    let block = subnet.ipv4;
    let size = block.map_or(0, |block| 1_u64 << (32 - u32::from(block.prefix())));
    let first = block.map_or(0, |block| u64::from(block.address().to_bits()));
    first + 4..(first + size).saturating_sub(1)
}

fn addresses(bits: Range<u64>) -> impl Iterator<Item = Ipv4Addr> + Clone + use<> {
    bits.filter_map(|bits| u32::try_from(bits).ok()).map(Ipv4Addr::from_bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(id: &str, ipv4: &str) -> Subnet {
        Subnet {
            id: id.parse().unwrap(),
            zone: "us-east-1b".parse().unwrap(),
            ipv4: Some(ipv4.parse().unwrap()),
            ipv6: None,
        }
    }

    #[test]
    fn all_addresses_come_once_those_behind_one_first() {
        let subnet = subnet("subnet-11111111", "172.31.144.0/28");
        let address = |last| Ipv4Addr::new(172, 31, 144, last);
        let numbers = |last: Option<u8>| -> Vec<_> {
            hosts_behind(&subnet, last.map(address)).map(|it| it.octets()[3]).collect()
        };
        let all: Vec<_> = (4..15).collect();
        assert_eq!(hosts(&subnet).map(|it| it.octets()[3]).collect::<Vec<_>>(), all);
        assert_eq!(numbers(Some(6)), [7, 8, 9, 10, 11, 12, 13, 14, 4, 5, 6]);
        for all_in_order in [None, Some(14), Some(3), Some(15), Some(200)] {
            assert_eq!(numbers(all_in_order), all, "{all_in_order:?}");
        }
    }

    #[test]
    fn subnets_are_within_the_vpc_and_apart() {
        let first = "subnet-11111111";
        for (id, ipv4, words) in [
            ("subnet-22222222", "172.31.160.0/24", None),
            ("subnet-22222222", "172.31.144.0/28", Some("addresses of subnet-11111111")),
            (first, "172.31.160.0/24", Some("the id or addresses of subnet-11111111")),
            ("subnet-22222222", "172.31.0.0/24", Some("172.31.0.0/20, us-east-1a")),
            ("subnet-22222222", "172.31.0.0/16", Some("172.31.0.0/20, us-east-1a")),
            ("subnet-22222222", "10.0.0.0/24", Some("the default VPC's 172.31.0.0/16")),
            ("subnet-22222222", "172.31.160.0/29", Some("/16 to /28")),
        ] {
            let network = Network::of(&Launch::default());
            let made = network.with([subnet(first, "172.31.144.0/20"), subnet(id, ipv4)]);
            let refused = made.err().map(|refused| refused.to_string());
            let is_expected = match (words, &refused) {
                (None, None) => true,
                (Some(words), Some(refused)) => refused.contains(words),
                _ => false,
            };
            assert!(is_expected, "{id} {ipv4}: {refused:?}");
        }
    }
}
