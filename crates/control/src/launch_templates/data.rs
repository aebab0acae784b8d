//! What a version of a launch template says, kept as JSON.
//!
//! The structures that a template is made with, that it is shown as, and that a launch is asked for
//! with name their members alike: one becomes another by name.

use imds_account::records::Tags;
use imds_core::instance::LifeCycle;
use imds_ec2::Fault;
use imds_ec2::shapes::{
    GetLaunchTemplateDataRequest, GetLaunchTemplateDataResult,
    LaunchTemplateInstanceMetadataOptionsRequest, RequestLaunchTemplateData,
    ResponseLaunchTemplateData, RunInstancesRequest,
};
use serde_json::{Map, Value, json};

use super::{find, versions};
use crate::call::{Call, Refusal};
use crate::instances::{self, attributes};
use crate::tags;

/// What `said` says, if all of it can be.
pub(super) fn checked(said: &RequestLaunchTemplateData) -> Result<Value, Fault> {
    if let Some(options) = &said.metadata_options {
        check_options(options)?;
    }
    let said = without_gaps(json(said));
    match &said {
        Value::Object(members) if members.is_empty() => {
            Err(Fault::missing_parameter("LaunchTemplateData"))
        }
        _ => Ok(said),
    }
}

/// Words as EC2's, which differ from those at launch.
fn check_options(options: &LaunchTemplateInstanceMetadataOptionsRequest) -> Result<(), Fault> {
    let either = |name: &str, value: Option<&String>, one: &str, other: &str| match value {
        Some(value) if value != one && value != other => {
            Err(Fault::invalid_parameter_value(format!(
                "A value of ‘{value}’ is not valid for {name}. Valid values are ‘{one}’ or ‘{other}’."
            )))
        }
        _ => Ok(()),
    };
    either("http-tokens", options.http_tokens.as_ref(), "required", "optional")?;
    for (name, switch) in [
        ("http-endpoint", &options.http_endpoint),
        ("http-protocol-ipv6", &options.http_protocol_ipv6),
        ("instance-metadata-tags", &options.instance_metadata_tags),
    ] {
        either(name, switch.as_ref(), "enabled", "disabled")?;
    }
    match options.http_put_response_hop_limit {
        Some(hops) if !(1..=64).contains(&hops) => Err(Fault::invalid_parameter_value(format!(
            "A value of ‘{hops}’ is not valid for http-put-response-hop-limit. Valid values are \
             between ‘1’ and ‘64’."
        ))),
        _ => Ok(()),
    }
}

/// The data as it is shown.
pub(super) fn shape(data: &Value) -> Result<ResponseLaunchTemplateData, Fault> {
    from_json(data.clone())
}

/// `upper`, and what only `lower` says; the metadata options each by itself.
pub(super) fn overlay(upper: Value, lower: &Value) -> Value {
    let (Value::Object(mut upper), Value::Object(lower)) = (upper, lower) else {
        return lower.clone();
    };
    for (name, below) in lower {
        let joined = match upper.remove(name) {
            None => below.clone(),
            Some(above) if name == "metadata_options" => overlay(above, below),
            Some(above) => above,
        };
        upper.insert(name.clone(), joined);
    }
    Value::Object(upper)
}

/// A launch with what its template says below what it says itself.
pub(crate) fn applied(
    call: &Call<'_>,
    asked: &RunInstancesRequest,
) -> Result<RunInstancesRequest, Refusal> {
    let Some(named) = &asked.launch_template else { return Ok(asked.clone()) };
    let id = named.launch_template_id.as_deref();
    let template = find(call, id, named.launch_template_name.as_deref())?;
    let version = named.version.as_deref().unwrap_or("$Default");
    let (number, version) = versions::find(call, &template, version)?;
    let mut below = version.data;
    if let Value::Object(members) = &mut below
        && let Some(ramdisk) = members.remove("ram_disk_id")
    {
        // The one member that a launch has under another name.
        members.insert("ramdisk_id".to_owned(), ramdisk);
    }
    let mut joined: RunInstancesRequest = from_json(overlay(without_gaps(json(asked)), &below))?;
    // How many is never the template's affair.
    (joined.min_count, joined.max_count) = (asked.min_count, asked.max_count);
    joined.launch_template = Some(imds_ec2::shapes::LaunchTemplateSpecification {
        launch_template_id: Some(template.id),
        launch_template_name: None,
        version: Some(number.to_string()),
    });
    Ok(joined)
}

/// The tags that EC2 itself gives to what is launched from a template, once it is [`applied`].
pub(crate) fn tags_of_launch(applied: &RunInstancesRequest) -> Tags {
    let Some(template) = &applied.launch_template else { return Tags::new() };
    let tags = [("id", &template.launch_template_id), ("version", &template.version)];
    let tags = tags.into_iter().filter_map(|(name, value)| {
        Some((format!("aws:ec2launchtemplate:{name}"), value.clone()?))
    });
    tags.collect()
}

