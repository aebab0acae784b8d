//! Checks of the service's responses.

use std::time::Duration;

use imds_client::{Error, Silence};

use crate::facts::{Facts, SLOW};
use crate::finding::Finding;
use crate::finding::Verdict::{Fine, Note, Unknown, Wrong};
use crate::fixes;

/// The largest acceptable difference between clocks, in seconds: AWS refuses signatures at 5 minutes.
const SKEW_SECONDS: i64 = 60;
/// Credentials that expire within so many minutes should have been renewed.
const ENDS_SOON: i64 = 5;

pub(super) fn service(facts: &Facts) -> Finding {
    const CHECK: &str = "service";
    let response = match &facts.response {
        Ok(response) => response,
        Err(Error::Unreachable { .. }) => return Finding::not_connected(CHECK),
        Err(error) => return Finding::new(CHECK, Wrong, error.to_string()),
    };
    let took = format!(
        "connected in {:.1} ms, answered in {:.1} ms",
        response.connected_in.as_secs_f64() * 1e3,
        response.answered_in.as_secs_f64() * 1e3,
    );
    match (response.status, response.server.as_deref()) {
        (403, _) => fixes::option(
            Finding::new(CHECK, Wrong, "disabled (403), or a proxy refuses the request"),
            facts.id(),
            "--http-endpoint enabled",
        ),
        (429 | 500.., _) => {
            let says = format!("responds with {}: throttled or broken", response.status);
            throttled(facts, Finding::new(CHECK, Wrong, says))
        }
        _ if response.answered_in > SLOW => {
            let says = format!("slow: {took}; EC2 throttles by delaying responses");
            throttled(facts, Finding::new(CHECK, Wrong, says))
        }
        (_, Some("EC2ws")) => Finding::new(CHECK, Fine, took),
        (_, server) => {
            let server = server.unwrap_or("an unnamed server");
            Finding::new(
                CHECK,
                Note,
                format!("{took}, by {server}: not EC2's own service, or intercepted"),
            )
        }
    }
}

/// Adds how to find out what sends too many requests.
fn throttled(facts: &Facts, finding: Finding) -> Finding {
    match facts.dropped {
        Some(0) => finding.fix("see", "this network interface dropped no packet to it: ask AWS"),
        Some(count) => finding.fix(
            "see",
            format!(
                "this network interface dropped {count} packets to it (EC2's limit: 1024 a second): find the \
                 program with ss -tnp dst 169.254.169.254"
            ),
        ),
        None => finding.fix("see", "ethtool -S <interface> | grep linklocal_allowance_exceeded"),
    }
}

pub(super) fn token(facts: &Facts) -> Finding {
    const CHECK: &str = "token";
    let error = match &facts.token {
        Ok(took) => {
            let took = took.as_secs_f64() * 1e3;
            return Finding::new(CHECK, Fine, format!("arrives and is accepted, in {took:.1} ms"));
        }
        Err(Error::Unreachable { .. }) => return Finding::not_connected(CHECK),
        Err(error) => error,
    };
    let wrong = |says: &str| Finding::new(CHECK, Wrong, says);
    match error {
        Error::TokenLost(verdict) => {
            let finding = wrong(&verdict.to_string());
            fixes::hop_limit(finding, facts.environment, facts.id(), verdict.hop_limit)
        }
        // If other requests are not refused with 403, the service is enabled.
        Error::EndpointDisabled
            if facts.response.as_ref().is_ok_and(|response| response.status != 403) =>
        {
            fixes::interceptor(wrong(
                "refused (403), though other requests are not: a proxy on the way adds X-Forwarded-For",
            ))
        }
        Error::EndpointDisabled => fixes::option(
            wrong("refused (403): the service is disabled, or the request came through a proxy"),
            facts.id(),
            "--http-endpoint enabled",
        ),
        Error::NotFound { .. } | Error::Status { status: 405, .. } => fixes::interceptor(wrong(
            "the server does not know tokens: another program responds instead of EC2's service",
        )),
        Error::TimedOut { waited, silence: Silence::Slow, .. } if answers_others_quickly(facts) => {
            withheld(facts, *waited)
        }
        Error::TimedOut { silence: Silence::Slow, .. } => throttled(
            facts,
            wrong(
                "the request arrived, but no response came in time: the service is slow or throttles",
            ),
        ),
        other => wrong(&other.to_string()),
    }
}

