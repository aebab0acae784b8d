//! The resources that a request names, and their ARNs.

use std::collections::BTreeSet;

use imds_account::keys;
use serde_json::Value;

use crate::call::{Call, Refusal};
use crate::network_interfaces::attachment;
use crate::security_groups::find;
use crate::{iam_profiles, key_pairs};

/// A resource that a request names.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Resource {
    pub(super) arn: String,
    /// Its id, unless it is named otherwise and does not exist.
    pub(super) id: Option<String>,
}

/// The beginnings of ids, and what ARNs call the resource.
const KINDS: &[(&str, &str)] = &[
    ("ami-", "image"),
    ("eni-", "network-interface"),
    ("i-", "instance"),
    ("key-", "key-pair"),
    ("lt-", "launch-template"),
    ("sg-", "security-group"),
    ("sgr-", "security-group-rule"),
    ("snap-", "snapshot"),
    ("subnet-", "subnet"),
    ("vol-", "volume"),
    ("vpc-", "vpc"),
];

/// Members that name no resource, whatever their values look like: tags and filters are about resources, the
/// data of a launch template is for a launch, and the others are free text.
const NOT_RESOURCES: [&str; 6] =
    ["client_token", "description", "filters", "launch_template_data", "name", "user_data"];

/// The resources that a request names: by id, wherever it does; a launch template, a key pair and a security group
/// also by name, an instance and its interface by that one is associated or attached.
pub(super) fn named(call: &Call<'_>, json: &Value) -> Result<BTreeSet<Resource>, Refusal> {
    let mut ids = BTreeSet::new();
    collect(json, &mut ids);
    let of_fleet = json["launch_template_configs"].as_array().into_iter().flatten();
    let of_fleet = of_fleet.map(|config| &config["launch_template_specification"]);
    let templates = [json, &json["launch_template"]].into_iter().chain(of_fleet);
    for name in templates.filter_map(|it| it["launch_template_name"].as_str()) {
        let id = call.read(&keys::launch_template_name(&call.region, name))?;
        ids.extend(id.map(|stored| stored.record));
    }
    let of_launch = json["security_groups"].as_array().into_iter().flatten();
    for name in of_launch.chain([&json["group_name"]]).filter_map(Value::as_str) {
        let group = unless_fault(find::by_name(call, name))?;
        ids.extend(group.map(|group| group.id.to_string()));
    }
    if let Some(association) = json["association_id"].as_str() {
        let instance = unless_fault(iam_profiles::find(call, association))?;
        ids.extend(instance.map(|instance| instance.id.to_string()));
    }
    if let Some(attachment) = json["attachment_id"].as_str() {
        ids.extend(attachment::ends(call, attachment)?.into_iter().flatten());
    }
    let mut resources = BTreeSet::new();
    for id in ids {
        let arn = arn(call, &id)?;
        resources.insert(Resource { arn, id: Some(id) });
    }
    if let Some(name) = json["key_name"].as_str() {
        let stored = call.read(&keys::key_pair(&call.region, name))?;
        let id = stored.map(|stored| stored.record.id);
        resources.insert(Resource { arn: new_arn(call, "key-pair", name), id });
    }
    Ok(resources)
}

/// The group of what is launched into none in particular.
pub(super) fn default_group(call: &Call<'_>) -> Resource {
    let id = call.network.security_group(&call.region).id.to_string();
    Resource { arn: new_arn(call, "security-group", &id), id: Some(id) }
}

/// What was found; nothing if it does not exist, which is the operation's own error.
pub(super) fn unless_fault<T>(found: Result<T, Refusal>) -> Result<Option<T>, Refusal> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Refusal::Fault(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn collect(json: &Value, ids: &mut BTreeSet<String>) {
    match json {
        Value::String(text) if kind(text).is_some() => {
            ids.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, ids)),
        Value::Object(members) => {
            let is_one = |name: &str| !name.contains("tag") && !NOT_RESOURCES.contains(&name);
            let members = members.iter().filter(|(name, _)| is_one(name));
            members.for_each(|(_, member)| collect(member, ids));
        }
        _ => {}
    }
}

/// What ARNs call a resource with this id.
fn kind(id: &str) -> Option<&'static str> {
    let is_hex = |digits: &str| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let known = KINDS.iter().find(|(prefix, _)| id.strip_prefix(prefix).is_some_and(is_hex));
    known.map(|(_, kind)| *kind)
}

/// The ARN of what has this id. That of a key pair has its name.
fn arn(call: &Call<'_>, id: &str) -> Result<String, Refusal> {
    let Some(kind) = kind(id) else { return Ok("*".to_owned()) };
    let name = if kind == "key-pair" { key_pairs::name(call, id)? } else { None };
    Ok(new_arn(call, kind, name.as_deref().unwrap_or(id)))
}

/// The ARN of a resource; `*` stands for one that gets its id when it is made. Images and snapshots belong to no
/// account in ARNs. Source: Service Authorization Reference, "Resource types defined by Amazon EC2".
pub(super) fn new_arn(call: &Call<'_>, kind: &str, name: &str) -> String {
    let (partition, region) = (call.region.partition().0, &call.region);
    let account = if matches!(kind, "image" | "snapshot") { "" } else { call.account.as_str() };
    format!("arn:{partition}:ec2:{region}:{account}:{kind}/{name}")
}

/// The ARN of something of IAM.
pub(super) fn iam_arn(call: &Call<'_>, kind: &str, name: &str) -> String {
    format!("arn:{}:iam::{}:{kind}/{name}", call.region.partition().0, call.account)
}
