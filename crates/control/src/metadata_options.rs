//! `ModifyInstanceMetadataOptions`.

use imds_account::{StoreError, keys};
use imds_ec2::Fault;
use imds_ec2::types::{
    InstanceMetadataOptionsRequest, ModifyInstanceMetadataOptionsRequest,
    ModifyInstanceMetadataOptionsResult,
};

use super::call::{Call, Refusal};
use super::{instances, options};

/// Changes what is stated, and keeps the rest. With nothing but the id it is a way to read them.
pub(super) fn modify(
    call: &Call<'_>,
    request: &ModifyInstanceMetadataOptionsRequest,
) -> Result<ModifyInstanceMetadataOptionsResult, Refusal> {
    let defaults = keys::metadata_defaults(&call.region);
    let (instance, read) =
        instances::find_live_with(call, &request.instance_id, &[defaults.as_str()])?;
    let value = InstanceMetadataOptionsRequest {
        http_tokens: request.http_tokens.clone(),
        http_put_response_hop_limit: request.http_put_response_hop_limit,
        http_endpoint: request.http_endpoint.clone(),
        http_protocol_ipv6: request.http_protocol_ipv6.clone(),
        instance_metadata_tags: request.instance_metadata_tags.clone(),
    };
    let change = options::preferences(&value)?;
    let changed = instance.stored.record.options.changed_by(change);
    let mut transaction = instance.change.clone();
    if change.http_tokens.is_some() {
        // Whoever changes another option of an instance with `IMDSv1` turns nothing back.
        let stored = read.read(&defaults).map_err(StoreError::from)?;
        transaction = transaction.if_unchanged(&defaults, stored.as_ref());
        let defaults = stored.map(|stored| stored.record).unwrap_or_default();
        defaults
            .check(&changed)
            .map_err(|error| Fault::unsupported_operation(error.to_string()))?;
    }
    let mut record = instance.stored.record.clone();
    record.options = changed;
    instances::check(&instance.id, &record, instance.tags())?;

    let key = keys::instance(&call.region, instance.id.as_str());
    let tags = keys::tags(&call.region, instance.id.as_str());
    let transaction = transaction
        .if_unchanged(&key, Some(&instance.stored))
        // Whether tags can be served depends on their keys.
        .if_unchanged(&tags, instance.tags.as_ref())
        .write(&key, &record);
    call.commit(transaction)?;
    Ok(ModifyInstanceMetadataOptionsResult {
        instance_id: Some(instance.id.to_string()),
        // Also where the data path was faster, and where nothing was changed: as EC2 does.
        instance_metadata_options: Some(options::shape(changed, false)),
    })
}
