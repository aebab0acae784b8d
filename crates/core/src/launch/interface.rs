//! Network interfaces at launch: values without a setting are derived.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::LaunchError;
use crate::ids::{AccountId, InstanceId, InterfaceId, SecurityGroupId, SubnetId, VpcId, derive};
use crate::network::{
    Ipv4Cidr, Ipv6Cidr, Mac, NetworkInterface, PrivateIpv4, SecurityGroup, Subnet, Vpc,
};
use crate::placement::Zone;

/// The settings of a network interface; all are optional.
#[derive(Clone, Debug, Default)]
pub struct LaunchInterface {
    /// Its id.
    pub id: Option<InterfaceId>,
    /// Its place on the network card; else its place in the list.
    pub device_index: Option<u16>,
    /// Its network card, where the instance type has several.
    pub network_card: Option<u16>,
    /// Its hardware address.
    pub mac: Option<Mac>,
    /// Its private addresses, the primary one first. Where there are none, one is derived if the
    /// subnet has an IPv4 block.
    pub ipv4: Vec<PrivateIpv4>,
    /// Its IPv6 addresses. Where there are none, one is derived if the subnet has an IPv6 block,
    /// which a derived subnet has while the IPv6 endpoint is enabled.
    pub ipv6: Vec<Ipv6Addr>,
    /// Whether none is derived.
    pub is_without_ipv6: bool,
    /// IPv4 blocks that are delegated to it; of 28 bits on EC2.
    pub ipv4_prefixes: Vec<Ipv4Cidr>,
    /// IPv6 blocks that are delegated to it; of 80 bits on EC2.
    pub ipv6_prefixes: Vec<Ipv6Cidr>,
    /// Its security groups; the VPC's default group where there are none.
    pub security_groups: Vec<SecurityGroup>,
    /// Its subnet; else the zone's default one, or one around its addresses.
    pub subnet: Option<Subnet>,
    /// Its VPC; else the account's default one, or one around the subnet.
    pub vpc: Option<Vpc>,
    /// Its owner; else the instance's.
    pub owner: Option<AccountId>,
}

/// The facts of the instance that its interfaces are derived from.
pub(super) struct InterfaceDefaults<'a> {
    pub(super) instance: &'a InstanceId,
    pub(super) account: &'a AccountId,
    pub(super) zone: &'a Zone,
    pub(super) has_ipv6: bool,
}

/// The size of a subnet that is derived, as of a default subnet on EC2: /20.
pub const DERIVED_SUBNET: u8 = 20;

/// The default VPC of every account: 172.31.0.0/16.
const DEFAULT_VPC: Ipv4Addr = Ipv4Addr::new(172, 31, 0, 0);

/// Resolves all interfaces of an instance, the primary one first; there is always one.
pub(super) fn resolve(
    mut settings: Vec<LaunchInterface>,
    defaults: &InterfaceDefaults<'_>,
) -> Result<Vec<NetworkInterface>, LaunchError> {
    if settings.is_empty() {
        settings.push(LaunchInterface::default());
    }
    let mut resolved = Vec::<NetworkInterface>::with_capacity(settings.len());
    for (nth, interface) in (0..).zip(settings) {
        let interface = interface.resolve(nth, defaults, &resolved)?;
        if let Some(other) = resolved.iter().find(|other| other.clashes_with(&interface)) {
            return Err(LaunchError::SameInterface { one: other.id.clone(), other: interface.id });
        }
        resolved.push(interface);
    }
    resolved.sort_by_key(NetworkInterface::slot);
    match resolved.first().map(NetworkInterface::slot) {
        Some((0, 0)) => Ok(resolved),
        _ => Err(LaunchError::NoPrimaryInterface),
    }
}

impl NetworkInterface {
    /// Whether both cannot be on one instance.
    fn clashes_with(&self, other: &Self) -> bool {
        self.slot() == other.slot() || self.mac == other.mac || self.id == other.id
    }
}

