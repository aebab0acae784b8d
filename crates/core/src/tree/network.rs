//! `meta-data/network/interfaces/macs/⟨mac⟩/`.

use super::Builder;
use crate::instance::Instance;

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    let interface = &instance.interface;
    let directory = format!("meta-data/network/interfaces/macs/{}", interface.mac);
    let mut put = |name: &str, since: &'static str, value: String| {
        tree.value(&format!("{directory}/{name}"), since, value);
    };
    put("device-number", "2011-01-01", "0".into());
    put("interface-id", "2011-01-01", interface.id.clone());
    // AWS's table dates this one 2007-01-19, but `macs/` itself 2011-01-01.
    put("local-hostname", "2011-01-01", instance.hostname());
    put("local-ipv4s", "2011-01-01", interface.private_ipv4.to_string());
    put("mac", "2011-01-01", interface.mac.to_string());
    put("owner-id", "2011-01-01", instance.account.to_string());
    put("security-group-ids", "2011-01-01", interface.security_group_id.clone());
    put("security-groups", "2011-01-01", interface.security_group_name.clone());
    put("subnet-id", "2011-01-01", interface.subnet.id.clone());
    put("subnet-ipv4-cidr-block", "2011-01-01", interface.subnet.ipv4.to_string());
    put("vpc-id", "2011-01-01", interface.vpc.id.clone());
    put("vpc-ipv4-cidr-block", "2011-01-01", interface.vpc.ipv4.to_string());
    put("vpc-ipv4-cidr-blocks", "2016-06-30", interface.vpc.ipv4.to_string());
    if let Some(ipv6) = interface.ipv6 {
        put("ipv6s", "2016-06-30", ipv6.to_string());
        put("subnet-ipv6-cidr-blocks", "2016-06-30", interface.subnet.ipv6.to_string());
        put("vpc-ipv6-cidr-blocks", "2016-06-30", interface.vpc.ipv6.to_string());
    }
    if let Some(public) = interface.public_ipv4 {
        let private = interface.private_ipv4.to_string();
        put(&format!("ipv4-associations/{public}"), "2011-01-01", private);
        put("public-hostname", "2011-01-01", instance.public_hostname(public));
        put("public-ipv4s", "2011-01-01", public.to_string());
    }
}