/// Whether another request had its response as soon as usual. EC2 throttles all requests alike.
fn answers_others_quickly(facts: &Facts) -> bool {
    facts.response.as_ref().is_ok_and(|response| response.answered_in <= SLOW)
}

/// The request for a token, and it alone, has no response: what proves which of two reasons it has.
fn withheld(facts: &Facts, waited: Duration) -> Finding {
    let says = format!(
        "other requests are answered at once, the one for a token has no response within {:.1} s: it is \
         lost or withheld beyond a relay, such as a sidecar's proxy, or the service is slow with tokens",
        waited.as_secs_f64()
    );
    let limit = facts.routers.ok().flatten().map_or(2, |routers| (routers.most() + 1).max(2));
    fixes::hop_limit(Finding::new("token", Wrong, says), facts.environment, facts.id(), limit)
}

pub(super) fn mode(facts: &Facts) -> Finding {
    const CHECK: &str = "IMDSv1";
    match facts.without_token {
        Some(200) => fixes::option(
            Finding::new(CHECK, Note, "accepted: tokens are optional"),
            facts.id(),
            "--http-tokens required",
        ),
        Some(401) => Finding::new(CHECK, Fine, "refused: tokens are required"),
        Some(status) => Finding::new(CHECK, Unknown, format!("responded with {status}")),
        None => Finding::new(
            CHECK,
            Unknown,
            "not tested, because EC2 counts it as a use of IMDSv1; --allow-v1 tests it",
        ),
    }
}

pub(super) fn role(facts: &Facts) -> Finding {
    const CHECK: &str = "role";
    match &facts.role {
        _ if facts.token.is_err() => Finding::new(CHECK, Unknown, "not known without a token"),
        None => Finding::new(CHECK, Note, "the instance has no role").fix(
            "aws",
            format!(
                "aws ec2 associate-iam-instance-profile --instance-id {} --iam-instance-profile Name=<name>",
                facts.id()
            ),
        ),
        Some(Err(error)) => Finding::new(CHECK, Wrong, error.to_string()),
        Some(Ok(role)) if role.minutes_left <= 0 => {
            Finding::new(CHECK, Wrong, format!("{}: its credentials have expired", role.name))
                .fix("see", "timedatectl; the service renews them by itself")
        }
        Some(Ok(role)) if role.minutes_left <= ENDS_SOON => {
            let says = format!(
                "{}: its credentials expire in {} minutes, and new ones are overdue",
                role.name, role.minutes_left
            );
            Finding::new(CHECK, Note, says)
        }
        Some(Ok(role)) => {
            let says = format!("{}, with credentials for {} more minutes", role.name, role.minutes_left);
            Finding::new(CHECK, Fine, says)
        }
    }
}

/// Reports only if STS was asked.
pub(super) fn caller(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "caller";
    Some(match facts.caller.as_ref()? {
        Ok(arn) => Finding::new(CHECK, Fine, format!("STS accepts the credentials: {arn}")),
        Err(problem) => Finding::new(CHECK, Wrong, format!("STS: {problem}")).fix(
            "see",
            "can this machine reach STS, is its clock right, does the role still exist?",
        ),
    })
}

pub(super) fn clock(facts: &Facts) -> Finding {
    const CHECK: &str = "clock";
    match facts.response.as_ref().ok().and_then(|response| response.skew_seconds) {
        None => Finding::new(CHECK, Unknown, "the service sends no Date header"),
        Some(skew) if skew.abs() > SKEW_SECONDS => {
            let (ahead, seconds) = (if skew > 0 { "ahead of" } else { "behind" }, skew.abs());
            Finding::new(
                CHECK,
                Wrong,
                format!("{seconds} s {ahead} the service's; signatures will fail"),
            )
            .fix("chrony", "chronyc -a 'add server 169.254.169.123 iburst'; chronyc makestep")
        }
        Some(_) => Finding::new(CHECK, Fine, "agrees with the service's"),
    }
}
