//! The judgement: facts in, findings out, in the order in which a person should read them.

use imds_client::{Error, Silence, Unreachable};

use super::Verdict::{Fine, Note, Unknown, Wrong};
use super::clients::CLIENTS;
use super::facts::Facts;
use super::{Finding, mends};

/// How slow an answer has to be to be called slow, in milliseconds. A healthy service takes 1 or 2.
const SLOW_MS: u128 = 100;
/// How far clocks may be apart, in seconds: AWS refuses signatures at 5 minutes.
const SKEW_SECONDS: i64 = 60;

/// Every check, in order.
const CHECKS: [fn(&Facts) -> Finding; 10] =
    [settings, proxy, route, distance, service, token, mode, ipv6, role, clock];

/// All findings. What other clients lose is only said where they lose something.
pub(crate) fn judge(facts: &Facts) -> Vec<Finding> {
    let findings = CHECKS.iter().map(|check| check(facts));
    findings.chain(clients(facts)).collect()
}

fn id(facts: &Facts) -> &str {
    facts.instance_id.as_deref().unwrap_or(mends::UNKNOWN_ID)
}

fn settings(facts: &Facts) -> Finding {
    const CHECK: &str = "settings";
    if let Some(by) = &facts.disabled_by {
        let name = by.split('=').next().unwrap_or(by);
        return Finding::new(CHECK, Wrong, format!("{by}: SDKs do not use the service at all"))
            .mended("shell", format!("unset {name}"));
    }
    if let Some(value) = facts.environment.get("AWS_EC2_METADATA_DISABLED")
        && !value.eq_ignore_ascii_case("false")
    {
        let says =
            format!("AWS_EC2_METADATA_DISABLED={value} disables the service in some SDKs only");
        return Finding::new(CHECK, Wrong, says).mended("shell", "unset AWS_EC2_METADATA_DISABLED");
    }
    let redirect = ["AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"];
    let redirect = redirect.iter().find_map(|name| facts.environment.get_key_value(*name));
    match redirect {
        Some((name, value)) => Finding::new(
            CHECK,
            Note,
            format!("{name}={value}: the service is asked at {}", facts.endpoint),
        ),
        None => Finding::new(CHECK, Fine, format!("the service is asked at {}", facts.endpoint)),
    }
}

fn proxy(facts: &Facts) -> Finding {
    const CHECK: &str = "proxy";
    let proxy = ["HTTP_PROXY", "http_proxy", "ALL_PROXY"].iter().find_map(|name| {
        facts.environment.get_key_value(*name).filter(|(_, value)| !value.is_empty())
    });
    let Some((name, value)) = proxy else {
        return Finding::new(CHECK, Fine, "no proxy is set");
    };
    let exceptions = ["NO_PROXY", "no_proxy"].iter().find_map(|name| facts.environment.get(*name));
    let is_excepted = exceptions.is_some_and(|exceptions| {
        exceptions
            .split(',')
            .any(|one| matches!(one.trim(), "*" | "169.254.169.254" | "169.254.0.0/16"))
    });
    if is_excepted {
        return Finding::new(CHECK, Fine, format!("{name} is set, and not for the service"));
    }
    let says = format!(
        "{name}={value} is used for the service by boto3, curl and others; it answers 403 to a proxy"
    );
    let list = exceptions.map_or_else(String::new, |exceptions| format!("{exceptions},"));
    Finding::new(CHECK, Wrong, says)
        .mended("shell", format!("export NO_PROXY={list}169.254.169.254,fd00:ec2::254"))
}

