//! What runtimes of CNI ask becomes a plan, or the specification's error.

use imds_cni::cni::{CniError, Code, Environment, Plan, VERSIONS, plan, supported_versions};
use imds_cni::{Attachment, Subject};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::any_input;

/// An attachment's environment.
const VARIABLES: [(&str, &str); 4] = [
    ("CNI_CONTAINERID", "c0ffee"),
    ("CNI_NETNS", "/run/netns/web"),
    ("CNI_IFNAME", "eth0"),
    ("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAME=web-1;K8S_POD_NAMESPACE=shop"),
];

/// The variables above and `command`, with `changes`; an empty value unsets.
fn environment(command: &str, changes: &[(&str, &str)]) -> Environment {
    let pairs = [("CNI_COMMAND", command)].into_iter().chain(VARIABLES);
    Environment::read(|name| {
        let changed = changes.iter().copied().find(|(key, _)| *key == name);
        let found = changed.or_else(|| pairs.clone().find(|(key, _)| *key == name));
        found.map(|(_, value)| value.to_owned())
    })
}

/// A configuration of a chained plugin, with `changes`; `null` removes.
fn configuration(changes: Value) -> Vec<u8> {
    let mut all = json!({
        "cniVersion": "1.1.0",
        "name": "pods",
        "type": "imds-cni",
        "state": "/var/lib/imds/state.db",
        "prevResult": {
            "cniVersion": "1.1.0",
            "interfaces": [
                {"name": "veth1", "mac": "00:11:22:33:44:55"},
                {"name": "eth0", "sandbox": "/run/netns/web"},
            ],
            "ips": [{"address": "fd00::2/64"}, {"address": "10.1.0.5/16", "interface": 1}],
        },
    });
    let Value::Object(changes) = changes else { panic!("{changes}") };
    for (key, value) in changes {
        all[key.as_str()] = value;
    }
    all.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    all.to_string().into_bytes()
}

fn planned(command: &str, variables: &[(&str, &str)], changes: Value) -> Result<Plan, CniError> {
    plan(&environment(command, variables), &configuration(changes))
}

