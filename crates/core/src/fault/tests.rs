use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::response::{Status, respond};
use crate::time::{HttpDate, Moment};
use crate::token::{Key, Keyring};
use crate::{Endpoint, Launch, Request, wire};

fn rule(text: &str) -> FaultRule {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn rules_are_written_as_they_are_read() {
    for text in [
        "all,reset",
        "token,lost,for=5m,count=10",
        "instance=i-1234567890abcdef0,credentials,status=503,retry-after=2,share=30%,seed=7",
        "meta-data/placement,latency=100ms..2s",
        "/latest/user-data,latency=normal:200ms:50ms,truncate=50%,rate=10",
        "credentials,credentials=expired",
        "all,latency=exponential:1s,date=-2h",
        "identity,body=html,share=0.5%",
        "all,allowance=1024",
    ] {
        assert_eq!(rule(text).to_string(), text);
    }
    for (text, same) in [
        ("reset", "all,reset"),
        ("path=token, status = 429", "token,status=429"),
        ("credentials=unauthorized", "credentials,credentials=unauthorized"),
        ("allowance", "all,allowance=1024"),
        ("//latest//user-data/,reset", "/latest/user-data,reset"),
        ("date=1d,share=100", "all,date=24h"),
        ("reset,for=90s", "all,reset,for=90s"),
    ] {
        assert_eq!(rule(text).to_string(), same);
    }
}

#[test]
fn a_mistake_is_named_with_its_rule() {
    for (text, expected) in [
        ("", "a part is empty"),
        ("token,,reset", "a part is empty"),
        ("token", "it has no effect; add one, such as status=503"),
        ("tokens,reset", "fault \"tokens\": write token, credentials, identity"),
        ("status=502", "fault \"status=502\": write 400, 401, 403, 404, 429, 500 or 503"),
        ("stats=503", "fault \"stats=503\": unknown key; the keys are instance, path, status,"),
        ("status=503,status=500", "status is there twice"),
        ("status=503,reset", "a response can only be one of them"),
        ("status=404,retry-after=1", "status=429 and status=503 only"),
        ("retry-after=1", "status=429 and status=503 only"),
        ("reset=yes", "fault \"reset=yes\": it has no value"),
        ("lost,date=1h", "leave no response to change"),
        ("status=503,rate=1", "another status has its own body"),
        ("body=html,credentials=expired", "exclude each other"),
        ("user-data,credentials=expired", "for paths that have credentials"),
        ("latency=1h", "fault \"latency=1h\": write a delay of at most 10m"),
        ("latency=2s..1s", "write a delay"),
        ("latency=-1s", "write a delay"),
        ("latency=normal:1s", "write a delay"),
        ("reset,share=0%", "write a percentage above 0%"),
        ("reset,share=101%", "write a percentage"),
        ("reset,share=0.00001%", "write a percentage"),
        ("reset,count=0", "write a whole number of at least 1"),
        ("reset,for=soon", "write a duration up to 365d"),
        ("reset,instance=web", "fault \"instance=web\": "),
        ("truncate=100%", "a percentage below 100%"),
        ("rate=0", "write bytes a second"),
        ("date=0s", "write an offset"),
        ("allowance=5", "at least 6"),
        ("token,allowance", "only instance, for and count go with it"),
    ] {
        let error = text.parse::<FaultRule>().map(|rule| rule.to_string()).unwrap_err();
        assert!(error.to_string().contains(expected), "{text:?}: {error}");
    }
}

#[test]
fn paths_belong_to_groups_or_are_below_others() {
    for (path, text, expected) in [
        ("latest/api/token", "token", true),
        ("latest/meta-data/iam/info", "credentials", true),
        ("latest/meta-data/iam/info", "meta-data", false),
        ("latest/dynamic/instance-identity/document", "identity", true),
        ("latest/user-data", "user-data", true),
        ("latest", "all", true),
        ("2021-03-23/meta-data/placement/region", "meta-data/placement", true),
        ("2021-03-23/meta-data/placement/region", "/latest/meta-data/placement", false),
        ("latest/meta-data/placement", "/latest/meta-data/placement/", true),
        ("latest/meta-data/placements", "meta-data/placement", false),
        ("", "/", true),
    ] {
        let rule = rule(&format!("{text},reset"));
        assert_eq!(rule.concerns(&Concern { path, value: b"" }), expected, "{path} {text}");
    }
}

#[test]
fn what_changes_bodies_is_for_values_only() {
    let concern = |value| Concern { path: "latest/meta-data/iam/x", value };
    for (text, none, any, credentials) in [
        ("status=503", true, true, true),
        ("truncate=1", false, true, true),
        ("rate=1,latency=1s", true, true, true),
        ("credentials=expired", false, false, true),
    ] {
        let document = b"{\"Expiration\" : \"2024-05-01T18:24:00Z\"}";
        let found = [&b""[..], b"x", document].map(|value| rule(text).concerns(&concern(value)));
        assert_eq!(found, [none, any, credentials], "{text}");
    }
}

#[test]
fn a_share_is_hit_and_the_same_seed_hits_the_same_requests() {
    let rule = rule("reset,share=30%");
    let hits = |seed| -> Vec<bool> {
        (0..10_000).map(|number| rule.draw(seed, number).is_some()).collect()
    };
    let count = hits(7).iter().filter(|hit| **hit).count();
    assert!((2_700..3_300).contains(&count), "{count}");
    assert_eq!(hits(7), hits(7));
    assert_ne!(hits(7), hits(8));
    assert!((0..100).all(|number| rule_of_all().draw(7, number).is_some()));
}

fn rule_of_all() -> FaultRule {
    rule("reset")
}

#[test]
fn delays_follow_their_distribution() {
    let delays = |text: &str| -> Vec<f64> {
        let latency: LatencyDistribution = text.parse().unwrap();
        let draw = |number| latency.delay(Draw { seed: 3, number }).as_secs_f64();
        (0..10_000).map(draw).collect()
    };
    let mean = |all: &[f64]| all.iter().sum::<f64>() / 10_000.0;
    assert!(delays("200ms").iter().all(|it| (it - 0.2).abs() < 1e-9));
    let uniform = delays("1s..3s");
    assert!(
        uniform.iter().all(|it| (1.0..=3.0).contains(it)) && (mean(&uniform) - 2.0).abs() < 0.05
    );
    let normal = delays("normal:2s:100ms");
    let near = normal.iter().filter(|it| (**it - 2.0).abs() < 0.1).count();
    assert!((6_500..7_200).contains(&near) && (mean(&normal) - 2.0).abs() < 0.01, "{near}");
    let exponential = delays("exponential:1s");
    let short = exponential.iter().filter(|it| **it < 1.0).count();
    assert!((6_100..6_600).contains(&short) && (mean(&exponential) - 1.0).abs() < 0.05, "{short}");
    assert!(delays("normal:10ms:1s").iter().all(|it| *it >= 0.0));
}

/// The bytes of the response to `head`, changed by these rules.
fn changed(instance_type: &str, head: &str, rules: &[&str]) -> String {
    let launch = Launch {
        instance_type: instance_type.parse().ok(),
        image: crate::image::WellKnownImage::AmazonLinux2.into(),
        role: Some(crate::launch::LaunchRole::named("r")),
        ..Launch::default()
    };
    let endpoint = Endpoint::new(&launch.resolve().unwrap());
    let keyring = Keyring::new(Key::new(1, &[1; crate::token::KEY_LENGTH]), Vec::new());
    let now = Moment { unix_ms: 1_714_564_800_000, steady_ms: 0, serial: 0 };
    let head = format!("{head} HTTP/1.1\r\n\r\n");
    let crate::request::Parsed::Complete(request, _) = Request::parse(head.as_bytes()) else {
        panic!("{head}")
    };
    let mut interference = Interference::default();
    for text in rules {
        interference.add(&rule(text).effects, Draw { seed: 1, number: 0 });
    }
    let response = respond(&endpoint, &keyring, &request, now);
    let response = interference.change(response, request.path.as_str(), now);
    let mut out = Vec::new();
    let date = HttpDate::new(interference.date(now));
    response.write(wire::Connection::Close, &date, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_status_has_the_bytes_of_its_front_end() {
    for (instance_type, status, start, body) in [
        ("t3.micro", "401", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n", ""),
        ("t2.micro", "401", "HTTP/1.0 401 Unauthorized\r\n", crate::pages::UNAUTHORIZED),
        ("t3.micro", "404", "HTTP/1.1 404 Not Found\r\n", crate::pages::NOT_FOUND),
        ("t3.micro", "500", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n", ""),
        (
            "t3.micro",
            "429,retry-after=3",
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\n",
            "",
        ),
        ("t2.micro", "503", "HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n", ""),
    ] {
        for head in
            ["GET /latest/meta-data/mac", "HEAD /latest/meta-data/mac", "PUT /latest/api/token"]
        {
            let bytes = changed(instance_type, head, &[&format!("status={status}")]);
            let body = if head.starts_with("HEAD") { "" } else { body };
            assert!(bytes.starts_with(start), "{bytes}");
            assert_eq!(bytes.split_once("\r\n\r\n").unwrap().1, body, "{head} {status}");
        }
    }
}

#[test]
fn bodies_credentials_and_dates_are_changed() {
    const CREDENTIALS: &str = "GET /latest/meta-data/iam/security-credentials/r";
    let bytes = changed("t3.micro", CREDENTIALS, &["credentials=expired"]);
    assert!(bytes.contains("\"LastUpdated\" : \"2024-05-01T05:00:00Z\""), "{bytes}");
    assert!(bytes.contains("\"Expiration\" : \"2024-05-01T11:00:00Z\""), "{bytes}");
    assert_eq!(bytes.len(), changed("t3.micro", CREDENTIALS, &[]).len());
    let bytes = changed("t3.micro", CREDENTIALS, &["credentials=unauthorized"]);
    assert!(bytes.contains("cannot assume the role r. ") && !bytes.contains("SecretAccessKey"));
    let right = changed("t3.micro", "GET /latest/meta-data/mac", &[]);
    let garbage = changed("t3.micro", "GET /latest/meta-data/mac", &["body=garbage"]);
    assert!(garbage.len() == right.len() && garbage != right, "{garbage}");
    let empty = changed("t3.micro", "GET /latest/meta-data/mac", &["body=empty", "body=html"]);
    assert!(empty.contains("Content-Length: 0\r\n"), "the first rule decides: {empty}");
    let page = changed("t3.micro", "GET /latest/meta-data/mac", &["body=html", "date=-2h"]);
    assert!(page.contains("Content-Type: text/html") && page.ends_with("</html>\n"), "{page}");
    assert!(page.contains("Date: Wed, 01 May 2024 10:00:00 GMT"), "{page}");
}

#[test]
fn all_rules_together_are_summed_up() {
    let mut sum = Interference::default();
    for text in ["latency=1s", "latency=2s,status=503", "reset", "latency=10m"] {
        sum.add(&rule(text).effects, Draw { seed: 1, number: 0 });
    }
    assert_eq!(sum.delay, MAX_DELAY, "and not more");
    assert_eq!(sum.response, Some(FaultResponse::Status(Status::ServiceUnavailable, None)));
    let kinds: Vec<_> = sum.kinds.iter().map(FaultKind::as_str).collect();
    assert_eq!(kinds, ["status", "latency", "reset"]);
    assert_eq!(Truncation::Percent(50).kept(9), 4);
    assert_eq!([Truncation::Bytes(100).kept(9), Truncation::Bytes(0).kept(9)], [8, 0]);
    assert_eq!(rule("reset,for=1d").duration, Some(Duration::from_secs(86_400)));
}

proptest! {
    #[test]
    fn any_text_is_a_rule_or_a_mistake(text in "[a-z0-9=,.:%/ -]{0,40}") {
        if let Ok(rule) = text.parse::<FaultRule>() {
            prop_assert_eq!(rule.to_string().parse::<FaultRule>(), Ok(rule));
        }
    }

    #[test]
    fn a_delay_is_read_as_it_is_written(nanos in 1..600_000_000_000_u64) {
        let fixed = LatencyDistribution::Fixed(Duration::from_nanos(nanos));
        prop_assert_eq!(fixed.to_string().parse(), Ok(fixed));
    }
}
