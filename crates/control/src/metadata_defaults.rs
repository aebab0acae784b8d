//! `Get…` and `ModifyInstanceMetadataDefaults`: the account's, one set for each Region.

use imds_account::{Stored, Transaction, keys};
use imds_core::options::{MetadataDefaults, Preferences};
use imds_ec2::Fault;
use imds_ec2::types::{
    GetInstanceMetadataDefaultsRequest, GetInstanceMetadataDefaultsResult,
    InstanceMetadataDefaultsResponse, ModifyInstanceMetadataDefaultsRequest,
    ModifyInstanceMetadataDefaultsResult,
};

use super::call::{Call, Refusal};
use super::options::{hop_limit, http_tokens, switch};

/// The Region's defaults.
pub(super) fn of(call: &Call<'_>) -> Result<MetadataDefaults, Refusal> {
    Ok(stored(call)?.map(|stored| stored.record).unwrap_or_default())
}

/// The same as it is kept, so that what relies on it can expect it unchanged.
pub(super) fn stored(call: &Call<'_>) -> Result<Option<Stored<MetadataDefaults>>, Refusal> {
    call.read(&keys::metadata_defaults(&call.region))
}

pub(super) fn get(
    call: &Call<'_>,
    _: &GetInstanceMetadataDefaultsRequest,
) -> Result<GetInstanceMetadataDefaultsResult, Refusal> {
    let MetadataDefaults { preferences, http_tokens_enforced } = of(call)?;
    let Preferences { http_tokens, hop_limit, http_endpoint, instance_metadata_tags, .. } =
        preferences;
    Ok(GetInstanceMetadataDefaultsResult {
        // What has no preference is left out.
        account_level: Some(InstanceMetadataDefaultsResponse {
            http_tokens: http_tokens.map(|value| value.to_string()),
            http_put_response_hop_limit: hop_limit.map(|hops| hops.get().into()),
            http_endpoint: http_endpoint.map(|value| value.to_string()),
            instance_metadata_tags: instance_metadata_tags.map(|value| value.to_string()),
            managed_by: Some("account".to_owned()),
            http_tokens_enforced: http_tokens_enforced.map(|value| value.to_string()),
            ..Default::default()
        }),
    })
}

/// Changes what is stated; `no-preference`, and -1 for the hop limit, take a default back.
pub(super) fn modify(
    call: &Call<'_>,
    request: &ModifyInstanceMetadataDefaultsRequest,
) -> Result<ModifyInstanceMetadataDefaultsResult, Refusal> {
    let key = keys::metadata_defaults(&call.region);
    let before = call.read(&key)?;
    let mut defaults = before.as_ref().map(|stored| stored.record).unwrap_or_default();
    let preferences = &mut defaults.preferences;
    change(&mut preferences.http_tokens, request.http_tokens.as_deref(), http_tokens)?;
    change(&mut preferences.http_endpoint, request.http_endpoint.as_deref(), |text| {
        switch("HttpEndpoint", text)
    })?;
    change(
        &mut preferences.instance_metadata_tags,
        request.instance_metadata_tags.as_deref(),
        |text| switch("InstanceMetadataTags", text),
    )?;
    change(&mut defaults.http_tokens_enforced, request.http_tokens_enforced.as_deref(), |text| {
        switch("HttpTokensEnforced", text)
    })?;
    match request.http_put_response_hop_limit {
        None => {}
        Some(-1) => preferences.hop_limit = None,
        hops => preferences.hop_limit = hop_limit(hops)?,
    }
    call.commit(Transaction::new().if_unchanged(&key, before.as_ref()).write(&key, &defaults))?;
    Ok(ModifyInstanceMetadataDefaultsResult { return_: Some(true) })
}

fn change<T>(
    default: &mut Option<T>,
    value: Option<&str>,
    parse: impl FnOnce(Option<&str>) -> Result<Option<T>, Fault>,
) -> Result<(), Fault> {
    match value {
        None => {}
        Some("no-preference") => *default = None,
        value => *default = parse(value)?,
    }
    Ok(())
}
