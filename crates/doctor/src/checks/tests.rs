//! A set of facts for each fault, and the findings that it must give.

use std::collections::BTreeMap;
use std::time::Duration;

use imds_client::diagnose::Routers;
use imds_client::{Error, Silence, Unreachable};

use super::*;
use crate::command::OtherCommand;
use crate::environment::Environment;
use crate::facts::{ProbeResponse, Role};
use crate::finding::Verdict;
use crate::firewall::{Effect, Rule};
use crate::report;

fn routers(there: u8, back: Option<u8>) -> Routers {
    Routers { there, back }
}

/// A healthy instance.
fn healthy() -> Facts {
    Facts {
        variables: BTreeMap::new(),
        profile: BTreeMap::new(),
        other_command: None,
        environment: Environment::Host,
        rules: Some(Vec::new()),
        endpoint: "http://169.254.169.254".into(),
        disabled_by: None,
        instance_id: Some("i-1234567890abcdef0".into()),
        routers: Ok(Some(routers(0, Some(0)))),
        ipv6: Err(Unreachable::NoRoute),
        response: Ok(ProbeResponse {
            status: 401,
            connected_in: Duration::from_micros(200),
            answered_in: Duration::from_micros(800),
            server: Some("EC2ws".into()),
            skew_seconds: Some(0),
        }),
        without_token: Some(401),
        token: Ok(Duration::from_millis(1)),
        role: Some(Ok(Role { name: "web".into(), minutes_left: 300 })),
        caller: None,
        dropped: None,
        clients: Vec::new(),
    }
}

fn with(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = healthy();
    change(&mut facts);
    facts
}

fn set(name: &str, value: &str) -> Facts {
    with(|facts| {
        facts.variables.insert(name.into(), value.into());
    })
}

fn response(change: impl FnOnce(&mut ProbeResponse)) -> Facts {
    with(|facts| {
        if let Ok(response) = &mut facts.response {
            change(response);
        }
    })
}

/// The checks that found something wrong, and all that is text.
fn wrong(facts: &Facts) -> (Vec<&'static str>, String) {
    let findings = judge(facts);
    let wrong = findings.iter().filter(|finding| finding.verdict == Verdict::Wrong);
    (wrong.map(|finding| finding.check).collect(), report::text(&findings))
}

#[test]
fn a_healthy_instance_has_nothing_wrong() {
    let (wrong, text) = wrong(&healthy());
    assert!(wrong.is_empty(), "{text}");
    assert!(text.ends_with("\nNothing is wrong.\n"));
}

#[test]
fn each_fault_is_named_with_its_fix() {
    let unreachable = |reason| Error::Unreachable {
        endpoint: "http://169.254.169.254".into(),
        reason,
        attempts: 1,
    };
    let dead = |reason| {
        with(|facts| {
            facts.routers = Err(reason);
            facts.response = Err(unreachable(reason));
            facts.token = Err(unreachable(reason));
            facts.role = None;
        })
    };
    let slow = Error::TimedOut {
        endpoint: String::new(),
        waited: Duration::from_secs(5),
        silence: Silence::Slow,
    };
    let rule = |effect, removal: Option<&str>| Rule {
        effect,
        text: "ip daddr 169.254.169.254 drop".into(),
        removal: removal.map(str::to_owned),
    };
    let status = |status| Error::Status { path: "/".into(), status, retry_after: None };
    let cases = [
        (
            with(|facts| facts.disabled_by = Some("AWS_EC2_METADATA_DISABLED=true".into())),
            "settings",
            "unset AWS_EC2_METADATA_DISABLED",
        ),
        (set("AWS_EC2_METADATA_DISABLED", "1"), "settings", "in some SDKs only"),
        (set("http_proxy", "http://proxy:3128"), "proxy", "NO_PROXY=169.254.169.254"),
        (dead(Unreachable::Prohibited), "route", "systemd.imds.network=unlocked"),
        (dead(Unreachable::Prohibited), "route", "GetVendorInfo"),
        (dead(Unreachable::NoRoute), "route", "ip route"),
        (dead(Unreachable::Blackhole), "route", "ip route del blackhole"),
        (with(|facts| facts.token = Err(status(405))), "token", "kube2iam"),
        (
            with(|facts| facts.caller = Some(Err("ExpiredToken: it has expired".into()))),
            "caller",
            "ExpiredToken",
        ),
        (
            response(|response| response.answered_in = Duration::from_millis(700)),
            "service",
            "linklocal_allowance_exceeded",
        ),
        (dead(Unreachable::Refused), "route", "iptables"),
        (dead(Unreachable::TimedOut), "route", "not an EC2 instance"),
        (dead(Unreachable::TimedOut), "route", "macvlan"),
        (
            response(|response| response.status = 403),
            "service",
            "i-1234567890abcdef0 --http-endpoint enabled",
        ),
        (response(|response| response.status = 503), "service", "linklocal_allowance_exceeded"),
        (response(|response| response.answered_in = Duration::from_millis(700)), "service", "slow"),
        (response(|response| response.skew_seconds = Some(-400)), "clock", "400 s behind"),
        (with(|facts| facts.token = Err(slow)), "token", "withheld beyond a relay"),
        // Only tokens are refused: a proxy on the way does it.
        (with(|facts| facts.token = Err(Error::EndpointDisabled)), "token", "X-Forwarded-For"),
        (
            with(|facts| facts.role = Some(Ok(Role { name: "web".into(), minutes_left: -1 }))),
            "role",
            "expired",
        ),
    ];
    let blocked = |removal| {
        let mut facts = dead(Unreachable::TimedOut);
        facts.rules = Some(vec![rule(Effect::Blocks, removal)]);
        wrong(&facts)
    };
    assert_eq!(blocked(None).0, ["firewall", "route"]);
    assert!(blocked(Some("iptables -t filter -D OUTPUT")).1.contains("sudo iptables -t filter -D"));
    for (facts, check, words) in cases {
        let (wrong, text) = wrong(&facts);
        assert_eq!(wrong, [check], "{text}");
        assert!(text.contains(words), "no {words:?} in {text}");
        assert!(text.ends_with("One thing is wrong.\n"));
    }
}

