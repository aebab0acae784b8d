//! Settings of an instance's placement, block devices and network interfaces. They have no flags.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use imds_core::block_device::{BlockDevice, Volume};
use imds_core::ids::{HostId, PlacementGroupId};
use imds_core::launch::LaunchInterface;
use imds_core::network::{Ipv4Cidr, Ipv6Cidr, Mac, PrivateIpv4, is_assignable};
use imds_core::placement::Placement;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::deserialize::from_text;

/// Where in its Availability Zone the instance is: the table `[instance.placement]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct PlacementSettings {
    availability_zone_id: Option<String>,
    group_name: Option<String>,
    #[serde(deserialize_with = "from_text")]
    group_id: Option<PlacementGroupId>,
    partition_number: Option<u32>,
    #[serde(deserialize_with = "from_text")]
    host_id: Option<HostId>,
}

impl From<PlacementSettings> for Placement {
    fn from(settings: PlacementSettings) -> Self {
        Self {
            zone_id: settings.availability_zone_id,
            group_name: settings.group_name,
            group_id: settings.group_id,
            partition_number: settings.partition_number,
            host_id: settings.host_id,
        }
    }
}

/// A network interface: an entry of `[[instance.interface]]`. The first one is the primary, unless
/// `device-index` is set.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct InterfaceSettings {
    device_index: Option<u16>,
    network_card: Option<u16>,
    #[serde(deserialize_with = "from_text")]
    mac: Option<Mac>,
    ipv4: Vec<Ipv4Addr>,
    /// The public address of the first address in `ipv4`.
    public_ipv4: Option<Ipv4Addr>,
    ipv6: Vec<Ipv6Addr>,
    ipv4_prefixes: Vec<Ipv4Cidr>,
    ipv6_prefixes: Vec<Ipv6Cidr>,
}

/// Reads network interfaces. A public address needs a private one that it maps to.
pub(super) fn interfaces<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<LaunchInterface>, D::Error> {
    let all = Vec::<InterfaceSettings>::deserialize(deserializer)?;
    if all.iter().any(|one| one.public_ipv4.is_some() && one.ipv4.is_empty()) {
        return Err(D::Error::custom("public-ipv4 needs ipv4, the address that it maps to"));
    }
    if let Some(address) = all.iter().flat_map(InterfaceSettings::addresses).find(unassignable) {
        return Err(D::Error::custom(format!(
            "{address} cannot be the address of a network interface"
        )));
    }
    Ok(all.into_iter().map(LaunchInterface::from).collect())
}

fn unassignable(address: &IpAddr) -> bool {
    !is_assignable(*address)
}

impl InterfaceSettings {
    fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let ipv4 = self.ipv4.iter().copied().chain(self.public_ipv4);
        let blocks = self.ipv4_prefixes.iter().map(|block| block.address());
        let ipv6 = self.ipv6.iter().copied();
        let ipv6 = ipv6.chain(self.ipv6_prefixes.iter().map(|block| block.address()));
        ipv4.chain(blocks).map(IpAddr::from).chain(ipv6.map(IpAddr::from))
    }
}

impl From<InterfaceSettings> for LaunchInterface {
    fn from(settings: InterfaceSettings) -> Self {
        let mut public = settings.public_ipv4;
        let private =
            settings.ipv4.into_iter().map(|address| PrivateIpv4 { address, public: public.take() });
        Self {
            device_index: settings.device_index,
            network_card: settings.network_card,
            mac: settings.mac,
            ipv4: private.collect(),
            ipv6: settings.ipv6,
            ipv4_prefixes: settings.ipv4_prefixes,
            ipv6_prefixes: settings.ipv6_prefixes,
            ..Self::default()
        }
    }
}

/// Reads block devices from a table: `"/dev/sdf" = "ebs"`.
pub(super) fn block_devices<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<BlockDevice>, D::Error> {
    let table = BTreeMap::<String, String>::deserialize(deserializer)?;
    let devices = table.into_iter().map(|(device, volume)| {
        let volume: Volume = volume.parse().map_err(D::Error::custom)?;
        Ok(BlockDevice { device, volume })
    });
    devices.collect()
}
