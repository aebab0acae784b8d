//! `meta-data/network/interfaces/macs/⟨mac⟩/`.

use std::fmt::Display;

use super::Builder;
use crate::instance::Instance;
use crate::network::{Ipv6Cidr, NetworkInterface};

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    for interface in &instance.interfaces {
        add_interface(tree, instance, interface);
    }
}

fn add_interface(tree: &mut Builder, instance: &Instance, interface: &NetworkInterface) {
    let directory = format!("meta-data/network/interfaces/macs/{}", interface.mac);
    let mut put = |name: &str, since: &'static str, value: String| {
        if !value.is_empty() {
            tree.value(&format!("{directory}/{name}"), since, value);
        }
    };
    put("device-number", "2011-01-01", interface.device_index.to_string());
    put("interface-id", "2011-01-01", interface.id.to_string());
    // AWS's table dates this one 2007-01-19, but `macs/` itself 2011-01-01.
    put("local-hostname", "2011-01-01", instance.private_hostname(interface));
    put("local-ipv4s", "2011-01-01", lines(interface.ipv4.iter().map(|ipv4| ipv4.address)));
    put("mac", "2011-01-01", interface.mac.to_string());
    put("owner-id", "2011-01-01", interface.owner.to_string());
    let groups = &interface.security_groups;
    put("security-group-ids", "2011-01-01", lines(groups.iter().map(|group| &group.id)));
    put("security-groups", "2011-01-01", lines(groups.iter().map(|group| &group.name)));
    put("subnet-id", "2011-01-01", interface.subnet.id.to_string());
    put("subnet-ipv4-cidr-block", "2011-01-01", lines(interface.subnet.ipv4));
    put("vpc-id", "2011-01-01", interface.vpc.id.to_string());
    put("vpc-ipv4-cidr-block", "2011-01-01", lines(interface.vpc.ipv4.first()));
    put("vpc-ipv4-cidr-blocks", "2016-06-30", lines(&interface.vpc.ipv4));
    put("ipv6s", "2016-06-30", lines(&interface.ipv6));
    let subnet_ipv6 = interface.subnet.ipv6.map(Ipv6Cidr::in_full);
    put("subnet-ipv6-cidr-blocks", "2016-06-30", lines(subnet_ipv6));
    let vpc_ipv6 = interface.vpc.ipv6.iter().map(|block| block.in_full());
    put("vpc-ipv6-cidr-blocks", "2016-06-30", lines(vpc_ipv6));
    for ipv4 in &interface.ipv4 {
        if let Some(public) = ipv4.public {
            let private = ipv4.address.to_string();
            put(&format!("ipv4-associations/{public}"), "2011-01-01", private);
        }
    }
    if let Some(public) = interface.public_ipv4() {
        put("public-hostname", "2011-01-01", instance.public_hostname(public));
        put("public-ipv4s", "2011-01-01", public.to_string());
    }
}

fn lines(items: impl IntoIterator<Item: Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join("\n")
}
