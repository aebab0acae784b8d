//! `meta-data/`: identity and launch, and the small directories beside them.

use super::category::Source::{Each, Instance};
use super::category::{ALWAYS, Category, NEVER, Value, lines, text};

/// What `metrics/vhostmd` answers: the category is retired, yet instances still list it.
const VHOSTMD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        path: "meta-data/ami-id",
        since: "1.0",
        absent: NEVER,
        example: "ami-0abcdef1234567890",
        source: Instance(|i| text(&i.image.id)),
    },
    Category {
        path: "meta-data/ami-launch-index",
        since: "1.0",
        absent: NEVER,
        example: "0",
        source: Instance(|i| text(i.launch_index)),
    },
    Category {
        path: "meta-data/ami-manifest-path",
        since: "1.0",
        absent: NEVER,
        example: "(unknown)",
        source: Instance(|i| text(i.image.manifest_path.as_deref().unwrap_or("(unknown)"))),
    },
    Category {
        path: "meta-data/ancestor-ami-ids",
        since: "2007-10-10",
        absent: "unless the image was bundled from others",
        example: "ami-01234567\nami-89abcdef",
        source: Instance(|i| lines(&i.image.ancestors)),
    },
    Category {
        path: "meta-data/hostname",
        since: "1.0",
        absent: NEVER,
        example: "ip-10-0-0-10.ec2.internal",
        source: Instance(|i| text(i.hostname())),
    },
    Category {
        path: "meta-data/instance-action",
        since: "2008-09-01",
        absent: NEVER,
        example: "none",
        source: Instance(|_| text("none")),
    },
    Category {
        path: "meta-data/instance-id",
        since: "1.0",
        absent: NEVER,
        example: "i-0123456789abcdef0",
        source: Instance(|i| text(&i.id)),
    },
    Category {
        path: "meta-data/instance-life-cycle",
        since: "2019-10-01",
        absent: NEVER,
        example: "on-demand",
        source: Instance(|i| text(i.life_cycle.as_str())),
    },
    Category {
        path: "meta-data/instance-type",
        since: "2007-08-29",
        absent: NEVER,
        example: "t3.medium",
        source: Instance(|i| text(&i.instance_type)),
    },
    Category {
        path: "meta-data/ipv6",
        since: "2021-01-03",
        absent: "without an IPv6 address",
        example: "2001:db8:1234:1a00::10",
        source: Instance(|i| lines(i.primary_interface().ipv6.first())),
    },
    Category {
        path: "meta-data/kernel-id",
        since: "2008-02-01",
        absent: "unless it is paravirtual",
        example: "aki-5c21674b",
        source: Instance(|i| lines(&i.kernel)),
    },
    Category {
        path: "meta-data/local-hostname",
        since: "2007-01-19",
        absent: NEVER,
        example: "ip-10-0-0-10.ec2.internal",
        source: Instance(|i| text(i.hostname())),
    },
    Category {
        path: "meta-data/local-ipv4",
        since: "1.0",
        absent: "without an IPv4 address",
        example: "10.0.0.10",
        source: Instance(|i| lines(i.primary_interface().private_ipv4())),
    },
    Category {
        path: "meta-data/mac",
        since: "2011-01-01",
        absent: NEVER,
        example: "0e:49:61:0f:c3:11",
        source: Instance(|i| text(i.primary_interface().mac)),
    },
    Category {
        path: "meta-data/metrics/vhostmd",
        since: "2011-05-01",
        absent: NEVER,
        example: VHOSTMD,
        source: Instance(|_| text(VHOSTMD)),
    },
    Category {
        path: "meta-data/product-codes",
        since: "2007-03-01",
        absent: "without product codes",
        example: "774F4FF8",
        source: Instance(|i| lines(&i.product_codes)),
    },
    Category {
        path: "meta-data/profile",
        since: ALWAYS,
        absent: NEVER,
        example: "default-hvm",
        source: Instance(|i| text(format_args!("default-{}", i.image.virtualization.as_str()))),
    },
    Category {
        path: "meta-data/public-hostname",
        since: "2007-01-19",
        absent: "without a public IPv4 address, or if the VPC gives no DNS names",
        example: "ec2-203-0-113-25.compute-1.amazonaws.com",
        source: Instance(|i| lines(i.public_hostname(i.primary_interface()))),
    },
    Category {
        path: "meta-data/public-ipv4",
        since: "2007-01-19",
        absent: "without a public IPv4 address",
        example: "203.0.113.25",
        source: Instance(|i| lines(i.primary_interface().public_ipv4())),
    },
    Category {
        path: "meta-data/public-keys/{index}/openssh-key",
        since: "1.0",
        absent: "without a key pair",
        example: "ssh-rsa AAAAB3Nza...== my-key",
        source: Each(|i| {
            let key = i.public_key.iter();
            key.map(|key| ("0".to_owned(), Value::of(&key.openssh))).collect()
        }),
    },
    Category {
        path: "meta-data/ramdisk-id",
        since: "2007-10-10",
        absent: "unless it is paravirtual",
        example: "ari-2d211a3a",
        source: Instance(|i| lines(&i.ramdisk)),
    },
    Category {
        path: "meta-data/reservation-id",
        since: "1.0",
        absent: NEVER,
        example: "r-0123456789abcdef0",
        source: Instance(|i| text(&i.reservation_id)),
    },
    Category {
        path: "meta-data/security-groups",
        since: "1.0",
        absent: NEVER,
        example: "default",
        source: Instance(|i| {
            lines(i.primary_interface().security_groups.iter().map(|group| &group.name))
        }),
    },
    Category {
        path: "meta-data/services/domain",
        since: "2014-02-25",
        absent: NEVER,
        example: "amazonaws.com",
        source: Instance(|i| text(i.zone.region().partition().1)),
    },
    Category {
        path: "meta-data/services/partition",
        since: "2015-10-20",
        absent: NEVER,
        example: "aws",
        source: Instance(|i| text(i.zone.region().partition().0)),
    },
    Category {
        path: "meta-data/system",
        since: "2022-09-24",
        absent: NEVER,
        example: "nitro",
        source: Instance(|i| text(i.instance_type.front_end().as_str())),
    },
];
