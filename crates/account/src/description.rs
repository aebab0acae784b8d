//! How an operator describes the default instance, as a value that one release can compare with that of
//! another release.
//!
//! It has the operator's settings and nothing that is derived from them: a later release may derive
//! something else, or store records of another form, and the same flags still mean the same instance. Every field of a
//! launch is named here, so that the compiler asks about a new one.

use imds_core::Launch;
use imds_core::image::Image;
use imds_core::instance::PublicKey;
use imds_core::launch::{LaunchImage, LaunchInterface, LaunchRole};
use imds_core::network::{SecurityGroup, Subnet, Vpc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The description in `launch`. Values that are unset or empty are left out, so that a field that this
/// release adds makes no difference until it is used.
// long function: a line for each field of a launch, twice.
pub(crate) fn description(launch: &Launch) -> Value {
    let Launch {
        instance_id,
        account,
        image,
        kernel,
        ramdisk,
        instance_type,
        life_cycle,
        region,
        zone,
        placement,
        reservation_id,
        launch_index,
        launched_at,
        monitoring,
        block_devices,
        product_codes,
        interfaces,
        hostname_type,
        elastic_gpus,
        accelerators,
        options,
        role,
        public_key,
        tags,
        user_data,
        events,
        // Set anew at each start: they are never stored.
        identity_keys: _,
        extended_credentials: _,
        extra: _,
        // The Region's, not the operator's.
        ssh_signer: _,
    } = launch;
    without_empty(json!({
        "instance-id": instance_id,
        "account": account,
        "image": image_of(image),
        "kernel": kernel,
        "ramdisk": ramdisk,
        "instance-type": instance_type,
        "life-cycle": life_cycle,
        "region": region,
        "zone": zone,
        "placement": placement,
        "reservation-id": reservation_id,
        "launch-index": launch_index,
        "launched-at": launched_at,
        "monitoring": monitoring,
        "block-devices": block_devices,
        "product-codes": product_codes,
        "interfaces": interfaces.iter().map(interface).collect::<Vec<_>>(),
        "hostname-type": hostname_type,
        "elastic-gpus": elastic_gpus.iter().map(|it| json!([it.id.to_string(), it.document])).collect::<Vec<_>>(),
        "accelerators": accelerators.iter().map(|it| json!([it.id.to_string(), it.kind])).collect::<Vec<_>>(),
        "options": options,
        "role": role.as_ref().map(role_of),
        "public-key": public_key.as_ref().map(|PublicKey { name, openssh }| json!([name, openssh])),
        "tags": tags.iter().map(|tag| json!([tag.key, tag.value])).collect::<Vec<_>>(),
        // It may be large, and secret.
        "user-data-sha256": user_data.as_deref().map(sha256),
        "events": events,
    }))
}

fn image_of(image: &LaunchImage) -> Value {
    match image {
        LaunchImage::WellKnown(image) => json!(image.as_str()),
        LaunchImage::Id(id) => json!(id.as_str()),
        LaunchImage::Image(image) => {
            let Image {
                id,
                imds_v2_support,
                architecture,
                platform,
                virtualization,
                root_device,
                block_devices,
                manifest_path,
                ancestors,
                product_codes,
                kernel,
                ramdisk,
            } = image;
            json!({
                "id": id,
                "imds-v2-support": imds_v2_support,
                "architecture": architecture.as_str(),
                "platform": platform,
                "virtualization": virtualization.as_str(),
                "root-device": root_device,
                "block-devices": block_devices,
                "manifest-path": manifest_path,
                "ancestors": ancestors,
                "product-codes": product_codes,
                "kernel": kernel,
                "ramdisk": ramdisk,
            })
        }
    }
}

fn interface(interface: &LaunchInterface) -> Value {
    let LaunchInterface {
        id,
        device_index,
        network_card,
        mac,
        ipv4,
        ipv6,
        // No setting says it.
        is_without_ipv6: _,
        ipv4_prefixes,
        ipv6_prefixes,
        security_groups,
        subnet,
        vpc,
        owner,
    } = interface;
    let group = |SecurityGroup { id, name }: &SecurityGroup| json!([id.to_string(), name]);
    json!({
        "id": id.as_ref().map(ToString::to_string),
        "device-index": device_index,
        "network-card": network_card,
        "mac": mac,
        "ipv4": ipv4.iter().map(|ipv4| json!([ipv4.address, ipv4.public])).collect::<Vec<_>>(),
        "ipv6": ipv6,
        "ipv4-prefixes": ipv4_prefixes,
        "ipv6-prefixes": ipv6_prefixes,
        "security-groups": security_groups.iter().map(group).collect::<Vec<_>>(),
        "subnet": subnet.as_ref().map(|Subnet { id, zone, ipv4, ipv6 }| json!({
            "id": id, "zone": zone, "ipv4": ipv4, "ipv6": ipv6,
        })),
        "vpc": vpc.as_ref().map(|Vpc { id, ipv4, ipv6, dns_hostnames }| json!({
            "id": id.to_string(), "ipv4": ipv4, "ipv6": ipv6, "dns-hostnames": dns_hostnames,
        })),
        "owner": owner,
    })
}

/// Its credentials are set anew at each start.
fn role_of(LaunchRole { name, profile_name, keys: _, since: _ }: &LaunchRole) -> Value {
    json!({ "name": name, "profile-name": profile_name })
}

fn sha256(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(bytes))
}

/// The value without members that are null or empty. Items of a list keep their places.
fn without_empty(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(key, value)| (key, without_empty(value)));
            Value::Object(members.filter(|(_, value)| !is_empty(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_empty).collect()),
        other => other,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use imds_core::options::Preferences;

    use super::*;

    #[test]
    fn only_settings_are_in_a_description() {
        let nothing = description(&Launch::default());
        let keys: Vec<_> = nothing.as_object().unwrap().keys().cloned().collect();
        // What a launch always has, whatever the settings are.
        assert_eq!(keys, ["hostname-type", "image", "launch-index", "life-cycle"]);
    }

    #[test]
    fn different_settings_have_different_descriptions() {
        let options = |hops: &str| Preferences { hop_limit: hops.parse().ok(), ..<_>::default() };
        let launches = [
            Launch::default(),
            Launch { options: options("2"), ..Launch::default() },
            Launch { options: options("3"), ..Launch::default() },
            Launch { user_data: Some(b"#!/bin/sh".to_vec()), ..Launch::default() },
            Launch { user_data: Some(Vec::new()), ..Launch::default() },
            Launch { instance_id: "i-11111111".parse().ok(), ..Launch::default() },
            Launch { role: Some(LaunchRole::named("one")), ..Launch::default() },
            Launch { role: Some(LaunchRole::named("other")), ..Launch::default() },
        ];
        for (index, one) in launches.iter().enumerate() {
            for (other_index, other) in launches.iter().enumerate() {
                let are_equal = description(one) == description(other);
                assert_eq!(are_equal, index == other_index, "{index} {other_index}");
            }
        }
    }
}
