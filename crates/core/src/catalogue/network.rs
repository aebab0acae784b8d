//! `meta-data/network/interfaces/macs/⟨mac⟩/`.

use super::category::Source::{Each, Interface};
use super::category::{Category, NEVER, Value, lines, text};
use crate::network::{Ipv6Cidr, NetworkInterface};

const SINCE: &str = "2011-01-01";
const SINCE_IPV6: &str = "2016-06-30";

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/device-number",
        since: SINCE,
        absent: NEVER,
        example: "0",
        source: Interface(|_, n| text(n.device_index)),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/interface-id",
        since: SINCE,
        absent: NEVER,
        example: "eni-0123456789abcdef0",
        source: Interface(|_, n| text(&n.id)),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/ipv4-associations/{public-ip}",
        since: SINCE,
        absent: "without a public IPv4 address",
        example: "10.0.0.10",
        source: Each(|i| {
            let of = |n: &NetworkInterface| {
                let (mac, ipv4) = (n.mac, n.ipv4.clone());
                ipv4.into_iter().filter_map(move |ipv4| {
                    let name = format!("{mac}/ipv4-associations/{}", ipv4.public?);
                    Some((name, Value::of(ipv4.address)))
                })
            };
            i.interfaces.iter().flat_map(of).collect()
        }),
    },
    // AWS's list has neither this nor a version of `ipv6-prefix`; clients ask for both.
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/ipv4-prefix",
        since: SINCE,
        absent: "unless IPv4 blocks are delegated to it",
        example: "10.0.1.16/28",
        source: Interface(|_, n| lines(&n.ipv4_prefixes)),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/ipv6-prefix",
        since: SINCE,
        absent: "unless IPv6 blocks are delegated to it",
        example: "2001:db8:1234:1a00:1::/80",
        source: Interface(|_, n| lines(&n.ipv6_prefixes)),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/ipv6s",
        since: SINCE_IPV6,
        absent: "without an IPv6 address",
        example: "2001:db8:1234:1a00::10",
        source: Interface(|_, n| lines(&n.ipv6)),
    },
    // AWS's table dates this one 2007-01-19, but `macs/` itself 2011-01-01.
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/local-hostname",
        since: SINCE,
        absent: "without any address",
        example: "ip-10-0-0-10.ec2.internal",
        source: Interface(|i, n| lines(i.private_hostname(n))),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/local-ipv4s",
        since: SINCE,
        absent: "without an IPv4 address",
        example: "10.0.0.10\n10.0.0.11",
        source: Interface(|_, n| lines(n.ipv4.iter().map(|ipv4| ipv4.address))),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/mac",
        since: SINCE,
        absent: NEVER,
        example: "0e:49:61:0f:c3:11",
        source: Interface(|_, n| text(n.mac)),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/network-card",
        since: "2020-11-01",
        absent: "unless the instance has several network cards",
        example: "0",
        source: Interface(|i, n| lines(i.network_card(n))),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/owner-id",
        since: SINCE,
        absent: NEVER,
        example: "123456789012",
        source: Interface(|_, n| text(&n.owner)),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/public-hostname",
        since: SINCE,
        absent: "without a public IPv4 address, or if the VPC gives no DNS names",
        example: "ec2-203-0-113-25.compute-1.amazonaws.com",
        source: Interface(|i, n| lines(i.public_hostname(n))),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/public-ipv4s",
        since: SINCE,
        absent: "without a public IPv4 address",
        example: "203.0.113.25",
        source: Interface(|_, n| lines(n.ipv4.iter().filter_map(|ipv4| ipv4.public))),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/security-group-ids",
        since: SINCE,
        absent: NEVER,
        example: "sg-0123456789abcdef0",
        source: Interface(|_, n| lines(n.security_groups.iter().map(|group| &group.id))),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/security-groups",
        since: SINCE,
        absent: NEVER,
        example: "default",
        source: Interface(|_, n| lines(n.security_groups.iter().map(|group| &group.name))),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/subnet-id",
        since: SINCE,
        absent: NEVER,
        example: "subnet-0123456789abcdef0",
        source: Interface(|_, n| text(&n.subnet.id)),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/subnet-ipv4-cidr-block",
        since: SINCE,
        absent: "if the subnet has only IPv6",
        example: "10.0.0.0/24",
        source: Interface(|_, n| lines(n.subnet.ipv4)),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/subnet-ipv6-cidr-blocks",
        since: SINCE_IPV6,
        absent: "if the subnet has no IPv6",
        example: "2600:1f16:67f:f201:0:0:0:0/64",
        source: Interface(|_, n| lines(n.subnet.ipv6.map(Ipv6Cidr::in_full))),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/vpc-id",
        since: SINCE,
        absent: NEVER,
        example: "vpc-0123456789abcdef0",
        source: Interface(|_, n| text(&n.vpc.id)),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/vpc-ipv4-cidr-block",
        since: SINCE,
        absent: NEVER,
        example: "10.0.0.0/16",
        source: Interface(|_, n| lines(n.vpc.ipv4.first())),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/vpc-ipv4-cidr-blocks",
        since: SINCE_IPV6,
        absent: NEVER,
        example: "10.0.0.0/16",
        source: Interface(|_, n| lines(&n.vpc.ipv4)),
    },
    Category {
        path: "meta-data/network/interfaces/macs/{mac}/vpc-ipv6-cidr-blocks",
        since: SINCE_IPV6,
        absent: "if the VPC has no IPv6",
        example: "2600:1f16:67f:f200:0:0:0:0/56",
        source: Interface(|_, n| lines(n.vpc.ipv6.iter().map(|block| block.in_full()))),
    },
];
