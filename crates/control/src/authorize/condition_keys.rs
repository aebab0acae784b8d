//! The condition keys of EC2: of what is launched, of what exists, of the tags and the attributes in a request.
//!
//! Source: Service Authorization Reference, "Condition keys for Amazon EC2".

use std::collections::BTreeMap;

use imds_ec2::types::RunInstancesRequest;
use serde_json::Value;

use super::resources::{iam_arn, unless_fault};
use crate::call::{Call, Refusal};
use crate::iam_profiles;
use crate::instances::{self, StoredInstance};

/// Condition keys with their values.
pub(crate) type Keys = Vec<(String, Vec<String>)>;

/// What a launch says of the instance. What it leaves to the account and the image is absent, as in IAM.
pub(super) fn of_launch(call: &Call<'_>, request: &RunInstancesRequest) -> Keys {
    let options = request.metadata_options.clone().unwrap_or_default();
    let hops = options.http_put_response_hop_limit.map(|hops| hops.to_string());
    let placement = request.placement.clone().unwrap_or_default();
    let profile = request.iam_instance_profile.as_ref();
    let profile = profile.and_then(|profile| iam_profiles::name(profile, call.account).ok());
    present([
        ("ec2:InstanceType", request.instance_type.clone()),
        ("ec2:AvailabilityZone", placement.availability_zone),
        ("ec2:Tenancy", Some(placement.tenancy.unwrap_or_else(|| "default".to_owned()))),
        ("ec2:InstanceProfile", profile.map(|name| iam_arn(call, "instance-profile", &name))),
        ("ec2:MetadataHttpTokens", options.http_tokens),
        ("ec2:MetadataHttpEndpoint", options.http_endpoint),
        ("ec2:MetadataHttpPutResponseHopLimit", hops),
        ("ec2:InstanceMetadataTags", options.instance_metadata_tags),
    ])
}

/// What is known of a resource that may exist: its tags, and what it is if it is an instance.
pub(super) fn of_resource(call: &Call<'_>, id: &str) -> Result<Keys, Refusal> {
    let mut keys = Keys::new();
    for (tag, value) in call.tags(id)? {
        keys.push((format!("aws:ResourceTag/{tag}"), vec![value.clone()]));
        keys.push((format!("ec2:ResourceTag/{tag}"), vec![value]));
    }
    if id.starts_with("i-") {
        let instance = unless_fault(instances::find(call, id))?;
        keys.extend(instance.map(|instance| of_instance(call, &instance)).unwrap_or_default());
    }
    Ok(keys)
}

fn of_instance(call: &Call<'_>, instance: &StoredInstance) -> Keys {
    let record = &instance.stored.record;
    let options = &record.options;
    let profile = record.profile.as_ref();
    let profile = profile.map(|profile| iam_arn(call, "instance-profile", &profile.name));
    present([
        ("ec2:InstanceID", Some(instance.id.to_string())),
        ("ec2:InstanceType", Some(record.instance_type.to_string())),
        ("ec2:AvailabilityZone", Some(record.zone.to_string())),
        ("ec2:InstanceProfile", profile),
        ("ec2:RootDeviceType", Some("ebs".to_owned())),
        ("ec2:MetadataHttpTokens", Some(options.http_tokens.to_string())),
        ("ec2:MetadataHttpEndpoint", Some(options.http_endpoint.to_string())),
        ("ec2:MetadataHttpPutResponseHopLimit", Some(options.hop_limit.to_string())),
        ("ec2:InstanceMetadataTags", Some(options.instance_metadata_tags.to_string())),
    ])
}

/// The tags that a request sets on what it names.
pub(super) fn of_tags(json: &Value) -> Keys {
    of_tag_lists([&json["tags"]])
}

/// The tags that a request sets on what it makes of a kind.
pub(super) fn of_new_tags(json: &Value, kind: &str) -> Keys {
    let all = json["tag_specifications"].as_array().into_iter().flatten();
    let of_kind = all.filter(|specification| specification["resource_type"] == kind);
    of_tag_lists(of_kind.map(|specification| &specification["tags"]))
}

fn of_tag_lists<'a>(lists: impl IntoIterator<Item = &'a Value>) -> Keys {
    let tags = lists.into_iter().filter_map(Value::as_array).flatten();
    let tags: BTreeMap<&str, &str> = tags
        .filter_map(|tag| Some((tag["key"].as_str()?, tag["value"].as_str().unwrap_or_default())))
        .collect();
    if tags.is_empty() {
        return Keys::new();
    }
    let names = tags.keys().map(|&key| key.to_owned()).collect();
    let values = tags
        .iter()
        .map(|(key, value)| (format!("aws:RequestTag/{key}"), vec![(*value).to_owned()]));
    [("aws:TagKeys".to_owned(), names)].into_iter().chain(values).collect()
}

/// `ec2:Attribute`, and `ec2:Attribute/HttpTokens` with the new value, of a request that changes attributes.
pub(super) fn of_attributes(action: &str, json: &Value) -> Keys {
    const NOT_ATTRIBUTES: [&str; 4] = ["instance_id", "dry_run", "attribute", "value"];
    let is_change = ["ModifyInstanceMetadataOptions", "ModifyInstanceAttribute"].contains(&action);
    let Some(members) = json.as_object().filter(|_| is_change) else { return Keys::new() };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    let changed = members.iter().filter(|(name, _)| !NOT_ATTRIBUTES.contains(&name.as_str()));
    let changed = changed.filter_map(|(name, value)| {
        Some((camel_case(name), text(value).or_else(|| text(&value["value"]))?))
    });
    // The form with `Attribute=instanceType` and `Value`.
    let by_name = json["attribute"].as_str().zip(text(&json["value"]));
    let by_name = by_name.map(|(name, value)| (capitalized(name), value));
    let changed: Vec<_> = changed.chain(by_name).collect();
    let names = changed.iter().map(|(name, _)| name.clone()).collect();
    let values =
        changed.iter().map(|(name, value)| (format!("ec2:Attribute/{name}"), vec![value.clone()]));
    [("ec2:Attribute".to_owned(), names)].into_iter().chain(values).collect()
}

/// The keys that have a value.
pub(super) fn present<const N: usize>(keys: [(&str, Option<String>); N]) -> Keys {
    let present = |(key, value): (&str, Option<String>)| Some((key.to_owned(), vec![value?]));
    keys.into_iter().filter_map(present).collect()
}

/// `http_tokens` as `HttpTokens`.
fn camel_case(name: &str) -> String {
    name.split('_').map(capitalized).collect()
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
