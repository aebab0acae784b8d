//! `ModifyInstanceMetadataOptions`.

use imds_account::{Transaction, keys};
use imds_ec2::Fault;
use imds_ec2::shapes::{
    InstanceMetadataOptionsRequest, ModifyInstanceMetadataOptionsRequest,
    ModifyInstanceMetadataOptionsResult,
};

use super::call::{Call, Refusal};
use super::{instances, metadata_defaults, options};

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
    let change = options::preferences(&stated)?;
    let changed = found.kept.record.options.changed_by(change);
    let mut transaction = Transaction::new();
    if change.http_tokens.is_some() {
        // Whoever changes another option of an instance with `IMDSv1` turns nothing back.
        let defaults = metadata_defaults::kept(call)?;
        transaction =
            transaction.if_unchanged(&keys::metadata_defaults(&call.region), defaults.as_ref());
        let defaults = defaults.map(|kept| kept.record).unwrap_or_default();
        defaults
            .check(&changed)
            .map_err(|error| Fault::unsupported_operation(error.to_string()))?;
    }
    let mut record = found.kept.record.clone();
    record.options = changed;
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
        instance_metadata_options: Some(options::shape(changed, false)),
    })
}
