//! Metadata options as the EC2 API reads and writes them.

use imds_core::options::{HopLimit, HttpTokens, MetadataOptions, Preferences, Switch};
use imds_ec2::Fault;
use imds_ec2::types::{InstanceMetadataOptionsRequest, InstanceMetadataOptionsResponse};

/// What is stated, in the words of EC2 where it cannot be.
pub(super) fn preferences(value: &InstanceMetadataOptionsRequest) -> Result<Preferences, Fault> {
    Ok(Preferences {
        http_tokens: http_tokens(value.http_tokens.as_deref())?,
        hop_limit: hop_limit(value.http_put_response_hop_limit)?,
        http_endpoint: switch("HttpEndpoint", value.http_endpoint.as_deref())?,
        http_protocol_ipv6: switch("HttpProtocolIpv6", value.http_protocol_ipv6.as_deref())?,
        instance_metadata_tags: switch(
            "InstanceMetadataTags",
            value.instance_metadata_tags.as_deref(),
        )?,
    })
}

/// `HttpTokens`, if it is stated.
pub(super) fn http_tokens(value: Option<&str>) -> Result<Option<HttpTokens>, Fault> {
    let parse = |text: &str| {
        text.parse().map_err(|_| refused("HttpTokens", text, "either 'optional' or 'required'"))
    };
    value.map(parse).transpose()
}

/// `HttpPutResponseHopLimit`, if it is stated.
pub(super) fn hop_limit(value: Option<i32>) -> Result<Option<HopLimit>, Fault> {
    let parse = |hops: i32| {
        HopLimit::try_from(i64::from(hops)).map_err(|_| {
            refused("HttpPutResponseHopLimit", &hops.to_string(), "a value between 1 and 64")
        })
    };
    value.map(parse).transpose()
}

/// An option that is on or off, if it is stated.
pub(super) fn switch(option: &str, value: Option<&str>) -> Result<Option<Switch>, Fault> {
    let parse = |text: &str| {
        text.parse().map_err(|_| refused(option, text, "either 'enabled' or 'disabled'"))
    };
    value.map(parse).transpose()
}

/// As EC2 was seen to refuse a value of `HttpEndpoint`.
fn refused(option: &str, value: &str, allowed: &str) -> Fault {
    Fault::invalid_parameter_value(format!(
        "A value of '{value}' is not valid for {option}. Specify {allowed} and try again."
    ))
}

/// The options as they are answered.
pub(super) fn shape(options: MetadataOptions, applied: bool) -> InstanceMetadataOptionsResponse {
    InstanceMetadataOptionsResponse {
        state: Some(if applied { "applied" } else { "pending" }.to_owned()),
        http_tokens: Some(options.http_tokens.to_string()),
        http_put_response_hop_limit: Some(options.hop_limit.get().into()),
        http_endpoint: Some(options.http_endpoint.to_string()),
        http_protocol_ipv6: Some(options.http_protocol_ipv6.to_string()),
        instance_metadata_tags: Some(options.instance_metadata_tags.to_string()),
    }
}
