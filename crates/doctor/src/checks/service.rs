//! The service's own answers.

use imds_client::{Error, Silence};

use super::unseen;
use crate::Verdict::{Fine, Note, Unknown, Wrong};
use crate::facts::{Facts, SLOW};
use crate::{Finding, mends};

/// How far clocks may be apart, in seconds: AWS refuses signatures at 5 minutes.
const SKEW_SECONDS: i64 = 60;
/// How soon credentials end that should have been renewed, in minutes.
const ENDS_SOON: i64 = 5;

pub(super) fn service(facts: &Facts) -> Finding {
    const CHECK: &str = "service";
    let seen = match &facts.answer {
        Ok(seen) => seen,
        Err(Error::Unreachable { .. }) => return unseen(CHECK),
        Err(error) => return Finding::new(CHECK, Wrong, error.to_string()),
    };
    let took = format!(
        "connected in {:.1} ms, answered in {:.1} ms",
        seen.connected_in.as_secs_f64() * 1e3,
        seen.answered_in.as_secs_f64() * 1e3,
    );
    match (seen.status, seen.server.as_deref()) {
        (403, _) => mends::option(
            Finding::new(CHECK, Wrong, "it is switched off (403), or something between refuses"),
            facts.id(),
            "--http-endpoint enabled",
        ),
        (429 | 500.., _) => {
            let says = format!("it answers {}: throttled or broken", seen.status);
            throttled(facts, Finding::new(CHECK, Wrong, says))
        }
        _ if seen.answered_in > SLOW => {
            let says = format!("it is slow: {took}; it throttles by delay");
            throttled(facts, Finding::new(CHECK, Wrong, says))
        }
        (_, Some("EC2ws")) => Finding::new(CHECK, Fine, took),
        (_, server) => {
            let server = server.unwrap_or("nobody by name");
            Finding::new(CHECK, Note, format!("{took}, by {server}: not EC2's own, or intercepted"))
        }
    }
}

/// Who else asks too much, as far as it shows.
fn throttled(facts: &Facts, finding: Finding) -> Finding {
    match facts.dropped {
        Some(0) => finding.mended("see", "no packet for it was dropped here: ask AWS"),
        Some(count) => finding.mended(
            "see",
            format!(
                "{count} packets for it were dropped here, at 1024 a second: something asks too \
                 often; ss -tnp dst 169.254.169.254"
            ),
        ),
        None => finding.mended("see", "ethtool -S <interface> | grep linklocal_allowance_exceeded"),
    }
}

pub(super) fn token(facts: &Facts) -> Finding {
    const CHECK: &str = "token";
    let error = match &facts.token {
        Ok(took) => {
            let took = took.as_secs_f64() * 1e3;
            return Finding::new(CHECK, Fine, format!("arrives and is accepted, in {took:.1} ms"));
        }
        Err(Error::Unreachable { .. }) => return unseen(CHECK),
        Err(error) => error,
    };
    let wrong = |says: &str| Finding::new(CHECK, Wrong, says);
    match error {
        Error::TokenLost(verdict) => {
            let finding = wrong(&verdict.to_string());
            mends::hop_limit(finding, facts.place, facts.id(), verdict.hop_limit)
        }
        // Where others are answered it is not the service that is switched off.
        Error::EndpointDisabled if facts.answer.as_ref().is_ok_and(|seen| seen.status != 403) => {
            mends::interceptor(wrong(
                "refused (403), though others are answered: a proxy on the way adds X-Forwarded-For",
            ))
        }
        Error::EndpointDisabled => mends::option(
            wrong("refused (403): the service is switched off, or a proxy asked"),
            facts.id(),
            "--http-endpoint enabled",
        ),
        Error::NotFound { .. } | Error::Status { status: 405, .. } => mends::interceptor(wrong(
            "whoever answers knows no tokens: it is not EC2's service, but something in its place",
        )),
        Error::TimedOut { silence: Silence::Slow, .. } => throttled(
            facts,
            wrong("taken, and not answered in time: the service is slow or throttles"),
        ),
        other => wrong(&other.to_string()),
    }
}

pub(super) fn mode(facts: &Facts) -> Finding {
    const CHECK: &str = "IMDSv1";
    match facts.without_token {
        Some(200) => mends::option(
            Finding::new(CHECK, Note, "answered: tokens are optional"),
            facts.id(),
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

pub(super) fn role(facts: &Facts) -> Finding {
    const CHECK: &str = "role";
    match &facts.role {
        _ if facts.token.is_err() => Finding::new(CHECK, Unknown, "cannot be asked for"),
        None => Finding::new(CHECK, Note, "the instance has no role").mended(
            "aws",
            format!(
                "aws ec2 associate-iam-instance-profile --instance-id {} --iam-instance-profile Name=<name>",
                facts.id()
            ),
        ),
        Some(Err(error)) => Finding::new(CHECK, Wrong, error.to_string()),
        Some(Ok(role)) if role.minutes_left <= 0 => {
            Finding::new(CHECK, Wrong, format!("{}: its credentials have expired", role.name))
                .mended("see", "timedatectl; the service makes new ones by itself")
        }
        Some(Ok(role)) if role.minutes_left <= ENDS_SOON => {
            let says = format!(
                "{}: its credentials end in {} minutes, and new ones are overdue",
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

/// Only where it was asked for.
pub(super) fn caller(facts: &Facts) -> Option<Finding> {
    const CHECK: &str = "caller";
    Some(match facts.caller.as_ref()? {
        Ok(arn) => Finding::new(CHECK, Fine, format!("STS takes the credentials: {arn}")),
        Err(problem) => Finding::new(CHECK, Wrong, format!("STS: {problem}"))
            .mended("see", "is there a way to STS, is the clock right, does the role still exist?"),
    })
}

pub(super) fn clock(facts: &Facts) -> Finding {
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
