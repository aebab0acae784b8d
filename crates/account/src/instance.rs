//! From the record of an instance to the instance.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::image::Image;
use imds_core::instance::PublicKey;
use imds_core::launch::{LaunchError, LaunchInterface, LaunchRole};
use imds_core::network::{PrivateIpv4, Subnet};
use imds_core::placement::{Region, Zone};
use imds_core::tags::Tag;
use imds_core::{Instance, InstanceId, InstanceType, Launch};

use crate::overrides::Overrides;
use crate::records::{self, ProfileAssociation, Tags};

/// The instance that `record` describes.
///
/// # Errors
/// Where there can be no such instance: another release, or another program, wrote the record.
pub fn instance(
    id: &InstanceId,
    record: &records::Instance,
    tags: &Tags,
    overrides: &Overrides,
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
        role: record.profile.as_ref().map(|profile| role(profile, overrides, record.zone.region())),
        identity_keys: overrides.identity_keys(id, record.zone.region()),
        extended_credentials: overrides.has_extended_credentials(),
        public_key: key
            .map(|key| PublicKey { name: key.name.clone(), openssh: key.openssh.clone() }),
        tags: tags.collect::<Result<_, _>>()?,
        user_data: record.user_data.as_ref().and_then(|text| STANDARD.decode(text).ok()),
        // The zone has it.
        region: None,
        // No call and no setting knows these services, which have ended.
        elastic_gpus: Vec::new(),
        accelerators: Vec::new(),
        // The Region's: who serves the instance adds it.
        ssh_signer: None,
        // Added below, when all else was checked.
        extra: Vec::new(),
    };
    // Checked when the service started. What calls make of the instance since then wins over it.
    Ok(Instance { extra: overrides.extra(id), ..launch.resolve()? })
}

fn image(kept: &records::InstanceImage, instance_type: &InstanceType) -> Image {
    let (architecture, root_device) = (instance_type.architecture(), kept.root_device.clone());
    Image {
        imds_v2_support: kept.imds_v2_support,
        platform: kept.platform,
        ..Image::backed_by_ebs(kept.id.clone(), architecture, root_device)
    }
}

fn role(kept: &ProfileAssociation, overrides: &Overrides, region: &Region) -> LaunchRole {
    let name = kept.role_name();
    LaunchRole {
        name: name.to_owned(),
        profile_name: Some(kept.name.clone()),
        keys: overrides.role_keys(name, region),
        since: Some(kept.since),
    }
}

fn interface(kept: &records::Interface, zone: &Zone) -> LaunchInterface {
    let primary = PrivateIpv4 { address: kept.private_ipv4, public: kept.public_ipv4 };
    let more = kept.secondary_ipv4.iter().map(|&address| PrivateIpv4 { address, public: None });
    LaunchInterface {
        id: kept.id.clone(),
        is_without_ipv6: kept.settings.is_without_ipv6,
        device_index: Some(kept.device_index),
        network_card: kept.network_card,
        mac: kept.mac,
        ipv4: std::iter::once(primary).chain(more).collect(),
        ipv6: kept.ipv6.clone(),
        ipv4_prefixes: kept.ipv4_prefixes.clone(),
        ipv6_prefixes: kept.ipv6_prefixes.clone(),
        security_groups: kept.groups().collect(),
        subnet: kept.subnet.as_ref().map(|subnet| Subnet {
            id: subnet.id.clone(),
            zone: zone.clone(),
            ipv4: subnet.ipv4,
            ipv6: subnet.ipv6,
        }),
        ..LaunchInterface::default()
    }
}
