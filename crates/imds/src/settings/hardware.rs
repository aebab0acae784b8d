//! What a file says of an instance's placement, block devices and network interfaces. There are no
//! flags for these.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use imds_core::block_device::{BlockDevice, Volume};
use imds_core::ids::{HostId, PlacementGroupId};
use imds_core::launch::LaunchInterface;
use imds_core::network::{Ipv4Cidr, Ipv6Cidr, Mac, PrivateIpv4};
use imds_core::placement::Placement;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::from_text;

/// Where in its zone the instance is, as `[instance.placement]` has it.
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
    fn from(said: PlacementSettings) -> Self {
        Self {
            zone_id: said.availability_zone_id,
            group_name: said.group_name,
            group_id: said.group_id,
            partition_number: said.partition_number,
            host_id: said.host_id,
        }
    }
}

/// A network interface, as `[[instance.interface]]` has it. The primary one is the first, unless
/// `device-index` says otherwise.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct InterfaceSettings {
    device_index: Option<u16>,
    network_card: Option<u16>,
    #[serde(deserialize_with = "from_text")]
    mac: Option<Mac>,
    ipv4: Vec<Ipv4Addr>,
    /// Of the first address.
    public_ipv4: Option<Ipv4Addr>,
    ipv6: Vec<Ipv6Addr>,
    ipv4_prefixes: Vec<Ipv4Cidr>,
    ipv6_prefixes: Vec<Ipv6Cidr>,
}

/// Reads network interfaces. A public address is that of a private one.
pub(super) fn interfaces<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<LaunchInterface>, D::Error> {
    let all = Vec::<InterfaceSettings>::deserialize(deserializer)?;
    if all.iter().any(|one| one.public_ipv4.is_some() && one.ipv4.is_empty()) {
        return Err(D::Error::custom("public-ipv4 needs ipv4, the address that it maps to"));
    }
    Ok(all.into_iter().map(LaunchInterface::from).collect())
}

impl From<InterfaceSettings> for LaunchInterface {
    fn from(said: InterfaceSettings) -> Self {
        let mut public = said.public_ipv4;
        let private =
            said.ipv4.into_iter().map(|address| PrivateIpv4 { address, public: public.take() });
        Self {
            device_index: said.device_index,
            network_card: said.network_card,
            mac: said.mac,
            ipv4: private.collect(),
            ipv6: said.ipv6,
            ipv4_prefixes: said.ipv4_prefixes,
            ipv6_prefixes: said.ipv6_prefixes,
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
