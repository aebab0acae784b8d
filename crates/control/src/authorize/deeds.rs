//! What a request does, as policies see it: an action on a resource, with what is known of both.
//!
//! Source: Service Authorization Reference, "Actions defined by Amazon EC2".

use imds_ec2::Request;
use serde_json::Value;

use super::condition_keys::{self, Keys};
use super::resources::{self, iam_arn, new_arn};
use crate::call::{Call, Refusal};
use crate::launch_templates::launch;
use crate::{fleets, iam_profiles};

/// An action on a resource.
pub(crate) struct Deed {
    /// Such as `ec2:RunInstances`.
    pub(crate) action: String,
    /// An ARN, or `*`.
    pub(crate) resource: String,
    /// Condition keys beside the global ones.
    pub(crate) keys: Keys,
}

/// What an action makes, as ARNs call it. Key pairs have the name that the request says.
const MADE: &[(&str, &[&str])] = &[
    ("AuthorizeSecurityGroupEgress", &["security-group-rule"]),
    ("AuthorizeSecurityGroupIngress", &["security-group-rule"]),
    ("CreateFleet", &["fleet"]),
    ("CreateImage", &["image", "snapshot"]),
    ("CreateKeyPair", &["key-pair"]),
    ("CreateLaunchTemplate", &["launch-template"]),
    ("CreateNetworkInterface", &["network-interface"]),
    ("CreateSecurityGroup", &["security-group"]),
    ("CreateSnapshot", &["snapshot"]),
    ("ImportKeyPair", &["key-pair"]),
    ("RegisterImage", &["image"]),
    ("RunInstances", &["instance", "network-interface", "volume"]),
];

impl Deed {
    /// An action on a resource of which nothing more is known.
    pub(crate) fn new(action: &str, resource: &str) -> Self {
        Self { action: action.to_owned(), resource: resource.to_owned(), keys: Keys::new() }
    }
}

/// What `request` does: its action on all that it makes and names, and what it does by the way. Lists concern
/// no resource in particular, like requests that name none.
pub(super) fn of(call: &Call<'_>, request: &Request) -> Result<Vec<Deed>, Refusal> {
    let name = request.action();
    let action = format!("ec2:{name}");
    if name.starts_with("Describe") && !name.ends_with("Attribute") {
        return Ok(vec![Deed::new(&action, "*")]);
    }
    let (json, of_instance, shared) = stated(call, name, request)?;
    let mut deeds = Vec::new();
    let made = MADE.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, kinds)| kinds);
    for &kind in made {
        let of_kind = if kind == "instance" { of_instance.clone() } else { Keys::new() };
        let keys = [shared.clone(), condition_keys::of_new_tags(&json, kind), of_kind].concat();
        deeds.push(Deed { keys, ..Deed::new(&action, &made_arn(call, kind, &json)) });
    }
    let mut used = resources::named(call, &json)?;
    if name == "RunInstances" && !used.iter().any(|it| it.arn.contains(":security-group/")) {
        // Without one, a launch is into the default group; a subnet counts only if it is named.
        used.insert(resources::default_group(call));
    }
    used.retain(|it| deeds.iter().all(|made: &Deed| made.resource != it.arn));
    for resource in used {
        let mut keys = shared.clone();
        if let Some(id) = &resource.id {
            keys.extend(condition_keys::of_resource(call, id)?);
        }
        deeds.push(Deed { keys, ..Deed::new(&action, &resource.arn) });
    }
    if deeds.is_empty() {
        deeds.push(Deed { keys: shared, ..Deed::new(&action, "*") });
    }
    if let Request::CreateFleet(request) = request {
        // It launches as `RunInstances` does; one that cannot is the operation's own error.
        for launch in resources::unless_fault(fleets::launches(call, request))?.unwrap_or_default()
        {
            deeds.extend(of(call, &Request::RunInstances(launch))?);
        }
    }
    deeds.extend(create_tags(call, name, &json));
    deeds.extend(pass_role(call, &json));
    Ok(deeds)
}

/// What a request says, what of it is about the instance that it launches, and about all that it concerns.
fn stated(call: &Call<'_>, name: &str, request: &Request) -> Result<(Value, Keys, Keys), Refusal> {
    Ok(match request {
        Request::RunInstances(request) => {
            // A template that cannot be used is the operation's own error.
            let applied = resources::unless_fault(launch::applied(call, request))?;
            let applied = applied.unwrap_or_else(|| request.clone());
            let template = applied.launch_template.as_ref();
            let template = template.and_then(|it| it.launch_template_id.as_deref());
            let template = template.map(|id| new_arn(call, "launch-template", id));
            (
                serde_json::to_value(&applied).unwrap_or_default(),
                condition_keys::of_launch(call, &applied),
                condition_keys::present([("ec2:LaunchTemplate", template)]),
            )
        }
        other => {
            let json = serde_json::to_value(other).unwrap_or_default();
            let mut shared = condition_keys::of_tags(&json);
            shared.extend(condition_keys::of_attributes(name, &json));
            (json, Keys::new(), shared)
        }
    })
}

/// The ARN of what a request makes of a kind.
fn made_arn(call: &Call<'_>, kind: &str, json: &Value) -> String {
    let name = json["key_name"].as_str().filter(|_| kind == "key-pair");
    new_arn(call, kind, name.unwrap_or("*"))
}

/// Whoever makes something with tags also tags it. Source: EC2 User Guide, "Grant permission to tag resources
/// during creation".
fn create_tags(call: &Call<'_>, action: &str, json: &Value) -> Vec<Deed> {
    let kinds = json["tag_specifications"].as_array().into_iter().flatten();
    let kinds = kinds.filter_map(|specification| specification["resource_type"].as_str());
    let tagged = kinds.filter_map(|kind| {
        let mut keys = condition_keys::of_new_tags(json, kind);
        if keys.is_empty() {
            return None;
        }
        keys.push(("ec2:CreateAction".to_owned(), vec![action.to_owned()]));
        Some(Deed { keys, ..Deed::new("ec2:CreateTags", &made_arn(call, kind, json)) })
    });
    tagged.collect()
}

/// Whoever gives an instance a profile passes its role.
fn pass_role(call: &Call<'_>, json: &Value) -> Option<Deed> {
    let profile = serde_json::from_value(json.get("iam_instance_profile")?.clone()).ok()?;
    let name = iam_profiles::name(&profile, call.account).ok().filter(|name| !name.is_empty())?;
    let service = [("iam:PassedToService", Some("ec2.amazonaws.com".to_owned()))];
    let keys = condition_keys::present(service);
    Some(Deed { keys, ..Deed::new("iam:PassRole", &iam_arn(call, "role", &name)) })
}
