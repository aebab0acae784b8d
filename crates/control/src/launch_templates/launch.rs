//! What a launch takes from a launch template, and a launch template from an instance.

use imds_account::records::Tags;
use imds_core::instance::LifeCycle;
use imds_ec2::parameters;
use imds_ec2::types::{
    GetLaunchTemplateDataRequest, GetLaunchTemplateDataResult, RunInstancesRequest,
};
use serde_json::{Value, json};

use super::find::find;
use super::{data, version};
use crate::call::{Call, Refusal};
use crate::instances::{self, attribute_names as names};
use crate::{parameter_store, tag_values};

/// A launch with what its template says below what it says itself, and with its image by id.
pub(crate) fn applied(
    call: &Call<'_>,
    request: &RunInstancesRequest,
) -> Result<RunInstancesRequest, Refusal> {
    let mut joined = joined(call, request)?;
    if joined.launch_template.is_some() {
        // A template keeps all; what a launch refuses, it refuses from there too.
        parameters::check_members("RunInstances", &data::json(&joined))?;
    }
    if let Some(image) = &joined.image_id {
        joined.image_id = Some(parameter_store::image_id(call, image)?);
    }
    Ok(joined)
}

fn joined(call: &Call<'_>, request: &RunInstancesRequest) -> Result<RunInstancesRequest, Refusal> {
    let Some(named) = &request.launch_template else { return Ok(request.clone()) };
    let id = named.launch_template_id.as_deref();
    let template = find(call, id, named.launch_template_name.as_deref())?;
    let version = named.version.as_deref().unwrap_or("$Default");
    let (number, version) = version::find(call, &template, version)?;
    let mut below = version.data;
    if let Value::Object(members) = &mut below
        && let Some(ramdisk) = members.remove("ram_disk_id")
    {
        // The one member that a launch has under another name.
        members.insert("ramdisk_id".to_owned(), ramdisk);
    }
    let mut joined: RunInstancesRequest =
        data::from_json(data::overlay(data::without_gaps(data::json(request)), &below))?;
    // How many is never the template's affair.
    (joined.min_count, joined.max_count) = (request.min_count, request.max_count);
    joined.launch_template = Some(imds_ec2::types::LaunchTemplateSpecification {
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
    request: &GetLaunchTemplateDataRequest,
) -> Result<GetLaunchTemplateDataResult, Refusal> {
    let instance = instances::find(call, &request.instance_id)?;
    // What EC2 has tagged it with, nobody can say in a template.
    let mut its_tags = instance.tags().clone();
    its_tags.retain(|key, _| !tag_values::is_reserved(key));
    let text = |name| instance.attribute(name);
    let flag = |name| instance.attribute(name).map(|value| value == "true");
    let record = &instance.stored.record;
    let placement = &record.placement;
    let mut data = json!({
        "image_id": record.image.id,
        "kernel_id": record.kernel.as_ref().map(ToString::to_string),
        "ram_disk_id": record.ramdisk.as_ref().map(ToString::to_string),
        "instance_type": record.instance_type,
        "key_name": record.key.as_ref().map(|key| &key.name),
        "user_data": record.user_data,
        "monitoring": record.monitoring.map(|monitoring| json!({ "enabled": monitoring.is_enabled() })),
        "ebs_optimized": flag(names::EBS_OPTIMIZED),
        "disable_api_stop": flag(names::DISABLE_API_STOP),
        "disable_api_termination": flag(names::DISABLE_API_TERMINATION),
        "instance_initiated_shutdown_behavior": text(names::SHUTDOWN_BEHAVIOR),
        "placement": {
            "availability_zone": record.zone,
            "affinity": text(names::AFFINITY),
            "group_name": placement.group_name,
            "group_id": placement.group_id.as_ref().map(ToString::to_string),
            "host_id": placement.host_id.as_ref().map(ToString::to_string),
            "partition_number": placement.partition_number,
            "tenancy": text(names::TENANCY).unwrap_or("default"),
        },
        "iam_instance_profile": record.profile.as_ref().map(|profile| json!({ "name": profile.name })),
        "private_dns_name_options": {
            "hostname_type": names::hostname_type(record.hostname_type),
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
        let spot_type = text(names::SPOT_INSTANCE_TYPE);
        data["instance_market_options"] =
            json!({ "market_type": "spot", "spot_options": { "spot_instance_type": spot_type } });
    }
    if !its_tags.is_empty() {
        data["tag_specifications"] =
            json!([{ "resource_type": "instance", "tags": tag_values::shape(&its_tags) }]);
    }
    Ok(GetLaunchTemplateDataResult { launch_template_data: Some(data::from_json(data)?) })
}