impl LaunchInterface {
    fn resolve(
        self,
        nth: u16,
        defaults: &InterfaceDefaults<'_>,
        earlier: &[NetworkInterface],
    ) -> Result<NetworkInterface, LaunchError> {
        let seed = defaults.seed("interface", nth);
        let subnet = match &self.subnet {
            Some(subnet) => subnet.clone(),
            None => defaults.subnet(self.ipv4.first(), self.ipv6.first()),
        };
        if subnet.zone != *defaults.zone {
            let zone = defaults.zone.clone();
            return Err(LaunchError::SubnetElsewhere { subnet: subnet.id, zone });
        }
        let is_taken = |address| {
            earlier.iter().any(|other| other.ipv4.iter().any(|ipv4| ipv4.address == address))
        };
        let mut ipv4 = self.ipv4;
        if ipv4.is_empty() {
            let free = subnet.ipv4.and_then(|block| derive_ipv4(block, &seed, is_taken));
            ipv4.extend(free.map(|address| PrivateIpv4 { address, public: None }));
        }
        let mut ipv6 = self.ipv6;
        if ipv6.is_empty() && !self.is_without_ipv6 {
            ipv6.extend(subnet.ipv6.map(|block| derive_ipv6(block, &seed)));
        }
        if let Some(address) = strange_address(&ipv4, &ipv6, &subnet, earlier) {
            return Err(LaunchError::AddressElsewhere { address, subnet: subnet.id });
        }
        let mut security_groups = self.security_groups;
        if security_groups.is_empty() {
            security_groups.push(defaults.default_group());
        }
        Ok(NetworkInterface {
            id: self.id.unwrap_or_else(|| InterfaceId::derived(&defaults.seed("eni-", nth))),
            device_index: self.device_index.unwrap_or(nth),
            network_card: self.network_card,
            // 02: locally administered, not multicast, as on EC2.
            mac: self.mac.unwrap_or(Mac([0x02, seed[2], seed[3], seed[4], seed[5], seed[6]])),
            ipv4,
            ipv6,
            ipv4_prefixes: self.ipv4_prefixes,
            ipv6_prefixes: self.ipv6_prefixes,
            security_groups,
            vpc: self.vpc.unwrap_or_else(|| defaults.vpc(&subnet)),
            subnet,
            owner: self.owner.unwrap_or_else(|| defaults.account.clone()),
        })
    }
}

/// An address of an interface that is not in its subnet, or there already.
fn strange_address(
    ipv4: &[PrivateIpv4],
    ipv6: &[Ipv6Addr],
    subnet: &Subnet,
    earlier: &[NetworkInterface],
) -> Option<IpAddr> {
    let is_in_subnet = |address: &IpAddr| match address {
        IpAddr::V4(address) => subnet.ipv4.is_some_and(|block| block.contains(*address)),
        IpAddr::V6(address) => subnet.ipv6.is_some_and(|block| block.contains(*address)),
    };
    let all = |ipv4: &[PrivateIpv4], ipv6: &[Ipv6Addr]| -> Vec<IpAddr> {
        let ipv4 = ipv4.iter().map(|ipv4| ipv4.address.into());
        ipv4.chain(ipv6.iter().copied().map(Into::into)).collect()
    };
    let taken = earlier.iter().flat_map(|other| all(&other.ipv4, &other.ipv6));
    let mut taken: BTreeSet<_> = taken.collect();
    all(ipv4, ipv6).into_iter().find(|it| !is_in_subnet(it) || !taken.insert(*it))
}