#[test]
fn the_other_family_is_a_fix_where_it_works() {
    let dead = |endpoint: &str, ipv6| {
        let facts = with(|facts| {
            facts.endpoint = endpoint.into();
            facts.routers = Err(Unreachable::Blackhole);
            facts.ipv6 = ipv6;
        });
        wrong(&facts).1.contains("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6")
    };
    assert!(dead("http://169.254.169.254", Ok(())));
    assert!(!dead("http://169.254.169.254", Err(Unreachable::NoRoute)));
    assert!(!dead("http://10.0.0.9", Ok(())), "a mode does not help where an endpoint is set");
}

#[test]
fn harmless_facts_are_not_reported_as_wrong() {
    let excepted = with(|facts| {
        facts.variables.insert("http_proxy".into(), "http://proxy:3128".into());
        facts.variables.insert("no_proxy".into(), "localhost, 169.254.169.254".into());
    });
    let far = with(|facts| facts.routers = Ok(Some(routers(2, None))));
    let other = response(|response| response.server = None);
    let optional = with(|facts| facts.without_token = Some(200));
    let hidden = with(|facts| facts.rules = None);
    let named_alike = with(|facts| {
        facts.other_command =
            Some(OtherCommand { path: "/venv/bin/imds".into(), is_of_ec2_metadata: true });
        let text = report::text(&judge(facts));
        assert!(text.contains("/venv/bin/imds, of the Python package ec2-metadata"), "{text}");
        assert!(text.contains("ec2-imds"), "{text}");
    });
    let in_a_container = with(|facts| facts.environment = Environment::Docker);
    let sourced = set("AWS_ACCESS_KEY_ID", "AKIA");
    let no_role = with(|facts| facts.role = None);
    for facts in
        [excepted, named_alike, far, other, optional, hidden, in_a_container, sourced, no_role]
    {
        let (wrong, text) = wrong(&facts);
        assert!(wrong.is_empty(), "{text}");
    }
}

#[test]
fn the_distance_says_no_more_than_connections_show() {
    for (there, back, expected) in [
        (0, None, "no router shows on the way"),
        (1, None, "1 router on the way: hop limit 2 is enough if it is the only one"),
        (1, Some(1), "1 router on the way: hop limit 2 is enough if it is the only one"),
        (
            1,
            Some(2),
            "1 router on the way there and 2 back: hop limit 3 is enough if these are all",
        ),
        (
            0,
            Some(1),
            "0 routers on the way there and 1 back: hop limit 2 is enough if it is the only one",
        ),
        (16, Some(16), "16 routers on the way: hop limit 17 is enough if these are all"),
    ] {
        let facts = with(|facts| facts.routers = Ok(Some(routers(there, back))));
        let found = judge(&facts).into_iter().find(|it| it.check == "distance").unwrap();
        assert_eq!(found.says, expected);
    }
}

/// Throttling would make all requests slow.
#[test]
fn a_slow_token_is_slow_only_where_everything_is() {
    let waited = Duration::from_secs(5);
    let slow = Error::TimedOut { endpoint: String::new(), waited, silence: Silence::Slow };
    let facts = with(|facts| {
        facts.token = Err(slow);
        facts.response.as_mut().unwrap().answered_in = Duration::from_millis(700);
    });
    let (checks, text) = wrong(&facts);
    assert_eq!(checks, ["service", "token"]);
    assert!(text.contains("slow or throttles") && !text.contains("relay"), "{text}");
}
