//! What is kept of an instance that is launched, be it by a call or by the operator.

use crate::records::{
    self, AddressHolder, InstanceImage, InterfaceGroup, Lifecycle, ProfileAssociation, Tags,
};
use crate::{Transaction, belongings, keys};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::launch::LaunchError;
use imds_core::network::{NetworkInterface, SecurityGroup};
use imds_core::options::{MetadataDefaults, TokensEnforced};
use imds_core::placement::Region;
use imds_core::{Instance, InstanceId, Launch};

use crate::network::Network;
use crate::source::Source;
use crate::windows::{self, KeyNotForWindows};

/// Why nothing is launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchRefused {
    /// There can be no such instance.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The account does not want it.
    #[error(transparent)]
    Enforced(#[from] TokensEnforced),
    /// Its platform cannot have the key pair.
    #[error(transparent)]
    Key(#[from] KeyNotForWindows),
}

/// Settles what `launch` says under the account's defaults: each option comes from the launch, else
/// from the account, else from the image.
pub fn resolve(mut launch: Launch, defaults: MetadataDefaults) -> Result<Instance, LaunchRefused> {
    launch.options = launch.options.or(defaults.preferences);
    let instance = launch.resolve()?;
    defaults.check(&instance.options)?;
    windows::check(&instance)?;
    Ok(instance)
}

/// Adds to `transaction` all that is kept of a new instance; its addresses must be free.
pub fn keep(
    transaction: Transaction,
    instance: &Instance,
    record: &records::Instance,
) -> Transaction {
    keep_with(transaction, instance, record, &[])
}

/// The same, where those of `had` are of network interfaces that it takes over.
pub fn keep_with(
    transaction: Transaction,
    instance: &Instance,
    record: &records::Instance,
    had: &[Source],
) -> Transaction {
    let region = instance.zone.region();
    let id = instance.id.as_str();
    let holder = AddressHolder { region: region.clone(), instance: Some(instance.id.clone()) };
    let mut transaction = transaction.write(&keys::instance(region, id), record);
    for source in record.sources() {
        let key = keys::address(source);
        if !had.contains(&source) {
            transaction = transaction.if_unchanged(&key, None);
        }
        transaction = transaction.write(&key, &holder);
    }
    let transaction = belongings::keep(transaction, instance, record);
    let tags: Tags = instance.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    if tags.is_empty() { transaction } else { transaction.write(&keys::tags(region, id), &tags) }
}

/// Adds to `transaction` that nothing is kept of an instance any more.
pub fn forget(
    transaction: Transaction,
    region: &Region,
    id: &InstanceId,
    record: &records::Instance,
) -> Transaction {
    // Also for a record that an earlier release terminated, which did not remember them.
    remember_addresses(withdraw(transaction, region, id, record), region, id, record)
}

/// The same of an instance that nobody has spoken to: its addresses need not be remembered.
pub fn withdraw(
    transaction: Transaction,
    region: &Region,
    id: &InstanceId,
    record: &records::Instance,
) -> Transaction {
    let transaction = belongings::forget(transaction, region, id, record)
        .remove(&keys::instance(region, id.as_str()))
        .remove(&keys::tags(region, id.as_str()));
    // What it had before it was terminated may be another's by now.
    let had = record.sources().filter(|_| record.lifecycle != Lifecycle::Terminated);
    had.fold(transaction, |transaction, source| transaction.remove(&keys::address(source)))
}

/// Adds to `transaction` that an instance's addresses are free again, and remembers that they were an
/// instance's.
pub fn free_addresses(
    transaction: Transaction,
    region: &Region,
    id: &InstanceId,
    record: &records::Instance,
) -> Transaction {
    let transaction = remember_addresses(transaction, region, id, record);
    record
        .sources()
        .fold(transaction, |transaction, source| transaction.remove(&keys::address(source)))
}

fn remember_addresses(
    transaction: Transaction,
    region: &Region,
    id: &InstanceId,
    record: &records::Instance,
) -> Transaction {
    let holder = AddressHolder { region: region.clone(), instance: Some(id.clone()) };
    record.sources().fold(transaction, |transaction, source| {
        transaction.write(&keys::former_address(source), &holder)
    })
}

/// What is kept of `instance`; `association` is the id of its instance profile's association.
pub fn record(
    instance: &Instance,
    network: &Network,
    association: impl FnOnce() -> String,
) -> records::Instance {
    records::Instance {
        account: instance.account.clone(),
        zone: instance.zone.clone(),
        image: InstanceImage {
            id: instance.image.id.clone(),
            imds_v2_support: instance.image.imds_v2_support,
            platform: instance.image.platform,
            root_device: instance.image.root_device.clone(),
        },
        instance_type: instance.instance_type.clone(),
        reservation_id: instance.reservation_id.clone(),
        launch_index: instance.launch_index,
        launched_at: instance.launched_at,
        lifecycle: Lifecycle::Running,
        transition: None,
        options: instance.options,
        interfaces: instance
            .interfaces
            .iter()
            .filter_map(|interface| kept_interface(interface, network))
            .collect(),
        key: instance
            .public_key
            .as_ref()
            .map(|key| records::PublicKey { name: key.name.clone(), openssh: key.openssh.clone() }),
        profile: instance.role.as_ref().map(|role| ProfileAssociation {
            id: association(),
            name: role.profile_name.clone(),
            role: (role.name != role.profile_name).then(|| role.name.clone()),
            since: role.since,
        }),
        user_data: instance.user_data.as_ref().map(|bytes| STANDARD.encode(bytes)),
        life_cycle: instance.life_cycle,
        kernel: instance.kernel.clone(),
        ramdisk: instance.ramdisk.clone(),
        product_codes: instance.product_codes.clone(),
        placement: instance.placement.clone(),
        block_devices: instance.block_devices.clone(),
        hostname_type: instance.hostname_type,
        monitoring: Some(instance.monitoring),
        events: instance.events.clone(),
        client_token: None,
        in_parts: false,
        password_data: None,
        volumes: <_>::default(),
        attributes: <_>::default(),
    }
}

/// `None` where it has no IPv4 address, which no subnet here leads to.
fn kept_interface(interface: &NetworkInterface, network: &Network) -> Option<records::Interface> {
    let primary = interface.ipv4.first()?;
    let subnet = &interface.subnet;
    let is_default = network.default_subnet(&subnet.zone).id == subnet.id;
    Some(records::Interface {
        device_index: interface.device_index,
        network_card: interface.network_card,
        mac: Some(interface.mac),
        subnet: (!is_default).then(|| records::Subnet {
            id: subnet.id.clone(),
            ipv4: subnet.ipv4,
            ipv6: subnet.ipv6,
        }),
        private_ipv4: primary.address,
        secondary_ipv4: interface.ipv4.iter().skip(1).map(|ipv4| ipv4.address).collect(),
        ipv6: interface.ipv6.clone(),
        public_ipv4: primary.public,
        ipv4_prefixes: interface.ipv4_prefixes.clone(),
        ipv6_prefixes: interface.ipv6_prefixes.clone(),
        groups: kept_groups(&interface.security_groups, network, subnet.zone.region()),
        id: None,
        settings: <_>::default(),
    })
}

/// The groups of an interface as they are kept: the default one alone is what an interface has of which
/// nothing is said.
pub fn kept_groups(
    groups: &[SecurityGroup],
    network: &Network,
    region: &Region,
) -> Vec<InterfaceGroup> {
    if groups == [network.security_group(region)] {
        return Vec::new();
    }
    let kept =
        |group: &SecurityGroup| InterfaceGroup { id: group.id.clone(), name: group.name.clone() };
    groups.iter().map(kept).collect()
}

#[cfg(test)]
mod tests {
    use imds_core::block_device::{BlockDevice, Volume};
    use imds_core::events::{Events, Rebalance};
    use imds_core::image::Image;
    use imds_core::instance::{HostnameType, LifeCycle, PublicKey};
    use imds_core::launch::{LaunchInterface, LaunchRole};
    use imds_core::network::PrivateIpv4;
    use imds_core::options::{Preferences, Switch};
    use imds_core::placement::Placement;
    use imds_core::tags::Tag;
    use imds_core::{Endpoint, Moment};

    use super::*;
    use crate::instance;
    use crate::overrides::Overrides;

    // long function: one literal with every member; parts of it would hide what is missing
    /// Says everything that flags, settings and calls can say, and each thing otherwise than it
    /// would be by itself. What is left to the default says why.
    fn everything() -> Launch {
        let at = |last: u8, public| PrivateIpv4 { address: [172, 31, 96, last].into(), public };
        let image = Image {
            imds_v2_support: true,
            platform: imds_core::image::Platform::Windows,
            ..Image::backed_by_ebs(
                "ami-2bb65342".parse().unwrap(),
                imds_core::instance_type::Architecture::Arm64,
                "/dev/sda1".to_owned(),
            )
        };
        let primary = LaunchInterface {
            network_card: Some(0),
            mac: "0e:49:61:0f:c3:11".parse().ok(),
            ipv4: vec![at(10, Some([203, 0, 113, 25].into())), at(11, None)],
            ipv6: vec!["2001:db8::7".parse().unwrap(), "2001:db8::8".parse().unwrap()],
            ipv4_prefixes: vec!["172.31.96.16/28".parse().unwrap()],
            ipv6_prefixes: vec!["2001:db8:0:0:1::/80".parse().unwrap()],
            security_groups: vec![SecurityGroup {
                id: "sg-0123456789abcdef0".parse().unwrap(),
                name: "web".to_owned(),
            }],
            ..LaunchInterface::default()
        };
        let secondary = LaunchInterface {
            device_index: Some(2),
            network_card: Some(1),
            ipv4: vec![PrivateIpv4 { address: [10, 1, 2, 3].into(), public: None }],
            ..LaunchInterface::default()
        };
        let device = |device: &str, volume| BlockDevice { device: device.to_owned(), volume };
        Launch {
            instance_id: "i-0fedcba9876543210".parse().ok(),
            account: "210987654321".parse().ok(),
            image: image.into(),
            kernel: "aki-5c21674b".parse().ok(),
            ramdisk: "ari-2d211a3a".parse().ok(),
            instance_type: "t4g.micro".parse().ok(),
            life_cycle: LifeCycle::CapacityBlock,
            region: "us-west-2".parse().ok(),
            zone: "us-west-2c".parse().ok(),
            placement: Placement {
                zone_id: Some("usw2-az9".to_owned()),
                group_name: Some("group".to_owned()),
                group_id: "pg-0123456789abcdef0".parse().ok(),
                partition_number: Some(3),
                host_id: "h-0123456789abcdef0".parse().ok(),
            },
            reservation_id: "r-0123456789abcdef0".parse().ok(),
            launch_index: 7,
            launched_at: Some(1_753_000_000),
            monitoring: Some(Switch::Enabled),
            block_devices: vec![
                device("/dev/sdf", Volume::Ebs),
                device("/dev/sdb", Volume::Ephemeral(1)),
                device("/dev/sdc", Volume::Swap),
            ],
            product_codes: vec!["774F4FF8".to_owned()],
            interfaces: vec![primary, secondary],
            hostname_type: HostnameType::ResourceName,
            options: Preferences {
                hop_limit: "9".parse().ok(),
                http_protocol_ipv6: Some(Switch::Enabled),
                instance_metadata_tags: Some(Switch::Enabled),
                ..Preferences::default()
            },
            role: Some(LaunchRole {
                profile_name: Some("profile".to_owned()),
                ..LaunchRole::named("role")
            }),
            public_key: Some(PublicKey { name: "key".to_owned(), openssh: "ssh-rsa A k".into() }),
            tags: vec![Tag::new("Name", "web").unwrap()],
            user_data: Some(vec![0, 255]),
            events: Events {
                rebalance: Some(Rebalance { notice_time: 5, visible_from: 5 }),
                ..Events::default()
            },
            // No call and no setting knows these services, which have ended.
            elastic_gpus: Vec::new(),
            accelerators: Vec::new(),
            // The Region's, kept by itself.
            ssh_signer: None,
            // Overrides anew at each start.
            identity_keys: None,
            extended_credentials: false,
            extra: Vec::new(),
        }
    }

    /// Every path below `latest` but `user-data`, with its value.
    fn metadata(instance: &Instance) -> Vec<(String, Vec<u8>)> {
        let (endpoint, mut all) = (Endpoint::new(instance), Vec::new());
        let now = Moment { unix_ms: 1_753_000_000_000, steady_ms: 1_753_000_000_000, serial: 0 };
        let value = |path: &str| endpoint.tree().find(path, now).unwrap().body.into_owned();
        let mut directories = ["latest/dynamic", "latest/meta-data"].map(str::to_owned).to_vec();
        while let Some(directory) = directories.pop() {
            let listing = String::from_utf8(value(&directory)).unwrap();
            for name in listing.lines() {
                if let Some(name) = name.strip_suffix('/') {
                    directories.push(format!("{directory}/{name}"));
                } else if let Some((index, _)) = name.split_once('=') {
                    directories.push(format!("{directory}/{index}"));
                } else {
                    let path = format!("{directory}/{name}");
                    let value = value(&path);
                    all.push((path, value));
                }
            }
        }
        all
    }

    #[test]
    fn a_record_has_all_that_was_said() {
        let everything = everything();
        let network = Network::of(&everything);
        let launched = everything.resolve().unwrap();
        let record = record(&launched, &network, || "iip-assoc-1".to_owned());
        let record: records::Instance = records::decode(&records::encode(&record)).unwrap();
        let tags = Tags::from([("Name".to_owned(), "web".to_owned())]);
        let kept = instance::instance(&launched.id, &record, &tags, &Overrides::default()).unwrap();
        let (before, after) = (metadata(&launched), metadata(&kept));
        for ((path, before), (_, after)) in before.iter().zip(&after) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            assert_eq!((path, text(before)), (path, text(after)));
        }
        assert_eq!(before, after);
        assert!(before.len() > 60, "only {} values", before.len());
        // What the metadata does not show.
        assert_eq!(kept.interfaces, launched.interfaces);
        assert_eq!(kept.placement, launched.placement);
        assert_eq!(kept.image, launched.image);
        assert_eq!(kept.options, launched.options);
        assert_eq!(kept.user_data, launched.user_data);
    }

    /// As version 1 had it.
    #[test]
    fn spot_instances_of_earlier_records_stay_spot_instances() {
        let launched = Launch::default().resolve().unwrap();
        let network = Network::of(&Launch::default());
        let record = record(&launched, &network, String::new);
        let mut form: serde_json::Value =
            serde_json::from_slice(&records::encode(&record)).unwrap();
        form["version"] = 1.into();
        form["record"].as_object_mut().unwrap().remove("life_cycle");
        for (spot, life_cycle) in [(true, LifeCycle::Spot), (false, LifeCycle::OnDemand)] {
            form["record"]["spot"] = spot.into();
            let old: records::Instance = records::decode(form.to_string().as_bytes()).unwrap();
            assert_eq!(old.life_cycle, life_cycle);
        }
    }
}
