//! The instances that have a snapshot of their tree.

use imds_core::block_device::{BlockDevice, Volume};
use imds_core::events::{
    Events, Maintenance, MaintenanceCode, Outcome, Rebalance, SpotAction, SpotInterruption, SshKey,
    TargetState, Transition,
};
use imds_core::image::{Image, Platform, Virtualization, WellKnownImage};
use imds_core::instance::{Accelerator, ElasticGpu, HostnameType, LifeCycle, PublicKey, SshSigner};
use imds_core::instance_type::Architecture;
use imds_core::launch::{LaunchInterface, LaunchRole};
use imds_core::network::{PrivateIpv4, SecurityGroup, Subnet, Vpc};
use imds_core::options::Preferences;
use imds_core::placement::Placement;
use imds_core::tags::Tag;
use imds_core::{Instance, Launch, Switch};

use crate::fixture::NOW;

/// One of each kind, with its name.
pub(crate) fn instances() -> impl Iterator<Item = (&'static str, Instance)> {
    let launches = [
        ("al2-xen", al2_xen()),
        ("al2023-nitro", al2023_nitro()),
        ("spot-under-notice", spot_under_notice()),
        ("without-profile", without_profile()),
        ("ipv6-only", ipv6_only()),
        ("paravirtual", paravirtual()),
    ];
    launches.into_iter().map(|(name, launch)| (name, launch.resolve().unwrap()))
}

/// Only the image is set.
fn al2_xen() -> Launch {
    Launch {
        image: WellKnownImage::AmazonLinux2.into(),
        role: Some(LaunchRole::named("my-role")),
        ..Launch::default()
    }
}

/// Two interfaces, IPv6, and all that such an instance can have.
fn al2023_nitro() -> Launch {
    let volume = |device: &str, volume| BlockDevice { device: device.to_owned(), volume };
    Launch {
        instance_type: "p5.48xlarge".parse().ok(),
        interfaces: two_interfaces(),
        placement: Placement {
            zone_id: Some("euw1-az3".to_owned()),
            group_name: Some("my-pg".to_owned()),
            partition_number: Some(3),
            host_id: "h-0123456789abcdef0".parse().ok(),
            ..Placement::default()
        },
        reservation_id: "r-0123456789abcdef0".parse().ok(),
        launch_index: 2,
        launched_at: Some(1_753_000_000),
        monitoring: Some(Switch::Enabled),
        life_cycle: LifeCycle::CapacityBlock,
        block_devices: vec![volume("sdb", Volume::Ebs), volume("/dev/sdf", Volume::Ebs)],
        product_codes: vec!["1abc2defghijklm3nopqrs4tu".to_owned()],
        hostname_type: HostnameType::ResourceName,
        options: Preferences {
            http_protocol_ipv6: Some(Switch::Enabled),
            instance_metadata_tags: Some(Switch::Enabled),
            ..Preferences::default()
        },
        role: Some(LaunchRole {
            profile_name: Some("my-profile".to_owned()),
            ..LaunchRole::named("my-role")
        }),
        extended_credentials: true,
        public_key: Some(PublicKey {
            name: "my-key".to_owned(),
            openssh: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 my-key".to_owned(),
        }),
        tags: [("Name", "web-1"), ("Environment", "prod")]
            .map(|(key, value)| Tag::new(key, value).unwrap())
            .to_vec(),
        user_data: Some(b"#!/bin/bash\necho hi\n".to_vec()),
        elastic_gpus: vec![ElasticGpu {
            id: "egpu-0123456789abcdef0123456789abcdef".parse().unwrap(),
            document: "{}".to_owned(),
        }],
        accelerators: vec![Accelerator {
            id: "eia-bfa21c7904f64a82a21b9f4540169ce1".parse().unwrap(),
            kind: "eia1.medium".to_owned(),
        }],
        ssh_signer: Some(SshSigner {
            certificates: "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n".into(),
            ocsp: vec![(
                "0123456789ABCDEF0123456789ABCDEF01234567".parse().unwrap(),
                "MII=".into(),
            )],
        }),
        events: Events {
            ssh_keys: vec![SshKey {
                user: "ec2-user".parse().unwrap(),
                sent_at: NOW.unix_seconds() - 59,
                block: "#Timestamp=1753862341\nssh-rsa AAAA\nc2lnbmF0dXJl\n".to_owned(),
            }],
            ..Events::default()
        },
        ..Launch::default()
    }
}