/// What a template would have to say to launch an instance like this one.
pub(crate) fn of_instance(
    call: &Call<'_>,
    asked: &GetLaunchTemplateDataRequest,
) -> Result<GetLaunchTemplateDataResult, Refusal> {
    let found = instances::find(call, &asked.instance_id)?;
    // What EC2 has tagged it with, nobody can say in a template.
    let mut its_tags = found.tags();
    its_tags.retain(|key, _| !tags::is_reserved(key));
    let text = |name| found.attribute(name);
    let flag = |name| found.attribute(name).map(|value| value == "true");
    let record = &found.kept.record;
    let placement = &record.placement;
    let mut data = json!({
        "image_id": record.image.id,
        "kernel_id": record.kernel.as_ref().map(ToString::to_string),
        "ram_disk_id": record.ramdisk.as_ref().map(ToString::to_string),
        "instance_type": record.instance_type,
        "key_name": record.key.as_ref().map(|key| &key.name),
        "user_data": record.user_data,
        "monitoring": record.monitoring.map(|monitoring| json!({ "enabled": monitoring.is_enabled() })),
        "ebs_optimized": flag(attributes::EBS_OPTIMIZED),
        "disable_api_stop": flag(attributes::DISABLE_API_STOP),
        "disable_api_termination": flag(attributes::DISABLE_API_TERMINATION),
        "instance_initiated_shutdown_behavior": text(attributes::SHUTDOWN_BEHAVIOR),
        "placement": {
            "availability_zone": record.zone,
            "affinity": text(attributes::AFFINITY),
            "group_name": placement.group_name,
            "group_id": placement.group_id.as_ref().map(ToString::to_string),
            "host_id": placement.host_id.as_ref().map(ToString::to_string),
            "partition_number": placement.partition_number,
            "tenancy": text(attributes::TENANCY).unwrap_or("default"),
        },
        "iam_instance_profile": record.profile.as_ref().map(|profile| json!({ "name": profile.name })),
        "private_dns_name_options": {
            "hostname_type": attributes::hostname_type(record.hostname_type),
        },
        "metadata_options": {
            "http_tokens": record.options.http_tokens,
            "http_put_response_hop_limit": record.options.hop_limit.get(),
            "http_endpoint": record.options.http_endpoint,
            "http_protocol_ipv6": record.options.http_protocol_ipv6,
            "instance_metadata_tags": record.options.instance_metadata_tags,
        },
    });
    if record.life_cycle == LifeCycle::Spot {
        let spot_type = text(attributes::SPOT_INSTANCE_TYPE);
        data["instance_market_options"] =
            json!({ "market_type": "spot", "spot_options": { "spot_instance_type": spot_type } });
    }
    if !its_tags.is_empty() {
        data["tag_specifications"] =
            json!([{ "resource_type": "instance", "tags": tags::shape(&its_tags) }]);
    }
    Ok(GetLaunchTemplateDataResult { launch_template_data: Some(from_json(data)?) })
}

/// A structure of the API as JSON.
fn json(structure: &impl serde::Serialize) -> Value {
    serde_json::to_value(structure).unwrap_or_else(|_| unreachable!("their members have names"))
}

/// The structure of the API with these members; those that it does not have are left out.
fn from_json<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| {
        tracing::error!(%error, "a launch template is not in the form that this release writes");
        Fault::internal()
    })
}

/// Without what was not said: neither `null` nor an empty list says anything.
fn without_gaps(value: Value) -> Value {
    let says_something = |value: &Value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    };
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(name, value)| (name, without_gaps(value)));
            Value::Object(members.filter(|(_, value)| says_something(value)).collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(without_gaps).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use imds_ec2::shapes::{
        InstanceMetadataOptionsRequest, LaunchTemplatePlacementRequest, Placement,
    };

    use super::*;

    #[test]
    fn a_launch_wins_over_its_template_and_each_metadata_option_by_itself() {
        let template = checked(&RequestLaunchTemplateData {
            image_id: Some("ami-1".to_owned()),
            instance_type: Some("t3.micro".to_owned()),
            placement: Some(LaunchTemplatePlacementRequest {
                availability_zone: Some("us-east-1b".to_owned()),
                ..Default::default()
            }),
            metadata_options: Some(LaunchTemplateInstanceMetadataOptionsRequest {
                http_tokens: Some("required".to_owned()),
                http_put_response_hop_limit: Some(2),
                ..Default::default()
            }),
            ..Default::default()
        });
        let launch = RunInstancesRequest {
            instance_type: Some("t2.micro".to_owned()),
            metadata_options: Some(InstanceMetadataOptionsRequest {
                http_put_response_hop_limit: Some(3),
                ..Default::default()
            }),
            ..Default::default()
        };
        let joined = overlay(without_gaps(json(&launch)), &template.unwrap());
        let joined: RunInstancesRequest = from_json(joined).unwrap();
        assert_eq!(joined.image_id.as_deref(), Some("ami-1"));
        assert_eq!(joined.instance_type.as_deref(), Some("t2.micro"));
        let zone =
            Placement { availability_zone: Some("us-east-1b".to_owned()), ..Default::default() };
        assert_eq!(joined.placement, Some(zone));
        let options = joined.metadata_options.unwrap();
        assert_eq!(options.http_tokens.as_deref(), Some("required"));
        assert_eq!(options.http_put_response_hop_limit, Some(3));
        assert_eq!(options.http_endpoint, None);
    }

    #[test]
    fn every_member_is_shown_as_it_was_said() {
        let said = RequestLaunchTemplateData {
            user_data: Some(imds_ec2::Sensitive("IyEvYmluL3No".to_owned())),
            security_group_ids: vec!["sg-1".to_owned()],
            disable_api_stop: Some(true),
            ram_disk_id: Some("ari-1".to_owned()),
            ..Default::default()
        };
        let shown = shape(&checked(&said).unwrap()).unwrap();
        assert_eq!(shown.user_data, said.user_data);
        assert_eq!(shown.security_group_ids, said.security_group_ids);
        assert_eq!(shown.disable_api_stop, Some(true));
        assert_eq!(shown.ram_disk_id, said.ram_disk_id);
    }

    #[test]
    fn options_are_refused_in_ec2s_words() {
        let said = RequestLaunchTemplateData {
            metadata_options: Some(LaunchTemplateInstanceMetadataOptionsRequest {
                http_endpoint: Some(String::new()),
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(
            checked(&said).unwrap_err().message,
            "A value of ‘’ is not valid for http-endpoint. Valid values are ‘enabled’ or ‘disabled’."
        );
    }
}