impl InterfaceDefaults<'_> {
    /// What the facts of the nth interface are derived from.
    fn seed(&self, purpose: &str, nth: u16) -> [u8; 32] {
        match nth {
            0 => self.instance.derive(purpose),
            _ => self.instance.derive(&format!("{purpose} {nth}")),
        }
    }

    /// What is derived from the account and `parts`: instances of one account share their network.
    fn shared(&self, prefix: &str, parts: &[&str]) -> [u8; 32] {
        derive(&[&[prefix, self.account.as_str()], parts].concat())
    }

    /// The zone's default subnet, or one around the addresses of the launch.
    fn subnet(&self, ipv4: Option<&PrivateIpv4>, ipv6: Option<&Ipv6Addr>) -> Subnet {
        // Sixteen /20 subnets fit the VPC, more than a Region has zones.
        let default = Ipv4Addr::new(172, 31, (self.zone.index() % 16) * 16, 0);
        let default = Ipv4Cidr::around(default, DERIVED_SUBNET);
        let around = |ipv4: &PrivateIpv4| Ipv4Cidr::around(ipv4.address, DERIVED_SUBNET);
        let block = ipv4.map_or(default, around);
        let written = block.to_string();
        let mut parts = vec![self.zone.as_str()];
        if block != default {
            parts.push(&written);
        }
        let default_ipv6 = || {
            let mut segments = self.vpc_ipv6().address().segments();
            segments[3] |= u16::from(self.zone.index());
            Ipv6Addr::from(segments)
        };
        let ipv6 = ipv6.copied().or_else(|| self.has_ipv6.then(default_ipv6));
        Subnet {
            id: SubnetId::derived(&self.shared("subnet-", &parts)),
            zone: self.zone.clone(),
            ipv4: Some(block),
            ipv6: ipv6.map(|address| Ipv6Cidr::around(address, 64)),
        }
    }

    /// The account's default VPC, or one around `subnet`.
    fn vpc(&self, subnet: &Subnet) -> Vpc {
        let default = Ipv4Cidr::around(DEFAULT_VPC, 16);
        let around = |block: Ipv4Cidr| Ipv4Cidr::around(block.address(), block.prefix().min(16));
        let block = subnet.ipv4.map_or(default, around);
        let written = block.to_string();
        let mut parts = vec![self.zone.region().as_str()];
        if block != default {
            parts.push(&written);
        }
        let around = |block: Ipv6Cidr| Ipv6Cidr::around(block.address(), block.prefix().min(56));
        Vpc {
            id: VpcId::derived(&self.shared("vpc-", &parts)),
            ipv4: vec![block],
            ipv6: subnet.ipv6.map(around).into_iter().collect(),
            dns_hostnames: true,
        }
    }

    fn vpc_ipv6(&self) -> Ipv6Cidr {
        let block = derive(&["ipv6", self.account.as_str(), self.zone.region().as_str()]);
        let segments = [0x2600, 0x1f18, pair(block[0], block[1]), pair(block[2], 0), 0, 0, 0, 0];
        Ipv6Cidr::around(segments.into(), 56)
    }

    fn default_group(&self) -> SecurityGroup {
        let seed = self.shared("sg-", &[self.zone.region().as_str()]);
        SecurityGroup { id: SecurityGroupId::derived(&seed), name: "default".to_owned() }
    }
}

/// A free address of the block, but for its first four and its last, which AWS keeps.
fn derive_ipv4(
    block: Ipv4Cidr,
    seed: &[u8; 32],
    is_taken: impl Fn(Ipv4Addr) -> bool,
) -> Option<Ipv4Addr> {
    let size = 1_u32.checked_shl(32 - u32::from(block.prefix())).unwrap_or(u32::MAX);
    let span = size.checked_sub(5).filter(|span| *span > 0)?;
    let start = u32::from(pair(seed[0], seed[1])) % span;
    (0..span)
        .map(|step| 4 + (start + step) % span)
        .map(|host| Ipv4Addr::from(block.address().to_bits() + host))
        .find(|address| !is_taken(*address))
}

/// An address of the block, of at least 64 free bits on EC2.
fn derive_ipv6(block: Ipv6Cidr, seed: &[u8; 32]) -> Ipv6Addr {
    let host = seed[8..16].iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let free = u128::MAX.checked_shr(block.prefix().into()).unwrap_or(0);
    Ipv6Addr::from(block.address().to_bits() | host & free)
}

