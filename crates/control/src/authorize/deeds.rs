//! What a request does, as policies see it: an action on a resource, with what is known of both.

use std::collections::{BTreeMap, BTreeSet};

use imds_account::keys;
use imds_ec2::Request;
use imds_ec2::types::RunInstancesRequest;
use serde_json::Value;

use crate::call::{Call, Refusal};
use crate::iam_profiles;
use crate::instances::{self, StoredInstance};
use crate::launch_templates::launch;

/// An action on a resource.
pub(crate) struct Deed {
    /// Such as `ec2:RunInstances`.
    pub(crate) action: String,
    /// An ARN, or `*`.
    pub(crate) resource: String,
    /// Condition keys beside the global ones.
    pub(crate) keys: Keys,
}

type Keys = Vec<(String, Vec<String>)>;

/// The beginnings of ids, and what ARNs call the resource. Images and snapshots belong to no account in
/// them. Source: Service Authorization Reference, "Resource types defined by Amazon EC2".
const RESOURCES: &[(&str, &str, bool)] = &[
    ("ami-", "image", false),
    ("eni-", "network-interface", true),
    ("i-", "instance", true),
    ("key-", "key-pair", true),
    ("lt-", "launch-template", true),
    ("sg-", "security-group", true),
    ("snap-", "snapshot", false),
    ("subnet-", "subnet", true),
    ("vol-", "volume", true),
    ("vpc-", "vpc", true),
];

impl Deed {
    /// An action on a resource of which nothing more is known.
    pub(crate) fn new(action: &str, resource: &str) -> Self {
        Self { action: action.to_owned(), resource: resource.to_owned(), keys: Keys::new() }
    }
}

/// What `request` does. Lists concern no resource in particular, like requests that name none.
pub(super) fn of(call: &Call<'_>, request: &Request) -> Result<Vec<Deed>, Refusal> {
    let name = request.action();
    let action = format!("ec2:{name}");
    if let Request::RunInstances(request) = request {
        return run(call, request, &action);
    }
    let is_list = name.starts_with("Describe") && !name.ends_with("Attribute");
    let json = serde_json::to_value(request).unwrap_or_default();
    let mut common = tag_keys(&json, None);
    common.extend(attribute_keys(name, &json));
    let mut deeds = Vec::new();
    for id in if is_list { BTreeSet::new() } else { ids(call, &json)? } {
        let mut deed = Deed { keys: common.clone(), ..Deed::new(&action, &arn(call, &id)) };
        deed.keys.extend(resource_keys(call, &id)?);
        deeds.push(deed);
    }
    if deeds.is_empty() {
        deeds.push(Deed { keys: common, ..Deed::new(&action, "*") });
    }
    deeds.extend(pass_role(call, &json));
    Ok(deeds)
}

/// A launch is an action on all that it makes and uses.
fn run(call: &Call<'_>, request: &RunInstancesRequest, action: &str) -> Result<Vec<Deed>, Refusal> {
    // A template that cannot be used is the operation's own error.
    let applied = match launch::applied(call, request) {
        Err(Refusal::Fault(_)) => request.clone(),
        applied => applied?,
    };
    let json = serde_json::to_value(&applied).unwrap_or_default();
    let mut shared = Keys::new();
    let template = applied.launch_template.as_ref().and_then(|it| it.launch_template_id.clone());
    if let Some(template) = &template {
        shared.push(("ec2:LaunchTemplate".to_owned(), vec![arn(call, template)]));
    }
    let made = [("instance", true), ("network-interface", false), ("volume", false)];
    let made = made.into_iter().map(|(kind, is_instance)| {
        let resource = owned_arn(call, kind, "*");
        let mut keys = shared.clone();
        keys.extend(tag_keys(&json, Some(kind)));
        if is_instance {
            keys.extend(new_instance_keys(call, &applied));
        }
        Deed { keys, ..Deed::new(action, &resource) }
    });
    let mut deeds: Vec<_> = made.collect();
    for id in ids(call, &json)? {
        let mut keys = shared.clone();
        keys.extend(resource_keys(call, &id)?);
        deeds.push(Deed { keys, ..Deed::new(action, &arn(call, &id)) });
    }
    if let Some(key) = &applied.key_name {
        let resource = owned_arn(call, "key-pair", key);
        deeds.push(Deed { keys: shared, ..Deed::new(action, &resource) });
    }
    deeds.extend(pass_role(call, &json));
    Ok(deeds)
}

/// What a launch says of the instance. What it leaves to the account and the image is absent, as in IAM.
fn new_instance_keys(call: &Call<'_>, request: &RunInstancesRequest) -> Keys {
    let options = request.metadata_options.clone().unwrap_or_default();
    let hops = options.http_put_response_hop_limit.map(|hops| hops.to_string());
    let placement = request.placement.clone().unwrap_or_default();
    let profile = request.iam_instance_profile.as_ref();
    let profile = profile.and_then(|profile| iam_profiles::name(profile, call.account).ok());
    keys([
        ("ec2:InstanceType", request.instance_type.clone()),
        ("ec2:AvailabilityZone", placement.availability_zone),
        ("ec2:Tenancy", Some(placement.tenancy.unwrap_or_else(|| "default".to_owned()))),
        ("ec2:InstanceProfile", profile.map(|name| profile_arn(call, &name))),
        ("ec2:MetadataHttpTokens", options.http_tokens),
        ("ec2:MetadataHttpEndpoint", options.http_endpoint),
        ("ec2:MetadataHttpPutResponseHopLimit", hops),
        ("ec2:InstanceMetadataTags", options.instance_metadata_tags),
    ])
}

