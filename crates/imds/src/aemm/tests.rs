use std::time::Duration;

use imds_core::events::TargetState;
use serde_json::json;

use super::*;
use imds_account::events::{EventKind, NewEvent, When};
use imds_host::Begin;

const NOW: u64 = 1_800_000_000;

fn read(file: Value) -> Aemm {
    Aemm::of(file, NOW).unwrap()
}

fn extra<'a>(aemm: &'a Aemm, path: &str) -> Option<&'a str> {
    let found = aemm.settings.instance.paths.iter().find(|extra| extra.path.as_str() == path)?;
    str::from_utf8(&found.value).ok()
}

#[test]
fn values_are_facts_of_the_instance_or_lie_at_their_paths() {
    let aemm = read(json!({
        "metadata": {
            "paths": {"hostname": "/latest/meta-data/hostname", "ami-id": "/latest/meta-data/image"},
            "values": {
                "instance-id": "i-0123456789abcdef0", "instance-type": "m4.xlarge",
                "placement-availability-zone": "eu-west-1b", "mac": "0e:49:61:0f:c3:77",
                "local-ipv4": "172.16.34.43", "public-ipv4": "54.92.157.77", "ami-launch-index": 3,
                "ami-id": "ami-1", "hostname": "one.example", "mac-owner-id": "515336597381",
                "iam-info": {"Code": "Success"},
            },
        },
    }));
    assert_eq!(aemm.ignored, Vec::<String>::new());
    for (path, value) in [
        ("meta-data/image", "ami-1"),
        ("meta-data/hostname", "one.example"),
        ("meta-data/ami-launch-index", "3"),
        ("meta-data/network/interfaces/macs/0e:49:61:0f:c3:77/owner-id", "515336597381"),
        ("meta-data/iam/info", "{\n  \"Code\": \"Success\"\n}"),
    ] {
        assert_eq!(extra(&aemm, path), Some(value), "{path}");
    }
    assert_eq!(aemm.settings.instance.paths.len(), 5);
    let mut launch =
        Launch { zone: aemm.settings.instance.availability_zone.clone(), ..<_>::default() };
    aemm.complete(&mut launch);
    let instance = launch.resolve().unwrap();
    let interface = instance.primary_interface();
    assert_eq!(interface.mac.to_string(), "0e:49:61:0f:c3:77");
    assert_eq!(interface.private_ipv4().unwrap().to_string(), "172.16.34.43");
}

#[test]
fn mocks_begin_after_their_delays() {
    let aemm = read(json!({
        "mock-delay-sec": 12, "rebalance-trigger-time": "2027-01-15T09:00:00Z",
        "asg-termination-delay-sec": "30", "spot": {"action": "stop", "time": "2027-01-15T09:00:00Z"},
        "events": {"code": "instance-stop", "state": "active",
                   "not-before": "2027-01-15T08:00:00Z", "not-after": "2027-01-15T09:00:00Z"},
    }));
    let after = |seconds| Begin::After(Duration::from_secs(seconds));
    let begins: Vec<_> = aemm.settings.events.iter().map(|event| event.begins).collect();
    let rebalance = Begin::At((NOW + 3600) * 1000);
    assert_eq!(begins, [after(12), rebalance, after(12), after(0), after(30)]);
    let spot = EventKind::SpotInterruption { action: "stop".parse().unwrap() };
    let expected = NewEvent { kind: spot, when: Some(When::At(NOW + 3600)) };
    assert_eq!(aemm.settings.events[0].event, expected);
    let maintenance = EventKind::Maintenance {
        code: "instance-stop".parse().unwrap(),
        description: None,
        lasts: Some(3600),
    };
    assert_eq!(aemm.settings.events[2].event.kind, maintenance);
}

/// Without a sub-command the mock has all of them at once.
#[test]
fn an_empty_file_mocks_everything_and_wants_no_token() {
    let aemm = read(json!({}));
    assert_eq!(aemm.settings.instance.http_tokens, Some(HttpTokens::Optional));
    let kinds: Vec<_> = aemm.settings.events.iter().map(|event| &event.event.kind).collect();
    assert_eq!(kinds.len(), 4);
    assert_eq!(*kinds[3], EventKind::LifecycleState(TargetState::Terminated));
    let required = read(json!({"imdsv2": true}));
    assert_eq!(required.settings.instance.http_tokens, Some(HttpTokens::Required));
}

#[test]
fn what_is_not_served_is_named_once_and_what_says_nothing_is_not() {
    let aemm = read(json!({
        "watch-config-file": true, "mock-ip-count": 2, "save-config-to-file": true,
        "mock-trigger-time": "", "asg-termination-trigger-time": "",
        "metadata": {
            "values": {"mac": "FOO", "event-id": "instance-event-1"},
            "paths": {"mac": "/latest/meta-data/mac", "nonsense": "/latest/meta-data/x"},
        },
        "dynamic": {"values": {"instance-identity-pkcs": "TEST"}},
        "events": {"state": "completed", "not-before-deadline": "2027-01-15T09:00:00Z"},
    }));
    let expected = [
        "dynamic.values.instance-identity-pkcs",
        "events.not-before-deadline",
        "events.state",
        "metadata.paths.nonsense",
        "metadata.values.event-id",
        "mock-ip-count",
        "watch-config-file",
    ];
    assert_eq!(aemm.ignored, expected);
    assert_eq!(extra(&aemm, "meta-data/mac"), Some("FOO"), "as the mock serves it");
}

#[test]
fn mistakes_are_named_without_their_values() {
    for (file, words) in [
        (json!([]), "not a JSON object"),
        (json!({"spot": {"action": "SECRET"}}), "spot.action has an invalid value"),
        (json!({"mock-trigger-time": "noon"}), "mock-trigger-time: \"noon\" is not a time"),
        (json!({"server": {"port": "x"}}), "server.port has"),
        (json!({"server": {"hostname": "a.example"}}), "is not an IP address or localhost"),
        (json!({"userdata": {"values": {"userdata": "%"}}}), "is not base64"),
    ] {
        let error = Aemm::of(file, NOW).err().unwrap();
        assert!(error.contains(words) && !error.contains("SECRET"), "{error}");
    }
}
