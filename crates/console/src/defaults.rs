//! An account's defaults for metadata options, by the calls of the EC2 API.

use imds_account::clock::unix_ms;
use imds_control::Control;
use imds_core::placement::Region;
use imds_ec2::types::{InstanceMetadataDefaultsResponse, ModifyInstanceMetadataDefaultsRequest};
use serde::{Deserialize, Serialize};

use crate::error::Refused;

/// What stands for no default.
pub(crate) const NO_PREFERENCE: &str = "no-preference";

/// The hop limit that stands for no default.
pub(crate) const NO_HOP_LIMIT: i32 = -1;

/// The defaults of a Region, with EC2's names and values. What has none is `None`.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct DefaultsFacts {
    pub(crate) region: String,
    pub(crate) http_endpoint: Option<String>,
    pub(crate) http_tokens: Option<String>,
    pub(crate) http_tokens_enforced: Option<String>,
    pub(crate) http_put_response_hop_limit: Option<i32>,
    pub(crate) instance_metadata_tags: Option<String>,
}

/// What is to change; what is not stated stays. `no-preference` and -1 take a default back.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DefaultsChange {
    pub(crate) http_endpoint: Option<String>,
    pub(crate) http_tokens: Option<String>,
    pub(crate) http_tokens_enforced: Option<String>,
    pub(crate) http_put_response_hop_limit: Option<i32>,
    pub(crate) instance_metadata_tags: Option<String>,
}

/// The defaults of a Region.
pub(crate) fn find(control: &Control, region: &Region) -> Result<DefaultsFacts, Refused> {
    let answer = control.metadata_defaults(region, unix_ms() / 1000)?;
    let InstanceMetadataDefaultsResponse {
        http_endpoint,
        http_tokens,
        http_tokens_enforced,
        http_put_response_hop_limit,
        instance_metadata_tags,
        ..
    } = answer.account_level.unwrap_or_default();
    Ok(DefaultsFacts {
        region: region.to_string(),
        http_endpoint,
        http_tokens,
        http_tokens_enforced,
        http_put_response_hop_limit,
        instance_metadata_tags,
    })
}

/// Changes defaults, as `ModifyInstanceMetadataDefaults` does; gives those in force then.
pub(crate) fn change(
    control: &Control,
    region: &Region,
    change: &DefaultsChange,
) -> Result<DefaultsFacts, Refused> {
    let request = ModifyInstanceMetadataDefaultsRequest {
        http_endpoint: change.http_endpoint.clone(),
        http_tokens: change.http_tokens.clone(),
        http_tokens_enforced: change.http_tokens_enforced.clone(),
        http_put_response_hop_limit: change.http_put_response_hop_limit,
        instance_metadata_tags: change.instance_metadata_tags.clone(),
        ..ModifyInstanceMetadataDefaultsRequest::default()
    };
    control.modify_metadata_defaults(region, &request, unix_ms() / 1000)?;
    tracing::info!(%region, "account defaults for metadata options changed in the console");
    find(control, region)
}
