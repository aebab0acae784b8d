//! What is set, and what is refused.

use serde_json::json;

use super::*;

/// The settings of a service by its state, unless others are there.
fn take(value: Value) -> Result<Settings, InvalidSetting> {
    let Value::Object(mut fields) = value else { panic!("{value}") };
    if !["state", "credentials", "control"].iter().any(|key| fields.contains_key(*key)) {
        fields.insert("state".into(), "/s".into());
    }
    Settings::take(fields)
}

#[test]
fn a_pod_is_an_instance_of_its_own_and_the_service_must_be_named() {
    let settings = take(json!({})).unwrap();
    let launch = Launch { image: Some(AL2023), ..Launch::default() };
    assert_eq!(settings.service, ServiceLocation::State("/s".into()));
    let message = Settings::take(Map::new()).unwrap_err().to_string();
    assert!(message.starts_with("state is not set; it must be the state file"), "{message}");
    assert_eq!(settings.subject, Subject::Own(Box::new(launch)));
}

#[test]
fn each_setting_is_read() {
    let settings = take(json!({
        "credentials": "/etc/imds/cni.json",
        "control": "http://127.0.0.1:1339",
        "launch": {
            "image": "al2", "instanceType": "m5.large", "role": "my-role",
            "subnet": "subnet-1", "userData": "#!/bin/sh", "httpTokens": "optional",
            "httpPutResponseHopLimit": 2, "instanceMetadataTags": "enabled",
            "httpEndpoint": "enabled", "httpProtocolIpv6": "enabled",
            "tags": {"team": "a"},
        },
    }));
    let settings = settings.unwrap();
    let control = Some("http://127.0.0.1:1339".to_owned());
    let service = ServiceLocation::Credentials { file: "/etc/imds/cni.json".into(), control };
    assert_eq!(settings.service, service);
    let Subject::Own(launch) = settings.subject else { panic!() };
    assert_eq!(launch.image, Some(Image::Named("amzn2-*")));
    assert_eq!(launch.tags["team"], "a");
    assert_eq!(launch.options["HttpPutResponseHopLimit"], "2");
    assert_eq!(launch.options.len(), 5);
    let by_template = take(json!({"launch": {"launchTemplate": "web"}})).unwrap();
    let Subject::Own(launch) = by_template.subject else { panic!() };
    assert_eq!((launch.image, launch.launch_template), (None, Some("web".into())));
}

#[test]
fn which_instance() {
    let id = "i-0123456789abcdef0";
    for (text, expected) in [("host", Subject::Host), (id, Subject::Instance(id.parse().unwrap()))]
    {
        assert_eq!(take(json!({"instance": text})).unwrap().subject, expected);
    }
}

#[test]
fn what_is_wrong_is_named_with_its_value_and_the_rule() {
    for (value, parts) in [
        (json!({"colour": "red"}), ["colour is not a setting", "\"red\""]),
        (json!({"launch": {"colour": 1}}), ["launch.colour is not a setting", "is 1"]),
        (json!({"state": "state.db"}), ["state is \"state.db\"", "absolute path"]),
        (json!({"state": "/a", "credentials": "/b"}), ["state is", "or credentials"]),
        (json!({"control": "http://127.0.0.1:1"}), ["control is", "set credentials too"]),
        (json!({"control": "127.0.0.1:1"}), ["control is", "as in \"http://"]),
        (json!({"control": "http://a", "state": "/a"}), ["control is", "leave it out"]),
        (json!({"instance": "web"}), ["instance is \"web\"", "\"host\" or an instance id"]),
        (json!({"instance": "host", "launch": {}}), ["launch is {}", "leave one out"]),
        (json!({"launch": []}), ["launch is []", "an object"]),
        (json!({"launch": {"image": "ubuntu"}}), ["launch.image is", "\"al2023\""]),
        (json!({"launch": {"role": ""}}), ["launch.role is \"\"", "not empty"]),
        (json!({"launch": {"httpTokens": true}}), ["httpTokens is true", "\"required\""]),
        (json!({"launch": {"httpEndpoint": "on"}}), ["httpEndpoint is \"on\"", "\"enabled\""]),
        (json!({"launch": {HOP_LIMIT: 65}}), ["HopLimit is 65", "from 1 to 64"]),
        (json!({"launch": {HOP_LIMIT: "2"}}), ["HopLimit is \"2\"", "from 1 to 64"]),
        (json!({"launch": {"tags": {"a": 1}}}), ["launch.tags is", "an object of texts"]),
    ] {
        let message = take(value.clone()).unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "{value}: {message}");
        }
    }
    let long = take(json!({"colour": "x".repeat(1000)})).unwrap_err().to_string();
    assert!(long.len() < 200, "{long}");
}

#[test]
fn options_of_podman_are_the_same_settings() {
    let options = [
        ("state", "/var/lib/imds/state.db"),
        ("image", "al2"),
        ("role", "my-role"),
        (HOP_LIMIT, "2"),
        ("tag.team", "a"),
    ];
    let options = options.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let settings = Settings::of_options(&options).unwrap();
    let json = json!({
        "state": "/var/lib/imds/state.db",
        "launch": {"image": "al2", "role": "my-role", HOP_LIMIT: 2, "tags": {"team": "a"}},
    });
    assert_eq!(settings, take(json).unwrap());
    let unknown = [("colour", "red"), ("state", "/s")];
    let unknown = unknown.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let message = Settings::of_options(&unknown).unwrap_err().to_string();
    assert!(message.contains("colour is not a setting"), "{message}");
    let wrong = BTreeMap::from([(HOP_LIMIT.to_owned(), "many".to_owned())]);
    assert!(Settings::of_options(&wrong).is_err());
}