fn route(facts: &Facts) -> Finding {
    const CHECK: &str = "route";
    let Err(reason) = facts.hops else {
        return Finding::new(CHECK, Fine, format!("{} can be connected to", facts.endpoint));
    };
    let finding = Finding::new(CHECK, Wrong, format!("{}: {reason}", facts.endpoint));
    match reason {
        Unreachable::Prohibited => {
            finding.mended("see", "ip route get 169.254.169.254; ip rule").mended(
                "systemd-imdsd",
                "a locked systemd-imdsd forbids it to programs: systemd.imds.network=unlocked",
            )
        }
        Unreachable::Blackhole | Unreachable::NoRoute | Unreachable::HostUnreachable => finding
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

fn distance(facts: &Facts) -> Finding {
    const CHECK: &str = "distance";
    match facts.hops {
        Ok(Some(1)) => Finding::new(CHECK, Fine, "no router on the way: any hop limit will do"),
        Ok(Some(needed)) => {
            let routers = needed - 1;
            let s = if routers == 1 { "" } else { "s" };
            let says =
                format!("{routers} router{s} on the way: the hop limit must be at least {needed}");
            Finding::new(CHECK, Note, says)
        }
        Ok(None) => Finding::new(CHECK, Unknown, "nothing tells how many routers are on the way"),
        Err(_) => Finding::new(CHECK, Unknown, "not connected"),
    }
}

fn service(facts: &Facts) -> Finding {
    const CHECK: &str = "service";
    let seen = match &facts.answer {
        Ok(seen) => seen,
        Err(Error::Unreachable { .. }) => return Finding::new(CHECK, Unknown, "not connected"),
        Err(error) => return Finding::new(CHECK, Wrong, error.to_string()),
    };
    let milliseconds = seen.answered_in.as_millis();
    let took = format!(
        "connected in {:.1} ms, answered in {:.1} ms",
        seen.connected_in.as_secs_f64() * 1e3,
        seen.answered_in.as_secs_f64() * 1e3,
    );
    match (seen.status, seen.server.as_deref()) {
        (403, _) => mends::option(
            Finding::new(CHECK, Wrong, "it is switched off (403), or something between refuses"),
            id(facts),
            "--http-endpoint enabled",
        ),
        (429 | 500.., _) => {
            Finding::new(CHECK, Wrong, format!("it answers {}: throttled or broken", seen.status))
                .mended("see", "ethtool -S <interface> | grep linklocal_allowance_exceeded")
        }
        _ if milliseconds > SLOW_MS => {
            Finding::new(CHECK, Wrong, format!("it is slow: {took}; it throttles by delay"))
                .mended("see", "ethtool -S <interface> | grep linklocal_allowance_exceeded")
        }
        (_, Some("EC2ws")) => Finding::new(CHECK, Fine, took),
        (_, server) => {
            let server = server.unwrap_or("nobody by name");
            Finding::new(CHECK, Note, format!("{took}, by {server}: not EC2's own, or intercepted"))
        }
    }
}

fn token(facts: &Facts) -> Finding {
    const CHECK: &str = "token";
    match &facts.token {
        Ok(took) => {
            let took = took.as_secs_f64() * 1e3;
            Finding::new(CHECK, Fine, format!("arrives and is accepted, in {took:.1} ms"))
        }
        Err(Error::HopLimit(verdict)) => {
            let finding = Finding::new(CHECK, Wrong, verdict.to_string());
            mends::hop_limit(finding, id(facts), verdict.needed.unwrap_or(2))
        }
        Err(Error::EndpointDisabled) => mends::option(
            Finding::new(
                CHECK,
                Wrong,
                "refused (403): the service is switched off, or a proxy asked",
            ),
            id(facts),
            "--http-endpoint enabled",
        ),
        Err(Error::TimedOut { silence: Silence::Slow, .. }) => Finding::new(
            CHECK,
            Wrong,
            "taken, and not answered in time: the service is slow or throttles",
        )
        .mended("see", "ethtool -S <interface> | grep linklocal_allowance_exceeded"),
        Err(Error::Unreachable { .. }) => Finding::new(CHECK, Unknown, "not connected"),
        Err(error) => Finding::new(CHECK, Wrong, error.to_string()),
    }
}

fn mode(facts: &Facts) -> Finding {
    const CHECK: &str = "IMDSv1";
    match facts.without_token {
        Some(200) => mends::option(
            Finding::new(CHECK, Note, "answered: tokens are optional"),
            id(facts),
            "--http-tokens required",
        ),
        Some(401) => Finding::new(CHECK, Fine, "refused: tokens are required"),
        Some(status) => Finding::new(CHECK, Unknown, format!("answered with {status}")),
        None => Finding::new(
            CHECK,
            Unknown,
            "not asked, since it would count as a use: --allow-v1 asks",
        ),
    }
}

fn ipv6(facts: &Facts) -> Finding {
    match facts.hops_ipv6 {
        Ok(_) => Finding::new("IPv6", Fine, "fd00:ec2::254 can be connected to"),
        Err(reason) => Finding::new("IPv6", Note, format!("fd00:ec2::254: {reason}")),
    }
}

fn role(facts: &Facts) -> Finding {
    const CHECK: &str = "role";
    match &facts.role {
        _ if facts.token.is_err() => Finding::new(CHECK, Unknown, "cannot be asked for"),
        None => Finding::new(CHECK, Note, "the instance has no role").mended(
            "aws",
            format!(
                "aws ec2 associate-iam-instance-profile --instance-id {} --iam-instance-profile Name=<name>",
                id(facts)
            ),
        ),
        Some(Err(error)) => Finding::new(CHECK, Wrong, error.to_string()),
        Some(Ok(role)) if role.minutes_left <= 0 => {
            Finding::new(CHECK, Wrong, format!("{}: its credentials have expired", role.name))
                .mended("see", "timedatectl; the service makes new ones by itself")
        }
        Some(Ok(role)) => {
            let says = format!("{}, with credentials for {} more minutes", role.name, role.minutes_left);
            Finding::new(CHECK, Fine, says)
        }
    }
}

fn clock(facts: &Facts) -> Finding {
    const CHECK: &str = "clock";
    match facts.answer.as_ref().ok().and_then(|seen| seen.skew_seconds) {
        None => Finding::new(CHECK, Unknown, "the service does not say what time it is"),
        Some(skew) if skew.abs() > SKEW_SECONDS => {
            let (ahead, seconds) = (if skew > 0 { "ahead of" } else { "behind" }, skew.abs());
            Finding::new(
                CHECK,
                Wrong,
                format!("{seconds} s {ahead} the service's; signatures will fail"),
            )
            .mended("chrony", "chronyc -a 'add server 169.254.169.123 iburst'; chronyc makestep")
        }
        Some(_) => Finding::new(CHECK, Fine, "agrees with the service's"),
    }
}

fn clients(facts: &Facts) -> Vec<Finding> {
    if !matches!(facts.token, Err(Error::HopLimit(_))) {
        return Vec::new();
    }
    let here = CLIENTS.iter().filter(|client| facts.clients.contains(&client.name));
    here.map(|client| {
        Finding::new("program", Note, format!("{} loses {}", client.name, client.loses))
    })
    .collect()
}

#[cfg(test)]
mod tests;