/// What an instance that exists is.
fn instance_keys(call: &Call<'_>, instance: &StoredInstance) -> Keys {
    let record = &instance.stored.record;
    let options = &record.options;
    let profile = record.profile.as_ref().map(|profile| profile_arn(call, &profile.name));
    keys([
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

/// What is known of a resource that may exist: its tags, and what it is if it is an instance.
fn resource_keys(call: &Call<'_>, id: &str) -> Result<Keys, Refusal> {
    let mut keys = Keys::new();
    for (tag, value) in call.tags(id)? {
        keys.push((format!("aws:ResourceTag/{tag}"), vec![value.clone()]));
        keys.push((format!("ec2:ResourceTag/{tag}"), vec![value]));
    }
    if id.starts_with("i-") {
        match instances::find(call, id) {
            Ok(instance) => keys.extend(instance_keys(call, &instance)),
            // That it does not exist is the operation's own error.
            Err(Refusal::Fault(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(keys)
}

/// The tags that a request sets on what it makes of a kind, or on what it names.
fn tag_keys(json: &Value, kind: Option<&str>) -> Keys {
    let mut tags = BTreeMap::new();
    let mut add = |list: &Value| {
        for tag in list.as_array().into_iter().flatten() {
            if let Some(key) = tag["key"].as_str() {
                tags.insert(key.to_owned(), tag["value"].as_str().unwrap_or_default().to_owned());
            }
        }
    };
    add(&json["tags"]);
    for specification in json["tag_specifications"].as_array().into_iter().flatten() {
        if kind.is_none_or(|kind| specification["resource_type"] == kind) {
            add(&specification["tags"]);
        }
    }
    if tags.is_empty() {
        return Keys::new();
    }
    let mut keys = vec![("aws:TagKeys".to_owned(), tags.keys().cloned().collect())];
    keys.extend(
        tags.into_iter().map(|(key, value)| (format!("aws:RequestTag/{key}"), vec![value])),
    );
    keys
}

/// `ec2:Attribute`, and `ec2:Attribute/HttpTokens` with the new value, of a request that changes attributes.
fn attribute_keys(action: &str, json: &Value) -> Keys {
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
    let changed: Vec<_> = changed.collect();
    let names = changed.iter().map(|(name, _)| name.clone()).collect();
    let values =
        changed.iter().map(|(name, value)| (format!("ec2:Attribute/{name}"), vec![value.clone()]));
    [("ec2:Attribute".to_owned(), names)].into_iter().chain(values).collect()
}

/// Whoever gives an instance a profile passes its role.
fn pass_role(call: &Call<'_>, json: &Value) -> Option<Deed> {
    let profile = serde_json::from_value(json.get("iam_instance_profile")?.clone()).ok()?;
    let name = iam_profiles::name(&profile, call.account).ok()?;
    let partition = call.region.partition().0;
    let resource = format!("arn:{partition}:iam::{}:role/{name}", call.account);
    let service = keys([("iam:PassedToService", Some("ec2.amazonaws.com".to_owned()))]);
    Some(Deed { keys: service, ..Deed::new("iam:PassRole", &resource) })
}

/// The ids of resources that a request names, wherever it does; a launch template also by its name.
fn ids(call: &Call<'_>, json: &Value) -> Result<BTreeSet<String>, Refusal> {
    let mut ids = BTreeSet::new();
    collect(json, &mut ids);
    let template = &json["launch_template"]["launch_template_name"];
    for name in [&json["launch_template_name"], template].into_iter().filter_map(Value::as_str) {
        let id = call.read(&keys::launch_template_name(&call.region, name))?;
        ids.extend(id.map(|stored| stored.record));
    }
    Ok(ids)
}

fn collect(json: &Value, ids: &mut BTreeSet<String>) {
    match json {
        Value::String(text) if kind(text).is_some() => {
            ids.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, ids)),
        Value::Object(members) => {
            // Tags and filters are about resources, and name none.
            let members =
                members.iter().filter(|(name, _)| !name.contains("tag") && *name != "filters");
            members.for_each(|(_, member)| collect(member, ids));
        }
        _ => {}
    }
}

/// What ARNs call a resource, and whether they name its account.
fn kind(id: &str) -> Option<(&'static str, bool)> {
    let is_hex = |digits: &str| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let known = RESOURCES.iter().find(|(prefix, ..)| id.strip_prefix(prefix).is_some_and(is_hex));
    known.map(|(_, kind, is_owned)| (*kind, *is_owned))
}

fn arn(call: &Call<'_>, id: &str) -> String {
    match kind(id) {
        Some((kind, false)) => {
            format!("arn:{}:ec2:{}::{kind}/{id}", call.region.partition().0, call.region)
        }
        Some((kind, true)) => owned_arn(call, kind, id),
        None => "*".to_owned(),
    }
}

fn owned_arn(call: &Call<'_>, kind: &str, id: &str) -> String {
    let (partition, region, account) = (call.region.partition().0, &call.region, call.account);
    format!("arn:{partition}:ec2:{region}:{account}:{kind}/{id}")
}

fn profile_arn(call: &Call<'_>, name: &str) -> String {
    let partition = call.region.partition().0;
    format!("arn:{partition}:iam::{}:instance-profile/{name}", call.account)
}

fn keys<const N: usize>(keys: [(&str, Option<String>); N]) -> Keys {
    let present = |(key, value): (&str, Option<String>)| Some((key.to_owned(), vec![value?]));
    keys.into_iter().filter_map(present).collect()
}

/// `http_tokens` as `HttpTokens`.
fn camel_case(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('_').map(word).collect()
}
