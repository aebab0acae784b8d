//! `meta-data/`: identity and launch, and the small directories beside them.

use super::{ALWAYS, Builder};
use crate::instance::Instance;

/// What `metrics/vhostmd` answers: the category is retired, yet instances still list it.
const VHOSTMD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    let network = instance.primary_interface();
    let groups: Vec<_> = network.security_groups.iter().map(|group| &*group.name).collect();
    let hostname = instance.hostname();
    for (name, since, value) in [
        ("ami-id", "1.0", instance.image.id.as_str()),
        ("ami-launch-index", "1.0", &instance.launch_index.to_string()),
        ("ami-manifest-path", "1.0", "(unknown)"),
        ("hostname", "1.0", &hostname),
        ("instance-action", "2008-09-01", "none"),
        ("instance-id", "1.0", instance.id.as_str()),
        ("instance-life-cycle", "2019-10-01", instance.life_cycle.as_str()),
        ("instance-type", "2007-08-29", instance.instance_type.as_str()),
        ("local-hostname", "2007-01-19", &hostname),
        ("mac", "2011-01-01", &network.mac.to_string()),
        ("metrics/vhostmd", "2011-05-01", VHOSTMD),
        ("profile", ALWAYS, "default-hvm"),
        ("reservation-id", "1.0", instance.reservation_id.as_str()),
        ("security-groups", "1.0", &groups.join("\n")),
        ("services/domain", "2014-02-25", instance.zone.region().partition().1),
        ("services/partition", "2015-10-20", instance.zone.region().partition().0),
        ("system", "2022-09-24", instance.instance_type.flavour().as_str()),
    ] {
        tree.value(&format!("meta-data/{name}"), since, value);
    }
    if let Some(ipv4) = network.private_ipv4() {
        tree.value("meta-data/local-ipv4", "1.0", ipv4.to_string());
    }
    if let Some(ipv6) = network.ipv6.first() {
        tree.value("meta-data/ipv6", "2021-01-03", ipv6.to_string());
    }
    if let Some(public) = network.public_ipv4() {
        tree.value("meta-data/public-ipv4", "2007-01-19", public.to_string());
        let hostname = instance.public_hostname(public);
        tree.value("meta-data/public-hostname", "2007-01-19", hostname);
    }
    if let Some(key) = &instance.public_key {
        tree.value("meta-data/public-keys/0/openssh-key", "1.0", key.openssh.as_str());
        tree.label("meta-data/public-keys/0", 0, &format!("0={}", key.name));
    }
}
