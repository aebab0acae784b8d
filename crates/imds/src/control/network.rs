//! The network that instances are launched into: each Region's default VPC, and the subnets that the
//! operator adds to it.

use std::net::Ipv4Addr;

use imds_core::network::{SecurityGroup, Subnet, Vpc};
use imds_core::placement::{Region, Zone};
use imds_core::{AccountId, Launch};

use super::places;

/// The account's network.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) account: AccountId,
    /// What the operator adds.
    pub(crate) subnets: Vec<Subnet>,
}

impl Network {
    /// The network of the account that launches `launch`.
    pub(crate) fn of(launch: &Launch) -> Self {
        let account = launch.clone().settle().map(|instance| instance.account);
        let account = account.or_else(|_| Launch::default().settle().map(|it| it.account));
        let account =
            account.unwrap_or_else(|_| unreachable!("nothing was said that could be wrong"));
        Self { account, subnets: Vec::new() }
    }

    /// The Region's default VPC.
    pub(super) fn vpc(&self, region: &Region) -> Vpc {
        self.default_interface(&region.zone('a')).2
    }

    /// The VPC's default security group, the only one there is.
    pub(super) fn security_group(&self, region: &Region) -> SecurityGroup {
        self.default_interface(&region.zone('a')).1
    }

    /// The zone's default subnet.
    pub(super) fn default_subnet(&self, zone: &Zone) -> Subnet {
        self.default_interface(zone).0
    }

    /// All subnets of a Region, the zones' default subnets first.
    pub(super) fn subnets(&self, region: &Region) -> Vec<Subnet> {
        let defaults = places::zones(region).into_iter().map(|zone| self.default_subnet(&zone));
        let added = self.subnets.iter().filter(|subnet| subnet.zone.region() == region);
        defaults.chain(added.cloned()).collect()
    }

    /// The network is what an instance gets of which nothing is said.
    fn default_interface(&self, zone: &Zone) -> (Subnet, SecurityGroup, Vpc) {
        let launch = Launch {
            account: Some(self.account.clone()),
            zone: Some(zone.clone()),
            ..Launch::default()
        };
        let instance = launch.settle();
        let interface = instance.ok().and_then(|instance| instance.interfaces.into_iter().next());
        let interface = interface.and_then(|interface| {
            let group = interface.security_groups.into_iter().next()?;
            Some((interface.subnet, group, interface.vpc))
        });
        interface.unwrap_or_else(|| unreachable!("nothing was said that could be wrong"))
    }
}

/// The addresses of a subnet that instances can have: AWS keeps the first four and the last.
pub(super) fn hosts(subnet: &Subnet) -> impl Iterator<Item = Ipv4Addr> + Clone {
    let block = subnet.ipv4;
    let size = block.map_or(0, |block| 1_u64 << (32 - u32::from(block.prefix())));
    let first = block.map_or(0, |block| u64::from(block.address().to_bits()));
    (first + 4..(first + size).saturating_sub(1))
        .filter_map(|bits| u32::try_from(bits).ok())
        .map(Ipv4Addr::from_bits)
}
