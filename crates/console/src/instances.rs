//! Instances and their metadata options, by the calls of the EC2 API.

use imds_account::clock::unix_ms;
use imds_control::Control;
use imds_core::placement::Region;
use imds_ec2::types::{
    DescribeInstancesRequest, Instance, InstanceMetadataOptionsResponse,
    ModifyInstanceMetadataOptionsRequest,
};
use serde::{Deserialize, Serialize};

use crate::error::Refused;

/// How many instances a page has.
const PAGE: i32 = 100;

/// A page of the instances of a Region.
#[derive(Serialize)]
pub(crate) struct InstancePage {
    pub(crate) region: String,
    pub(crate) instances: Vec<InstanceFacts>,
    /// Asks for the next page, if there is one.
    pub(crate) next: Option<String>,
}

/// The Regions that have instances, and the one that is meant where none is named.
#[derive(Serialize)]
pub(crate) struct Regions {
    pub(crate) regions: Vec<String>,
    pub(crate) default: String,
}

/// An instance, as the console shows it.
#[derive(Serialize)]
pub(crate) struct InstanceFacts {
    pub(crate) id: String,
    /// The value of the tag `Name`.
    pub(crate) name: Option<String>,
    pub(crate) region: String,
    pub(crate) availability_zone: String,
    pub(crate) instance_type: String,
    /// `pending`, `running`, `stopping`, …
    pub(crate) state: String,
    pub(crate) image_id: String,
    pub(crate) private_ip_address: Option<String>,
    pub(crate) public_ip_address: Option<String>,
    pub(crate) iam_instance_profile: Option<String>,
    pub(crate) launch_time: Option<String>,
    pub(crate) metadata_options: MetadataOptionsFacts,
}

/// Metadata options, with EC2's names and values.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MetadataOptionsFacts {
    /// `pending` until the metadata service obeys them, then `applied`.
    pub(crate) state: String,
    pub(crate) http_endpoint: String,
    pub(crate) http_protocol_ipv6: String,
    pub(crate) http_tokens: String,
    pub(crate) http_put_response_hop_limit: i32,
    pub(crate) instance_metadata_tags: String,
}

/// What is to change; what is not stated stays.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OptionsChange {
    pub(crate) http_endpoint: Option<String>,
    pub(crate) http_protocol_ipv6: Option<String>,
    pub(crate) http_tokens: Option<String>,
    pub(crate) http_put_response_hop_limit: Option<i32>,
    pub(crate) instance_metadata_tags: Option<String>,
}

impl MetadataOptionsFacts {
    fn new(options: InstanceMetadataOptionsResponse) -> Self {
        Self {
            state: options.state.unwrap_or_default(),
            http_endpoint: options.http_endpoint.unwrap_or_default(),
            http_protocol_ipv6: options.http_protocol_ipv6.unwrap_or_default(),
            http_tokens: options.http_tokens.unwrap_or_default(),
            http_put_response_hop_limit: options.http_put_response_hop_limit.unwrap_or_default(),
            instance_metadata_tags: options.instance_metadata_tags.unwrap_or_default(),
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.state == "pending"
    }
}

impl InstanceFacts {
    fn new(region: &Region, instance: Instance) -> Self {
        let mut tags = instance.tags.into_iter();
        let name = tags.find(|tag| tag.key.as_deref() == Some("Name")).and_then(|tag| tag.value);
        let placement = instance.placement.unwrap_or_default();
        Self {
            id: instance.instance_id.unwrap_or_default(),
            name,
            region: region.to_string(),
            availability_zone: placement.availability_zone.unwrap_or_default(),
            instance_type: instance.instance_type.unwrap_or_default(),
            state: instance.state.and_then(|state| state.name).unwrap_or_default(),
            image_id: instance.image_id.unwrap_or_default(),
            private_ip_address: instance.private_ip_address,
            public_ip_address: instance.public_ip_address,
            iam_instance_profile: instance.iam_instance_profile.and_then(|profile| profile.arn),
            launch_time: instance.launch_time.map(|time| time.to_string()),
            metadata_options: MetadataOptionsFacts::new(
                instance.metadata_options.unwrap_or_default(),
            ),
        }
    }
}

/// The Regions with instances.
pub(crate) fn regions(control: &Control) -> Result<Regions, Refused> {
    let regions = control.regions_with_instances()?;
    let regions = regions.iter().map(ToString::to_string).collect();
    Ok(Regions { regions, default: control.region.to_string() })
}

/// A page of the instances in a Region.
pub(crate) fn list(
    control: &Control,
    region: &Region,
    next: Option<&str>,
) -> Result<InstancePage, Refused> {
    let request = DescribeInstancesRequest {
        max_results: Some(PAGE),
        next_token: next.filter(|next| !next.is_empty()).map(str::to_owned),
        ..DescribeInstancesRequest::default()
    };
    let answer = control.describe_instances(region, &request, now())?;
    let instances = answer.reservations.into_iter().flat_map(|it| it.instances);
    let mut instances: Vec<_> = instances.map(|it| InstanceFacts::new(region, it)).collect();
    instances.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(InstancePage { region: region.to_string(), instances, next: answer.next_token })
}

/// One instance.
pub(crate) fn find(control: &Control, region: &Region, id: &str) -> Result<InstanceFacts, Refused> {
    let request = DescribeInstancesRequest {
        instance_ids: vec![id.to_owned()],
        ..DescribeInstancesRequest::default()
    };
    let answer = control.describe_instances(region, &request, now())?;
    let found = answer.reservations.into_iter().flat_map(|it| it.instances).next();
    let facts = found.map(|instance| InstanceFacts::new(region, instance));
    facts.ok_or_else(|| Refused::not_found(format!("the instance {id} cannot be shown")))
}

/// Changes metadata options, as `ModifyInstanceMetadataOptions` does.
pub(crate) fn change_options(
    control: &Control,
    region: &Region,
    id: &str,
    change: &OptionsChange,
) -> Result<MetadataOptionsFacts, Refused> {
    let request = ModifyInstanceMetadataOptionsRequest {
        instance_id: id.to_owned(),
        http_endpoint: change.http_endpoint.clone(),
        http_protocol_ipv6: change.http_protocol_ipv6.clone(),
        http_tokens: change.http_tokens.clone(),
        http_put_response_hop_limit: change.http_put_response_hop_limit,
        instance_metadata_tags: change.instance_metadata_tags.clone(),
        ..ModifyInstanceMetadataOptionsRequest::default()
    };
    let answer = control.modify_metadata_options(region, &request, now())?;
    let options = MetadataOptionsFacts::new(answer.instance_metadata_options.unwrap_or_default());
    tracing::info!(instance = id, %region, "metadata options changed in the console");
    Ok(options)
}

fn now() -> u64 {
    unix_ms() / 1000
}