fn pair(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high, low])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve_in_zone_b(
        nth: usize,
        settings: Vec<LaunchInterface>,
    ) -> Result<Vec<NetworkInterface>, LaunchError> {
        let defaults = InterfaceDefaults {
            instance: &format!("i-{nth:017x}").parse().unwrap(),
            account: &"123456789012".parse().unwrap(),
            zone: &"us-east-1b".parse().unwrap(),
            has_ipv6: true,
        };
        resolve(settings, &defaults)
    }

    #[test]
    fn a_derived_interface_is_inside_its_subnet_and_the_subnet_inside_its_vpc() {
        for nth in 0..200 {
            let two = vec![LaunchInterface::default(); 2];
            let interfaces = resolve_in_zone_b(nth, two).unwrap();
            assert_ne!(interfaces[0].ipv4, interfaces[1].ipv4);
            for interface in interfaces {
                let subnet = interface.subnet.ipv4.unwrap();
                assert_eq!(subnet.to_string(), "172.31.16.0/20");
                let address = interface.private_ipv4().unwrap();
                let host = address.to_bits() - subnet.address().to_bits();
                assert!((4..4095).contains(&host), "{interface:?}");
                assert!(interface.vpc.ipv4[0].contains(address));
                let ipv6 = interface.ipv6[0];
                assert!(interface.subnet.ipv6.unwrap().contains(ipv6));
                assert!(interface.vpc.ipv6[0].contains(ipv6));
            }
        }
    }

    #[test]
    fn networks_form_around_configured_addresses() {
        let settings = LaunchInterface {
            ipv4: vec![PrivateIpv4 { address: "10.1.2.3".parse().unwrap(), public: None }],
            ipv6: vec!["2001:db8:1:203::5".parse().unwrap()],
            ..<_>::default()
        };
        let interface = resolve_in_zone_b(1, vec![settings]).unwrap().remove(0);
        assert_eq!(interface.subnet.ipv4.unwrap().to_string(), "10.1.0.0/20");
        assert_eq!(interface.subnet.ipv6.unwrap().to_string(), "2001:db8:1:203::/64");
        assert_eq!(interface.vpc.ipv4[0].to_string(), "10.1.0.0/16");
        assert_eq!(interface.vpc.ipv6[0].to_string(), "2001:db8:1:200::/56");
        assert_ne!(interface.vpc.id, resolve_in_zone_b(1, vec![]).unwrap()[0].vpc.id);
    }

    #[test]
    fn a_subnet_without_ipv4_gives_no_ipv4_address() {
        let mut derived = resolve_in_zone_b(1, vec![]).unwrap().remove(0);
        derived.subnet.ipv4 = None;
        let settings = LaunchInterface { subnet: Some(derived.subnet), ..<_>::default() };
        let interface = resolve_in_zone_b(1, vec![settings]).unwrap().remove(0);
        assert_eq!(interface.private_ipv4(), None);
        assert_eq!(interface.ipv6, derived.ipv6);
    }

    #[test]
    fn impossible_interfaces_are_refused() {
        let at = |device_index| LaunchInterface { device_index, ..<_>::default() };
        let refused = |settings| resolve_in_zone_b(1, settings).err().unwrap();
        assert_eq!(refused(vec![at(Some(1))]), LaunchError::NoPrimaryInterface);
        let twice = refused(vec![at(Some(0)), at(Some(0))]);
        assert!(matches!(twice, LaunchError::SameInterface { .. }));
        let subnet = resolve_in_zone_b(1, vec![]).unwrap().remove(0).subnet;
        let strange = PrivateIpv4 { address: "10.1.2.3".parse().unwrap(), public: None };
        let outside =
            LaunchInterface { ipv4: vec![strange], subnet: Some(subnet.clone()), ..<_>::default() };
        let error = refused(vec![outside]).to_string();
        assert!(error.starts_with(&format!("10.1.2.3 is not in {}", subnet.id)), "{error}");
        let one = PrivateIpv4 { address: "172.31.20.7".parse().unwrap(), public: None };
        let twice = LaunchInterface { ipv4: vec![one; 2], ..<_>::default() };
        let error = refused(vec![twice]).to_string();
        assert!(error.ends_with("or an interface has it already"), "{error}");
        let zone = "us-east-1c".parse().unwrap();
        let elsewhere =
            LaunchInterface { subnet: Some(Subnet { zone, ..subnet }), ..<_>::default() };
        assert!(matches!(refused(vec![elsewhere]), LaunchError::SubnetElsewhere { .. }));
    }
}
