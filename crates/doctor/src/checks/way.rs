//! The way to the service: routes, routers, families.

use imds_client::Unreachable;

use super::unseen;
use crate::Finding;
use crate::Verdict::{Fine, Note, Unknown, Wrong};
use crate::facts::Facts;
use crate::place::Place;

pub(super) fn route(facts: &Facts) -> Finding {
    const CHECK: &str = "route";
    let Err(reason) = facts.hops else {
        return Finding::new(CHECK, Fine, format!("{} can be connected to", facts.endpoint));
    };
    let finding = Finding::new(CHECK, Wrong, format!("{}: {reason}", facts.endpoint));
    if facts.place == Place::Fargate {
        return finding.mended("instead", "Fargate has no instance: use the task's own role");
    }
    match reason {
        Unreachable::Prohibited => finding
            .mended("see", "ip route get 169.254.169.254; ip route show table all type prohibit")
            .mended(
                "systemd-imdsd",
                "a locked systemd-imdsd forbids it to programs: systemd.imds.network=unlocked",
            ),
        Unreachable::Blackhole => finding
            .mended("see", "ip route show table all type blackhole")
            .mended("ip", "ip route del blackhole 169.254.169.254"),
        Unreachable::NoRoute | Unreachable::HostUnreachable => finding
            .mended("see", "ip route get 169.254.169.254")
            .mended("ip", "ip route add 169.254.169.254/32 dev <interface>"),
        Unreachable::Refused => finding.mended(
            "see",
            "iptables-save | grep 169.254.169.254; nft list ruleset | grep 169.254.169.254",
        ),
        _ => finding.mended(
            "see",
            "this is no EC2 instance, or packets are dropped: iptables-save | grep 169.254; \
             kubectl get networkpolicies -A",
        ),
    }
}

pub(super) fn distance(facts: &Facts) -> Finding {
    const CHECK: &str = "distance";
    match facts.hops {
        Ok(Some(1)) if facts.place != Place::Host => Finding::new(
            CHECK,
            Note,
            "no router on the way, though this is a container: it has the host's network, or \
             something nearby answers in the service's place",
        ),
        Ok(Some(1)) => Finding::new(CHECK, Fine, "no router on the way: any hop limit will do"),
        Ok(Some(needed)) => {
            let routers = needed - 1;
            let s = if routers == 1 { "" } else { "s" };
            let whose = facts.place.routers().map_or(String::new(), |whose| format!(" ({whose})"));
            let says = format!(
                "{routers} router{s} on the way{whose}: the hop limit must be at least {needed}"
            );
            Finding::new(CHECK, Note, says)
        }
        Ok(None) => Finding::new(CHECK, Unknown, "nothing tells how many routers are on the way"),
        Err(_) => unseen(CHECK),
    }
}

pub(super) fn ipv6(facts: &Facts) -> Finding {
    match facts.hops_ipv6 {
        Ok(_) => Finding::new("IPv6", Fine, "fd00:ec2::254 can be connected to"),
        Err(reason) => Finding::new("IPv6", Note, format!("fd00:ec2::254: {reason}")),
    }
}
