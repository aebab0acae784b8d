//! `ModifyInstanceMetadataOptions`, and the options as the EC2 API reads and writes them.

use imds_account::{Transaction, keys};
use imds_core::options::{HopLimit, HttpTokens, MetadataOptions, Preferences, Switch};
use imds_ec2::Fault;
use imds_ec2::shapes::{
    InstanceMetadataOptionsRequest, InstanceMetadataOptionsResponse,
    ModifyInstanceMetadataOptionsRequest, ModifyInstanceMetadataOptionsResult,
};

use super::call::{Call, Refusal};
use super::instances::{self, Found};
use super::metadata_defaults;

/// Changes what is stated, and keeps the rest. With nothing but the id it is a way to read them.
pub(super) fn modify(
    call: &Call<'_>,
    asked: &ModifyInstanceMetadataOptionsRequest,
) -> Result<ModifyInstanceMetadataOptionsResult, Refusal> {
    let found = instances::find_live(call, &asked.instance_id)?;
    let stated = InstanceMetadataOptionsRequest {
        http_tokens: asked.http_tokens.clone(),
        http_put_response_hop_limit: asked.http_put_response_hop_limit,
        http_endpoint: asked.http_endpoint.clone(),
        http_protocol_ipv6: asked.http_protocol_ipv6.clone(),
        instance_metadata_tags: asked.instance_metadata_tags.clone(),
    };
    let change = preferences(&stated)?;
    let options = found.kept.record.options.changed_by(change);
    let mut transaction = Transaction::new();
    if change.http_tokens.is_some() {
        // Whoever changes another option of an instance with `IMDSv1` turns nothing back.
        let defaults = metadata_defaults::kept(call)?;
        transaction =
            transaction.if_unchanged(&keys::metadata_defaults(&call.region), defaults.as_ref());
        let defaults = defaults.map(|kept| kept.record).unwrap_or_default();
        defaults
            .check(&options)
            .map_err(|error| Fault::unsupported_operation(error.to_string()))?;
    }
    let mut record = found.kept.record.clone();
    record.options = options;
    instances::check(&found.id, &record, &found.tags())?;

    let key = keys::instance(&call.region, found.id.as_str());
    let tags = keys::tags(&call.region, found.id.as_str());
    let transaction = transaction
        .if_unchanged(&key, Some(&found.kept))
        // Whether tags can be served depends on their keys.
        .if_unchanged(&tags, found.tags.as_ref())
        .write(&key, &record);
    call.commit(transaction)?;
    Ok(ModifyInstanceMetadataOptionsResult {
        instance_id: Some(found.id.to_string()),
        // Also where the data path was faster, and where nothing was changed: as EC2 does.
        instance_metadata_options: Some(shape(options, false)),
    })
}

/// What is stated, in the words of EC2 where it cannot be.
pub(super) fn preferences(stated: &InstanceMetadataOptionsRequest) -> Result<Preferences, Fault> {
    Ok(Preferences {
        http_tokens: http_tokens(stated.http_tokens.as_deref())?,
        hop_limit: hop_limit(stated.http_put_response_hop_limit)?,
        http_endpoint: switch("HttpEndpoint", stated.http_endpoint.as_deref())?,
        http_protocol_ipv6: switch("HttpProtocolIpv6", stated.http_protocol_ipv6.as_deref())?,
        instance_metadata_tags: switch(
            "InstanceMetadataTags",
            stated.instance_metadata_tags.as_deref(),
        )?,
    })
}

/// `HttpTokens`, if it is stated.
pub(super) fn http_tokens(stated: Option<&str>) -> Result<Option<HttpTokens>, Fault> {
    let parse = |text: &str| {
        text.parse().map_err(|_| refused("HttpTokens", text, "either 'optional' or 'required'"))
    };
    stated.map(parse).transpose()
}

/// `HttpPutResponseHopLimit`, if it is stated.
pub(super) fn hop_limit(stated: Option<i32>) -> Result<Option<HopLimit>, Fault> {
    let parse = |hops: i32| {
        HopLimit::try_from(i64::from(hops)).map_err(|_| {
            refused("HttpPutResponseHopLimit", &hops.to_string(), "a value between 1 and 64")
        })
    };
    stated.map(parse).transpose()
}

/// An option that is on or off, if it is stated.
pub(super) fn switch(option: &str, stated: Option<&str>) -> Result<Option<Switch>, Fault> {
    let parse = |text: &str| {
        text.parse().map_err(|_| refused(option, text, "either 'enabled' or 'disabled'"))
    };
    stated.map(parse).transpose()
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

/// Whether the data path serves an instance with its options.
pub(super) fn are_applied(call: &Call<'_>, found: &Found) -> bool {
    call.applied.options(&found.id) == Some(found.kept.record.options)
}
