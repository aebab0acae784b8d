//! From what is kept of an instance to the instance.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::credentials::RoleKeys;
use imds_core::extra::Extra;
use imds_core::image::Image;
use imds_core::instance::PublicKey;
use imds_core::launch::{LaunchError, LaunchInterface, LaunchRole};
use imds_core::network::{Ipv4Cidr, PrivateIpv4, Subnet};
use imds_core::placement::Zone;
use imds_core::tags::Tag;
use imds_core::{Endpoint, Instance, InstanceId, InstanceType, Launch};
use imds_store::records::{self, ProfileAssociation, Tags};

use super::table::Served;

/// What the operator gives while the service runs, and what is never kept.
#[derive(Clone, Default)]
pub(crate) struct Given {
    /// Credentials for roles; others' are made up.
    roles: HashMap<String, RoleKeys>,
    default: Option<OfDefault>,
}

/// What is for the default instance alone.
#[derive(Clone)]
struct OfDefault {
    id: InstanceId,
    /// Credentials for its instance identity role.
    identity_keys: Option<RoleKeys>,
    /// What is put over its metadata.
    extra: Vec<Extra>,
}

impl Given {
    /// What the operator says of the default instance, whose id is `default`.
    pub(crate) fn of(launch: &Launch, default: &InstanceId) -> Self {
        let role = launch.role.as_ref();
        let given = role.and_then(|role| Some((role.name.clone(), role.keys.clone()?)));
        let default = OfDefault {
            id: default.clone(),
            identity_keys: launch.identity_keys.clone(),
            extra: launch.extra.clone(),
        };
        Self { roles: given.into_iter().collect(), default: Some(default) }
    }

    fn of_default(&self, instance: &InstanceId) -> Option<&OfDefault> {
        self.default.as_ref().filter(|default| default.id == *instance)
    }

    fn identity_keys(&self, instance: &InstanceId) -> Option<RoleKeys> {
        self.of_default(instance)?.identity_keys.clone()
    }

    fn extra(&self, instance: &InstanceId) -> Vec<Extra> {
        self.of_default(instance).map(|default| default.extra.clone()).unwrap_or_default()
    }
}

/// The instance that is kept as `record`.
pub(crate) fn instance(
    id: &InstanceId,
    record: &records::Instance,
    tags: &Tags,
    given: &Given,
) -> Result<Instance, LaunchError> {
    let tags = tags.iter().map(|(key, value)| Tag::new(key, value));
    let key = record.key.as_ref();
    let launch = Launch {
        instance_id: Some(id.clone()),
        account: Some(record.account.clone()),
        image: image(&record.image, &record.instance_type).into(),
        instance_type: Some(record.instance_type.clone()),
        life_cycle: record.life_cycle,
        kernel: record.kernel.clone(),
        ramdisk: record.ramdisk.clone(),
        product_codes: record.product_codes.clone(),
        zone: Some(record.zone.clone()),
        placement: record.placement.clone(),
        reservation_id: Some(record.reservation_id.clone()),
        launch_index: record.launch_index,
        launched_at: Some(record.launched_at),
        monitoring: record.monitoring,
        events: record.events.clone(),
        block_devices: record.block_devices.clone(),
        hostname_type: record.hostname_type,
        interfaces: record.interfaces.iter().map(|kept| interface(kept, &record.zone)).collect(),
        options: record.options.into(),
        role: record.profile.as_ref().map(|profile| role(profile, given)),
        identity_keys: given.identity_keys(id),
        public_key: key
            .map(|key| PublicKey { name: key.name.clone(), openssh: key.openssh.clone() }),
        tags: tags.collect::<Result<_, _>>()?,
        user_data: record.user_data.as_ref().and_then(|text| STANDARD.decode(text).ok()),
        ..Launch::default()
    };
    // Checked when the service started. What calls make of the instance since then wins over it.
    Ok(Instance { extra: given.extra(id), ..launch.settle()? })
}

fn image(kept: &records::InstanceImage, instance_type: &InstanceType) -> Image {
    let (architecture, root_device) = (instance_type.architecture(), kept.root_device.clone());
    Image {
        imds_v2_support: kept.imds_v2_support,
        ..Image::backed_by_ebs(kept.id.clone(), architecture, root_device)
    }
}

fn role(kept: &ProfileAssociation, given: &Given) -> LaunchRole {
    let name = kept.role_name();
    LaunchRole {
        name: name.to_owned(),
        profile_name: Some(kept.name.clone()),
        keys: given.roles.get(name).cloned(),
    }
}

fn interface(kept: &records::Interface, zone: &Zone) -> LaunchInterface {
    let primary = PrivateIpv4 { address: kept.private_ipv4, public: kept.public_ipv4 };
    let more = kept.secondary_ipv4.iter().map(|&address| PrivateIpv4 { address, public: None });
    LaunchInterface {
        device_index: Some(kept.device_index),
        network_card: kept.network_card,
        mac: kept.mac,
        ipv4: std::iter::once(primary).chain(more).collect(),
        ipv6: kept.ipv6.clone(),
        ipv4_prefixes: kept.ipv4_prefixes.clone(),
        ipv6_prefixes: kept.ipv6_prefixes.clone(),
        subnet: kept.subnet.as_ref().map(|subnet| Subnet {
            id: subnet.id.clone(),
            zone: zone.clone(),
            ipv4: subnet.ipv4,
            ipv6: subnet.ipv6,
        }),
        ..LaunchInterface::default()
    }
}

/// The instance ready to be served, with all addresses that its requests may come from.
pub(super) fn served(instance: &Instance) -> Served {
    let addresses = instance.interfaces.iter().flat_map(|interface| {
        let blocks = interface.ipv4_prefixes.iter().copied().flat_map(Ipv4Cidr::addresses);
        let ipv4 = interface.ipv4.iter().map(|ipv4| ipv4.address).chain(blocks);
        ipv4.map(IpAddr::from).chain(interface.ipv6.iter().copied().map(IpAddr::from))
    });
    Served { endpoint: Arc::new(Endpoint::new(instance)), addresses: addresses.collect() }
}
