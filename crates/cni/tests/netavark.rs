//! What Netavark asks, by the documents of its `plugin-API.md`.

use imds_cni::Subject;
use imds_cni::netavark::{attach, create, error, info, status};
use serde_json::{Value, json};

fn container(options: &Value, own: &Value) -> String {
    json!({
        "container_id": "752947ff91f961eb3cb47ffe9315016979f3ffbec09e4d96a4fae3fb03391697",
        "container_name": "web",
        "port_mappings": [],
        "network": {
            "dns_enabled": false,
            "driver": "imds-netavark",
            "id": "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
            "internal": false,
            "ipv6_enabled": false,
            "name": "metadata",
            "network_interface": null,
            "options": options,
            "ipam_options": {"driver": "host-local"},
            "subnets": [],
            "network_dns_servers": null,
        },
        "network_options": {"aliases": ["752947ff91f9"], "interface_name": "eth1", "options": own},
    })
    .to_string()
}

#[test]
fn a_container_has_the_options_of_its_network_and_its_own() {
    let options = json!({"state": "/s", "role": "network", "image": "al2", "tag.team": "a"});
    let input = container(&options, &json!({"role": "own"}));
    let attach = attach("/run/netns/web", input.as_bytes()).unwrap();
    assert_eq!(attach.attachment.network, "metadata");
    assert_eq!(attach.attachment.interface, "eth1");
    assert_eq!(attach.pod.name.as_deref(), Some("web"));
    let Subject::Own(launch) = attach.settings.subject else { panic!() };
    assert_eq!(launch.role.as_deref(), Some("own"));
    assert_eq!(launch.tags["team"], "a");
    for none in [Value::Null, json!({})] {
        let input = container(&none, &json!({"state": "/s"}));
        assert!(imds_cni::netavark::attach("/run/netns/web", input.as_bytes()).is_ok());
    }
}

#[test]
fn a_network_is_checked_and_given_back_as_it_is() {
    let network = json!({
        "name": "metadata", "id": "2f", "driver": "imds-netavark", "network_interface": "enp1",
        "ipv6_enabled": false, "internal": false, "dns_enabled": false,
        "ipam_options": {"driver": "host-local"}, "options": {"state": "/s", "role": "my-role"}, "labels": {},
    });
    let created: Value =
        serde_json::from_str(&create(network.to_string().as_bytes()).unwrap()).unwrap();
    assert_eq!(created, network);
    for (key, value, part) in [
        ("subnets", json!([{"subnet": "10.0.0.0/16"}]), "leave --subnet out"),
        ("options", json!({"state": "/s", "colour": "red"}), "--opt colour is not a setting"),
        ("options", json!({"state": "/s", "instance": "web"}), "an instance id"),
        ("options", json!({"state": "/s", "subnet": "subnet-1"}), "no address to have in it"),
        ("options", json!({"role": "my-role"}), "--opt state is not set"),
        ("options", json!({"role": 1}), "options: "),
    ] {
        let mut network = network.clone();
        network[key] = value;
        let message = create(network.to_string().as_bytes()).unwrap_err();
        assert!(message.contains(part), "{message}");
    }
    assert!(create(b"[]").unwrap_err().contains("not a network of Netavark"));
}

#[test]
fn what_is_printed_has_the_fields_of_the_protocol() {
    let said = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    assert_eq!(said(info("0.1.0")), json!({"version": "0.1.0", "api_version": "1.0.0"}));
    assert_eq!(said(error("why")), json!({"error": "why"}));
    assert!(said(status())["interfaces"].is_object());
    assert!(attach("web", b"{}").unwrap_err().contains("not a container of Netavark"));
    let input = container(&json!({"state": "/s"}), &Value::Null);
    assert!(attach("web", input.as_bytes()).unwrap_err().contains("\"web\" is not a network"));
}