#[test]
fn an_added_pod_has_the_facts_of_both_and_the_result_passes_unchanged() {
    let labels = json!([{"key": "app", "value": "web"}]);
    let input = configuration(json!({
        "args": {"cni": {"labels": labels}, "others": 1},
        "runtimeConfig": {"labels": [{"key": "tier", "value": "1"}], "portMappings": []},
        "capabilities": {"labels": true},
    }));
    let Plan::Add { attach, previous } = plan(&environment("ADD", &[]), &input).unwrap() else {
        panic!();
    };
    let attachment = ["pods", "c0ffee", "eth0"].map(str::to_owned);
    let [network, container, interface] = attachment;
    assert_eq!(attach.attachment, Attachment { network, container, interface });
    assert_eq!(attach.namespace.as_deref(), Some("/run/netns/web"));
    assert_eq!(attach.pod.name.as_deref(), Some("web-1"));
    assert_eq!(attach.pod.namespace.as_deref(), Some("shop"));
    assert_eq!(attach.pod.address, Some([10, 1, 0, 5].into()));
    assert_eq!(attach.pod.labels["app"], "web");
    assert_eq!(attach.pod.labels["tier"], "1");
    // To the byte, where a parser would have changed it.
    let odd =
        br#"{"cniVersion":"0.4.0","name":"n","state":"/s","prevResult":{"z":1.10, "a":1e400}}"#;
    let Plan::Add { previous: odd, .. } = plan(&environment("ADD", &[]), odd).unwrap() else {
        panic!();
    };
    assert_eq!(odd.get(), r#"{"z":1.10, "a":1e400}"#);
    assert!(previous.get().contains("\"10.1.0.5/16\""));
}

#[test]
fn annotations_of_the_pod_say_how_it_is_launched_and_nothing_else() {
    let annotations = json!({
        "imds/role": "own", "imds/httpPutResponseHopLimit": "2", "imds/tag.team": "a",
        "kubernetes.io/config.source": "api",
    });
    let runtime = |annotations: &Value| json!({"io.kubernetes.cri.pod-annotations": annotations});
    let changes = json!({
        "runtimeConfig": runtime(&annotations),
        "launch": {"role": "network", "tags": {"tier": "1"}},
    });
    let Ok(Plan::Add { attach, .. }) = planned("ADD", &[], changes) else { panic!() };
    let Subject::Own(launch) = attach.settings.subject else { panic!() };
    assert_eq!(launch.role.as_deref(), Some("own"));
    assert_eq!(launch.options["HttpPutResponseHopLimit"], "2");
    assert_eq!((launch.tags["team"].as_str(), launch.tags["tier"].as_str()), ("a", "1"));
    let changes = json!({"runtimeConfig": runtime(&annotations), "instance": "host"});
    assert!(planned("ADD", &[], changes).is_ok());
    for (wrong, part) in [
        (json!({"imds/colour": "red"}), "launch.colour is not a setting"),
        (json!({"imds/httpTokens": "no"}), "launch.httpTokens is \"no\""),
        (json!({"imds/tags": "a"}), "launch.tags is \"a\""),
        // Only the administrator says which service is asked, and by which key.
        (json!({"imds/state": "/other"}), "launch.state is not a setting"),
        (json!({"imds/instance": "host"}), "launch.instance is not a setting"),
    ] {
        let changes = json!({"runtimeConfig": runtime(&wrong)});
        let error = planned("ADD", &[], changes.clone()).unwrap_err();
        assert!(error.message.contains(part), "{error:?}");
        // The pod goes nevertheless.
        assert!(planned("DEL", &[], changes).is_ok(), "{wrong}");
    }
}

#[test]
fn a_pod_that_is_deleted_needs_neither_namespace_nor_result() {
    for (variables, previous, namespace) in [
        (&[][..], json!({}), Some("/run/netns/web")),
        (&[("CNI_NETNS", "")], json!({}), None),
        (&[("CNI_NETNS", "")], Value::Null, None),
        (&[("CNI_NETNS", "")], json!({"interfaces": 7}), None),
        (
            &[("CNI_NETNS", "")],
            json!({"interfaces": [{"name": "eth0", "sandbox": "/run/netns/old"}]}),
            Some("/run/netns/old"),
        ),
        (&[("CNI_NETNS", "")], json!({"interfaces": [{"sandbox": "no path"}]}), None),
    ] {
        let plan = planned("DEL", variables, json!({"prevResult": previous}));
        let Ok(Plan::Delete(attach)) = plan else { panic!("{plan:?}") };
        assert_eq!(attach.namespace.as_deref(), namespace);
    }
}

#[test]
fn valid_attachments_are_those_of_the_network() {
    let valid = json!([{"containerID": "c0ffee", "ifname": "eth0"}]);
    let plan = planned("GC", &[], json!({"cni.dev/valid-attachments": valid, "prevResult": null}));
    let Ok(Plan::Collect(collect)) = plan else { panic!("{plan:?}") };
    assert_eq!((collect.network.as_str(), collect.valid.len()), ("pods", 1));
    assert_eq!(collect.valid[0].container, "c0ffee");
    let none = json!({"cni.dev/valid-attachments": [], "prevResult": null});
    let Ok(Plan::Collect(collect)) = planned("GC", &[], none) else { panic!() };
    assert!(collect.valid.is_empty());
}

#[test]
fn every_version_is_taken_and_said() {
    for version in VERSIONS {
        let changes = json!({"cniVersion": version, "instance": "host"});
        let plan = planned("ADD", &[], changes);
        let Ok(Plan::Add { attach, .. }) = plan else { panic!("{plan:?}") };
        assert_eq!(attach.settings.subject, Subject::Host);
    }
    assert!(matches!(plan(&environment("VERSION", &[]), b""), Ok(Plan::Version)));
    let said: Value = serde_json::from_str(&supported_versions(Some("0.4.0"))).unwrap();
    assert_eq!(said, json!({"cniVersion": "0.4.0", "supportedVersions": VERSIONS}));
}

#[test]
fn environments_that_are_wrong_name_the_variable() {
    for (command, variables, name) in [
        ("", &[][..], "CNI_COMMAND is not set"),
        ("add", &[], "CNI_COMMAND is \"add\""),
        ("ADD", &[("CNI_CONTAINERID", "")], "CNI_CONTAINERID is not set"),
        ("DEL", &[("CNI_CONTAINERID", "")], "CNI_CONTAINERID is not set"),
        ("ADD", &[("CNI_CONTAINERID", "-rf")], "CNI_CONTAINERID is \"-rf\""),
        ("CHECK", &[("CNI_CONTAINERID", "a b")], "CNI_CONTAINERID is \"a b\""),
        ("ADD", &[("CNI_NETNS", "")], "CNI_NETNS is not set"),
        ("CHECK", &[("CNI_NETNS", "")], "CNI_NETNS is not set"),
        ("ADD", &[("CNI_NETNS", "web")], "CNI_NETNS is \"web\""),
        ("DEL", &[("CNI_NETNS", "/a\nb")], "CNI_NETNS is \"/a\\nb\""),
        ("ADD", &[("CNI_IFNAME", "")], "CNI_IFNAME is not set"),
        ("ADD", &[("CNI_IFNAME", "..")], "CNI_IFNAME is \"..\""),
        ("ADD", &[("CNI_IFNAME", "0123456789abcdef")], "CNI_IFNAME is"),
        ("ADD", &[("CNI_IFNAME", "a/b")], "CNI_IFNAME is \"a/b\""),
        ("ADD", &[("CNI_ARGS", "K8S_POD_NAME")], "CNI_ARGS is \"K8S_POD_NAME\""),
    ] {
        let error = planned(command, variables, json!({})).unwrap_err();
        assert_eq!(error.code, Code::InvalidEnvironment, "{error:?}");
        assert!(error.message.starts_with(name), "{error:?}");
    }
}

#[test]
fn configurations_that_are_wrong_have_the_errors_of_the_specification() {
    use Code::{IncompatibleVersion, InvalidConfiguration, UnsupportedField};
    for (command, changes, code, part) in [
        ("ADD", json!({"cniVersion": "0.3.1"}), IncompatibleVersion, "\"0.3.1\" is not supported"),
        ("ADD", json!({"cniVersion": null}), IncompatibleVersion, "cniVersion is missing"),
        ("GC", json!({"cniVersion": "1.0.0"}), IncompatibleVersion, "1.0.0 does not have GC"),
        ("STATUS", json!({"cniVersion": "0.4.0"}), IncompatibleVersion, "does not have STATUS"),
        (
            "ADD",
            json!({"colour": "red"}),
            UnsupportedField,
            "colour is not a setting; its value is \"red\"",
        ),
        ("DEL", json!({"ipam": {"type": "dhcp"}}), UnsupportedField, "ipam is not a setting"),
        (
            "ADD",
            json!({"launch": {"size": 7}}),
            UnsupportedField,
            "launch.size is not a setting; its value is 7",
        ),
        ("ADD", json!({"name": null}), InvalidConfiguration, "name is missing"),
        ("ADD", json!({"name": "a b"}), InvalidConfiguration, "name is \"a b\""),
        ("ADD", json!({"name": 7}), InvalidConfiguration, "name is not as the CNI specification"),
        ("ADD", json!({"prevResult": null}), InvalidConfiguration, "ADD without prevResult"),
        ("CHECK", json!({"prevResult": null}), InvalidConfiguration, "CHECK without prevResult"),
        ("ADD", json!({"prevResult": []}), InvalidConfiguration, "prevResult is not as"),
        (
            "CHECK",
            json!({"prevResult": {"interfaces": [{"name": "eth9", "sandbox": "/a"}]}}),
            InvalidConfiguration,
            "no interface eth0 of the container",
        ),
        ("ADD", json!({"instance": "web"}), InvalidConfiguration, "instance is \"web\""),
        (
            "ADD",
            json!({"launch": {"subnet": "subnet-1"}, "prevResult": {}}),
            InvalidConfiguration,
            "the pod has no IPv4 address",
        ),
        ("ADD", json!({"args": {"cni": {"labels": "a"}}}), InvalidConfiguration, "args is not as"),
        ("ADD", json!({"runtimeConfig": 1}), InvalidConfiguration, "runtimeConfig is not as"),
        ("GC", json!({}), InvalidConfiguration, "GC without cni.dev/valid-attachments"),
        (
            "GC",
            json!({"cni.dev/valid-attachments": 1}),
            InvalidConfiguration,
            "valid-attachments is not as",
        ),
    ] {
        let error = planned(command, &[], changes).unwrap_err();
        assert_eq!(error.code, code, "{error:?}");
        assert!(error.message.contains(part), "{error:?}");
    }
    for input in [&b""[..], b"{", b"[]", b"\xff", b"null"] {
        let error = plan(&environment("ADD", &[]), input).unwrap_err();
        assert_eq!(error.code, Code::Undecodable, "{error:?}");
    }
}

#[test]
fn errors_have_the_numbers_of_the_specification() {
    for (code, number) in [
        (Code::IncompatibleVersion, 1),
        (Code::UnsupportedField, 2),
        (Code::InvalidEnvironment, 4),
        (Code::Io, 5),
        (Code::Undecodable, 6),
        (Code::InvalidConfiguration, 7),
        (Code::TryAgainLater, 11),
        (Code::NotAvailable, 50),
        (Code::LimitedConnectivity, 51),
        (Code::AlreadyAttached, 100),
        (Code::NotAttached, 101),
    ] {
        let error = CniError::new(code, "what");
        let plain: Value = serde_json::from_str(&error.json(None)).unwrap();
        assert_eq!(plain, json!({"cniVersion": "1.1.0", "code": number, "msg": "what"}));
        let whole = error.details("why").json(Some("0.4.0"));
        let whole: Value = serde_json::from_str(&whole).unwrap();
        assert_eq!(whole["cniVersion"], "0.4.0");
        assert_eq!(whole["details"], "why");
    }
}

/// What the fuzzer starts from, and what it has found.
#[test]
fn the_fuzzers_corpus_is_planned_or_refused() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/cni");
    let files: Vec<_> = std::fs::read_dir(corpus).unwrap().collect();
    assert!(files.len() >= 3, "{corpus}");
    for file in files {
        any_input::check(&std::fs::read(file.unwrap().path()).unwrap());
    }
}

/// JSON of any shape, with the keys that mean something.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "cniVersion",
        "name",
        "prevResult",
        "args",
        "cni",
        "labels",
        "runtimeConfig",
        "launch",
        "instance",
        "tags",
        "interfaces",
        "ips",
        "address",
        "sandbox",
        "state",
        "image",
        "cni.dev/valid-attachments",
        "containerID",
        "ifname",
        "key",
        "value",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["1.1.0", "host", "pods", "/run/netns/a", "10.0.0.1/8"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_there_is_a_plan_or_an_error(changes in any_json()) {
        any_input::check(changes.to_string().as_bytes());
        // The same with what leads further in.
        if let Value::Object(_) = &changes {
            any_input::check(&configuration(changes));
        }
    }

    #[test]
    fn whatever_bytes_come_there_is_a_plan_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        any_input::check(&bytes);
    }
}
