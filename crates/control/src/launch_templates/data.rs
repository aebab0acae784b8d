//! What a version of a launch template says, kept as JSON.
//!
//! The structures that a template is made with, that it is shown as, and that a launch is asked for
//! with name their members alike: one becomes another by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::launch::MAX_USER_DATA;
use imds_ec2::Fault;
use imds_ec2::types::{
    LaunchTemplateInstanceMetadataOptionsRequest, RequestLaunchTemplateData,
    ResponseLaunchTemplateData,
};
use serde_json::{Map, Value};

/// The settings as JSON, if they are valid.
pub(super) fn checked(settings: &RequestLaunchTemplateData) -> Result<Value, Fault> {
    if let Some(options) = &settings.metadata_options {
        check_options(options)?;
    }
    if let Some(user_data) = &settings.user_data {
        check_user_data(&user_data.0)?;
    }
    let settings = without_gaps(json(settings));
    match &settings {
        Value::Object(members) if members.is_empty() => {
            Err(Fault::missing_parameter("LaunchTemplateData"))
        }
        _ => Ok(settings),
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

/// Source: EC2 API, "Error codes": `InvalidUserData.Malformed`.
fn check_user_data(text: &str) -> Result<(), Fault> {
    let malformed = |message: &str| Fault::client("InvalidUserData.Malformed", message);
    let bytes = STANDARD.decode(text);
    let bytes = bytes.map_err(|_| malformed("Invalid BASE64 encoding of user data."))?;
    if bytes.len() > MAX_USER_DATA {
        return Err(malformed("User data is limited to 16384 bytes"));
    }
    Ok(())
}

/// The data as it is shown; `None` if it is not in the form that this release writes.
pub(super) fn shape(data: &Value) -> Option<ResponseLaunchTemplateData> {
    serde_json::from_value(data.clone()).ok()
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

/// A structure of the API as JSON.
pub(super) fn json(structure: &impl serde::Serialize) -> Value {
    serde_json::to_value(structure).unwrap_or_else(|_| unreachable!("their members have names"))
}

/// The structure of the API with these members; those that it does not have are left out.
pub(super) fn from_json<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| {
        // Not the error's own words: they show the value, which may be secret.
        let category = error.classify();
        tracing::error!(?category, "a launch template is not in the form that this release writes");
        Fault::internal()
    })
}

/// Without members that set nothing: `null` and empty lists.
pub(super) fn without_gaps(value: Value) -> Value {
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
    use imds_ec2::types::{
        InstanceMetadataOptionsRequest, LaunchTemplatePlacementRequest, Placement,
        RunInstancesRequest,
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
        let settings = RequestLaunchTemplateData {
            user_data: Some(imds_ec2::Sensitive("IyEvYmluL3No".to_owned())),
            security_group_ids: vec!["sg-1".to_owned()],
            disable_api_stop: Some(true),
            ram_disk_id: Some("ari-1".to_owned()),
            ..Default::default()
        };
        let shown = shape(&checked(&settings).unwrap()).unwrap();
        assert_eq!(shown.user_data, settings.user_data);
        assert_eq!(shown.security_group_ids, settings.security_group_ids);
        assert_eq!(shown.disable_api_stop, Some(true));
        assert_eq!(shown.ram_disk_id, settings.ram_disk_id);
    }

    #[test]
    fn options_are_refused_in_ec2s_words() {
        let settings = RequestLaunchTemplateData {
            metadata_options: Some(LaunchTemplateInstanceMetadataOptionsRequest {
                http_endpoint: Some(String::new()),
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(
            checked(&settings).unwrap_err().message,
            "A value of ‘’ is not valid for http-endpoint. Valid values are ‘enabled’ or ‘disabled’."
        );
    }
}
