//! Checks of the network path to the service: routes, routers, IPv6.

use imds_client::{EndpointMode, Unreachable};

use crate::environment::Environment;
use crate::facts::Facts;
use crate::finding::Finding;
use crate::finding::Verdict::{Fine, Note, Unknown, Wrong};

pub(super) fn route(facts: &Facts) -> Finding {
    const CHECK: &str = "route";
    let Err(reason) = facts.routers else {
        return Finding::new(CHECK, Fine, format!("{} can be connected to", facts.endpoint));
    };
    let finding = Finding::new(CHECK, Wrong, format!("{}: {reason}", facts.endpoint));
    if facts.environment == Environment::Fargate {
        return finding.fix("instead", "Fargate has no instance: use the task's own role");
    }
    let finding = match reason {
        Unreachable::Prohibited => finding
            .fix("see", "ip route get 169.254.169.254; ip route show table all type prohibit")
            .fix(
                "systemd-imdsd",
                "a locked systemd-imdsd prohibits it to programs: boot with \
                 systemd.imds.network=unlocked",
            )
            .fix(
                "systemd-imdsd",
                "or ask it, as anybody: varlinkctl call /run/systemd/io.systemd.InstanceMetadata \
                 io.systemd.InstanceMetadata.GetVendorInfo {}; for values, as root: systemd-imds",
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
        _ => finding
            .fix(
                "see",
                "this is not an EC2 instance, or packets are dropped: iptables-save | grep 169.254; \
                 kubectl get networkpolicies -A",
            )
            .fix(
                "container",
                "EC2 does not answer an address of its own on a macvlan or ipvlan network: use a bridge",
            ),
    };
    // An endpoint that is set takes precedence over a mode.
    if facts.ipv6.is_err() || facts.endpoint != EndpointMode::Ipv4.endpoint().to_string() {
        return finding;
    }
    finding.fix(
        "SDKs",
        "export AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6  # that address can be connected to",
    )
}

/// Says what connections show, and which hop limit follows if that is all: a relay that accepts
/// connections hides the routers beyond it.
pub(super) fn distance(facts: &Facts) -> Finding {
    const CHECK: &str = "distance";
    let routers = match facts.routers {
        Ok(Some(routers)) => routers,
        Ok(None) => {
            return Finding::new(CHECK, Unknown, "the number of routers on the way is unknown");
        }
        Err(_) => return Finding::not_connected(CHECK),
    };
    match (routers.most(), routers.there, routers.back) {
        (0, ..) if facts.environment != Environment::Host => Finding::new(
            CHECK,
            Note,
            "no router on the way, though this is a container: it has the host's network, or a relay \
             or another program accepts its connections",
        ),
        (0, ..) => Finding::new(CHECK, Fine, "no router shows on the way"),
        (most, there, back) => {
            let origin =
                facts.environment.routers().map_or(String::new(), |origin| format!(" ({origin})"));
            let ways = match back.filter(|back| *back != there) {
                None => format!("{}{origin}", count(there)),
                Some(back) => format!("{} there{origin} and {back} back", count(there)),
            };
            let (limit, all) =
                (most + 1, if most == 1 { "if it is the only one" } else { "if these are all" });
            let says = format!("{ways}: hop limit {limit} is enough {all}");
            Finding::new(CHECK, Note, says)
        }
    }
}

fn count(routers: u8) -> String {
    let s = if routers == 1 { "" } else { "s" };
    format!("{routers} router{s} on the way")
}

pub(super) fn ipv6(facts: &Facts) -> Finding {
    match facts.ipv6 {
        Ok(()) => Finding::new("IPv6", Fine, "fd00:ec2::254 can be connected to"),
        Err(reason) => Finding::new("IPv6", Note, format!("fd00:ec2::254: {reason}")),
    }
}