/// One with everything, and one on a second network card.
fn two_interfaces() -> Vec<LaunchInterface> {
    let address = |last: u8, public| PrivateIpv4 { address: [10, 0, 1, last].into(), public };
    let subnet = Subnet {
        id: "subnet-0123456789abcdef0".parse().unwrap(),
        zone: "eu-west-1b".parse().unwrap(),
        ipv4: "10.0.1.0/24".parse().ok(),
        ipv6: "2001:db8:1234:1a00::/64".parse().ok(),
    };
    let vpc = Vpc {
        id: "vpc-0123456789abcdef0".parse().unwrap(),
        ipv4: vec!["10.0.0.0/16".parse().unwrap(), "10.1.0.0/16".parse().unwrap()],
        ipv6: vec!["2001:db8:1234:1a00::/56".parse().unwrap()],
        dns_hostnames: true,
    };
    let group = |digit: char, name: &str| SecurityGroup {
        id: format!("sg-{}", digit.to_string().repeat(17)).parse().unwrap(),
        name: name.to_owned(),
    };
    let primary = LaunchInterface {
        id: "eni-0123456789abcdef0".parse().ok(),
        mac: "0e:49:61:0f:c3:11".parse().ok(),
        network_card: Some(0),
        ipv4: vec![
            address(10, Some([203, 0, 113, 25].into())),
            address(11, Some([203, 0, 113, 26].into())),
            address(12, None),
        ],
        ipv6: vec![
            "2001:db8:1234:1a00::10".parse().unwrap(),
            "2001:db8:1234:1a00::11".parse().unwrap(),
        ],
        ipv4_prefixes: vec!["10.0.1.16/28".parse().unwrap()],
        ipv6_prefixes: vec!["2001:db8:1234:1a00:1::/80".parse().unwrap()],
        security_groups: vec![group('1', "web"), group('2', "ssh")],
        subnet: Some(subnet.clone()),
        vpc: Some(vpc.clone()),
        ..LaunchInterface::default()
    };
    let secondary = LaunchInterface {
        network_card: Some(1),
        device_index: Some(1),
        mac: "0e:49:61:0f:c3:12".parse().ok(),
        subnet: Some(subnet),
        vpc: Some(vpc),
        owner: "210987654321".parse().ok(),
        ..LaunchInterface::default()
    };
    vec![primary, secondary]
}

/// In an Auto Scaling group, to be terminated in two minutes, with maintenance behind and ahead.
fn spot_under_notice() -> Launch {
    let now = NOW.unix_seconds();
    let event = |nth: u32, code, ended| Maintenance {
        id: format!("instance-event-{nth:017x}"),
        code,
        description: "scheduled reboot".to_owned(),
        not_before: now + 3600,
        not_after: (nth != 4).then_some(now + 7200),
        visible_from: now - 86_400,
        ended,
    };
    Launch {
        instance_type: "t3.micro".parse().ok(),
        life_cycle: LifeCycle::Spot,
        events: Events {
            spot: Some(SpotInterruption {
                action: SpotAction::Terminate,
                time: now + 120,
                visible_from: now,
            }),
            rebalance: Some(Rebalance { notice_time: now - 600, visible_from: now - 600 }),
            maintenance: vec![
                event(1, MaintenanceCode::SystemReboot, Some((Outcome::Completed, now - 60))),
                event(2, MaintenanceCode::InstanceStop, Some((Outcome::Canceled, now - 60))),
                event(3, MaintenanceCode::InstanceReboot, None),
                event(4, MaintenanceCode::InstanceRetirement, None),
            ],
            lifecycle: vec![
                Transition { at: now - 1000, to: TargetState::InService },
                Transition { at: now - 100, to: TargetState::Terminated },
            ],
            ssh_keys: vec![],
        },
        ..Launch::default()
    }
}

fn without_profile() -> Launch {
    Launch { instance_type: "t4g.small".parse().ok(), ..Launch::default() }
}

/// In a subnet that has nothing but IPv6.
fn ipv6_only() -> Launch {
    let subnet = Subnet {
        id: "subnet-0123456789abcdef0".parse().unwrap(),
        zone: "us-east-1a".parse().unwrap(),
        ipv4: None,
        ipv6: "2001:db8:1234:1a00::/64".parse().ok(),
    };
    let interface = LaunchInterface { subnet: Some(subnet), ..LaunchInterface::default() };
    Launch {
        instance_type: "t3.micro".parse().ok(),
        interfaces: vec![interface],
        ..Launch::default()
    }
}

/// Of an old image with its own kernel, bundled from others, with instance store and swap.
fn paravirtual() -> Launch {
    let volume = |device: &str, volume| BlockDevice { device: device.to_owned(), volume };
    let image = Image {
        id: "ami-2bb65342".parse().unwrap(),
        imds_v2_support: false,
        architecture: Architecture::I386,
        platform: Platform::Linux,
        virtualization: Virtualization::Paravirtual,
        root_device: "/dev/sda1".to_owned(),
        block_devices: vec![volume("sda2", Volume::Ephemeral(0)), volume("sda3", Volume::Swap)],
        manifest_path: Some("my-bucket/image.manifest.xml".to_owned()),
        ancestors: vec!["ami-01234567".parse().unwrap(), "ami-89abcdef".parse().unwrap()],
        product_codes: vec!["774F4FF8".to_owned()],
        kernel: "aki-5c21674b".parse().ok(),
        ramdisk: "ari-2d211a3a".parse().ok(),
    };
    Launch { image: image.into(), instance_type: "m1.small".parse().ok(), ..Launch::default() }
}
