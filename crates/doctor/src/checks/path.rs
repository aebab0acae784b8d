//! Checks of the network path to the service: routes, routers, IPv6.

use imds_client::Unreachable;

use crate::environment::Environment;
use crate::facts::Facts;
use crate::finding::Finding;
use crate::finding::Verdict::{Fine, Note, Unknown, Wrong};

pub(super) fn route(facts: &Facts) -> Finding {
    const CHECK: &str = "route";
    let Err(reason) = facts.hops else {
        return Finding::new(CHECK, Fine, format!("{} can be connected to", facts.endpoint));
    };
    let finding = Finding::new(CHECK, Wrong, format!("{}: {reason}", facts.endpoint));
    if facts.environment == Environment::Fargate {
        return finding.fix("instead", "Fargate has no instance: use the task's own role");
    }
    match reason {
        Unreachable::Prohibited => finding
            .fix("see", "ip route get 169.254.169.254; ip route show table all type prohibit")
            .fix(
                "systemd-imdsd",
                "a locked systemd-imdsd forbids it to programs: systemd.imds.network=unlocked",
            ),
        Unreachable::Blackhole => finding
            .fix("see", "ip route show table all type blackhole")
            .fix("ip", "ip route del blackhole 169.254.169.254"),
        Unreachable::NoRoute | Unreachable::HostUnreachable => finding
            .fix("see", "ip route get 169.254.169.254")
            .fix("ip", "ip route add 169.254.169.254/32 dev <interface>"),
        Unreachable::Refused => finding.fix(
            "see",
            "iptables-save | grep 169.254.169.254; nft list ruleset | grep 169.254.169.254",
        ),
        _ => finding.fix(
            "see",
            "this is not an EC2 instance, or packets are dropped: iptables-save | grep 169.254; \
             kubectl get networkpolicies -A",
        ),
    }
}

pub(super) fn distance(facts: &Facts) -> Finding {
    const CHECK: &str = "distance";
    match facts.hops {
        Ok(Some(1)) if facts.environment != Environment::Host => Finding::new(
            CHECK,
            Note,
            "no router on the way, though this is a container: it has the host's network, or \
             another program responds instead of the service",
        ),
        Ok(Some(1)) => Finding::new(CHECK, Fine, "no router on the way: any hop limit will do"),
        Ok(Some(needed)) => {
            let routers = needed - 1;
            let s = if routers == 1 { "" } else { "s" };
            let origin =
                facts.environment.routers().map_or(String::new(), |origin| format!(" ({origin})"));
            let says = format!(
                "{routers} router{s} on the way{origin}: the hop limit must be at least {needed}"
            );
            Finding::new(CHECK, Note, says)
        }
        Ok(None) => Finding::new(CHECK, Unknown, "the number of routers on the way is unknown"),
        Err(_) => Finding::not_connected(CHECK),
    }
}

pub(super) fn ipv6(facts: &Facts) -> Finding {
    match facts.hops_ipv6 {
        Ok(_) => Finding::new("IPv6", Fine, "fd00:ec2::254 can be connected to"),
        Err(reason) => Finding::new("IPv6", Note, format!("fd00:ec2::254: {reason}")),
    }
}
