//! The calls about the versions of launch templates.

use imds_account::records::{self, Tags};
use imds_account::store::UnreadableCause;
use imds_account::{StoreError, Transaction, UnreadableRecord, keys};
use imds_ec2::Fault;
use imds_ec2::types::{
    CreateLaunchTemplateVersionRequest, CreateLaunchTemplateVersionResult,
    DeleteLaunchTemplateVersionsRequest, DeleteLaunchTemplateVersionsResponseErrorItem,
    DeleteLaunchTemplateVersionsResponseSuccessItem, DeleteLaunchTemplateVersionsResult,
    DescribeLaunchTemplateVersionsRequest, DescribeLaunchTemplateVersionsResult,
    LaunchTemplateVersion, ResponseError,
};

use super::data;
use super::find::{StoredTemplate, find as find_template};
use super::version::{Version, all, find};
use crate::call::{Call, Refusal};
use crate::client_token::ClientToken;
use crate::filter::Filters;
use crate::page::Page;
use crate::{parameter_store, time};

pub(crate) fn create(
    call: &Call<'_>,
    request: &CreateLaunchTemplateVersionRequest,
) -> Result<CreateLaunchTemplateVersionResult, Refusal> {
    let id = request.launch_template_id.as_deref();
    let template = find_template(call, id, request.launch_template_name.as_deref())?;
    let token = client_token(call, request)?;
    if let Some([number]) = token.as_ref().and_then(ClientToken::made) {
        let launch_template_version =
            Some(shape(call, &template, &find(call, &template, number)?)?);
        return Ok(CreateLaunchTemplateVersionResult { launch_template_version, warning: None });
    }
    let settings = data::checked(&request.launch_template_data)?;
    let data = match request.source_version.as_deref() {
        Some(source) => data::overlay(settings, &find(call, &template, source)?.1.data),
        None => settings,
    };
    let mut record = template.stored.record.clone();
    record.latest_version += 1;
    let version = records::LaunchTemplateVersion {
        description: request.version_description.clone(),
        created_at: call.now,
        created_by: call.principal.clone(),
        data,
    };
    let number = record.latest_version;
    let key = keys::launch_template(&call.region, &template.id);
    let mut transaction = Transaction::new()
        .if_unchanged(&key, Some(&template.stored))
        .write(&key, &record)
        .write(&keys::launch_template_version(&call.region, &template.id, number), &version);
    if let Some(token) = token {
        transaction = token.spend(transaction, vec![number.to_string()]);
    }
    call.commit(transaction)?;
    let launch_template_version = Some(shape(call, &template, &(number, version))?);
    Ok(CreateLaunchTemplateVersionResult { launch_template_version, warning: None })
}

/// The token that stands for all the rest of the request.
fn client_token(
    call: &Call<'_>,
    request: &CreateLaunchTemplateVersionRequest,
) -> Result<Option<ClientToken>, Refusal> {
    let rest =
        CreateLaunchTemplateVersionRequest { client_token: None, dry_run: None, ..request.clone() };
    ClientToken::read(call, "CreateLaunchTemplateVersion", request.client_token.as_deref(), &rest)
}

/// Deletes what can be deleted; the answer says of each version how it went.
pub(crate) fn delete(
    call: &Call<'_>,
    request: &DeleteLaunchTemplateVersionsRequest,
) -> Result<DeleteLaunchTemplateVersionsResult, Refusal> {
    let id = request.launch_template_id.as_deref();
    let template = find_template(call, id, request.launch_template_name.as_deref())?;
    let (id, name) = (Some(template.id.clone()), Some(template.stored.record.name.clone()));
    let key = keys::launch_template(&call.region, &template.id);
    // The default may have changed since it was read.
    let mut transaction = Transaction::new().if_unchanged(&key, Some(&template.stored));
    let mut result = DeleteLaunchTemplateVersionsResult::default();
    for text in &request.versions {
        let number: u64 = text.parse().map_err(|_| {
            Fault::invalid_parameter_value(format!("'{text}' is not the number of a version."))
        })?;
        let version_number = i64::try_from(number).ok();
        let key = keys::launch_template_version(&call.region, &template.id, number);
        let refused = undeletable(call, &template, number)?;
        let (launch_template_id, launch_template_name) = (id.clone(), name.clone());
        if let Some((code, message)) = refused {
            let response_error =
                ResponseError { code: Some(code.to_owned()), message: Some(message.to_owned()) };
            result.unsuccessfully_deleted_launch_template_versions.push(
                DeleteLaunchTemplateVersionsResponseErrorItem {
                    launch_template_id,
                    launch_template_name,
                    version_number,
                    response_error: Some(response_error),
                },
            );
        } else {
            transaction = transaction.remove(&key);
            result.successfully_deleted_launch_template_versions.push(
                DeleteLaunchTemplateVersionsResponseSuccessItem {
                    launch_template_id,
                    launch_template_name,
                    version_number,
                },
            );
        }
    }
    call.commit(transaction)?;
    Ok(result)
}

/// Why a version is not deleted, as an error code of EC2 and in words. Source: EC2 API
/// `ResponseError`.
fn undeletable(
    call: &Call<'_>,
    template: &StoredTemplate,
    number: u64,
) -> Result<Option<(&'static str, &'static str)>, Refusal> {
    if number == template.stored.record.default_version {
        let message = "Cannot delete the default version of a launch template.";
        return Ok(Some(("operationNotPermitted", message)));
    }
    let key = keys::launch_template_version(&call.region, &template.id, number);
    match call.read(&key) {
        Ok(Some(_)) => Ok(None),
        Ok(None) => Ok(Some(("launchTemplateVersionDoesNotExist", "The version does not exist."))),
        Err(Refusal::Store(StoreError::Unreadable(unreadable))) => {
            call.unreadable.report(&unreadable);
            Ok(Some(("unexpectedError", "The version cannot be read.")))
        }
        Err(other) => Err(other),
    }
}

/// Source: EC2 API `DescribeLaunchTemplateVersions`.
const FILTERS: &[&str] = &[
    "create-time",
    "ebs-optimized",
    "http-endpoint",
    "http-protocol-ipv4",
    "http-tokens",
    "iam-instance-profile",
    "image-id",
    "instance-type",
    "is-default-version",
    "kernel-id",
    "ram-disk-id",
];

pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeLaunchTemplateVersionsRequest,
) -> Result<DescribeLaunchTemplateVersionsResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 1..=200)?;
    // Who names versions is told if one of them cannot be read; who lists gets the others.
    let is_list = !is_one_template(request) || request.versions.is_empty();
    let mut shown = Vec::new();
    for template in templates(call, request)? {
        for version in chosen(call, &template, request)? {
            let mut shape = match shape(call, &template, &version) {
                Err(unreadable) if is_list => {
                    call.unreadable.report(&unreadable);
                    continue;
                }
                shape => shape?,
            };
            if request.resolve_alias == Some(true)
                && let Some(data) = &mut shape.launch_template_data
                && let Some(image) = &data.image_id
            {
                data.image_id = Some(parameter_store::image_id(call, image)?);
            }
            if filters.accept(&Tags::new(), |name| values(&shape, name)) {
                // Newest first, as EC2 has them.
                shown.push((format!("{}/{:020}", template.id, u64::MAX - version.0), shape));
            }
        }
    }
    shown.sort_by(|(one, _), (other, _)| one.cmp(other));
    let (shown, next_token) = page.paginate(shown, |(key, _)| key);
    let launch_template_versions = shown.into_iter().map(|(_, shape)| shape).collect();
    Ok(DescribeLaunchTemplateVersionsResult { launch_template_versions, next_token })
}

/// Whether a template is named.
fn is_one_template(request: &DescribeLaunchTemplateVersionsRequest) -> bool {
    request.launch_template_id.is_some() || request.launch_template_name.is_some()
}

/// The templates that are asked about: one, or all where none is named.
fn templates(
    call: &Call<'_>,
    request: &DescribeLaunchTemplateVersionsRequest,
) -> Result<Vec<StoredTemplate>, Refusal> {
    let (id, name) =
        (request.launch_template_id.as_deref(), request.launch_template_name.as_deref());
    if is_one_template(request) {
        return Ok(vec![find_template(call, id, name)?]);
    }
    // Only these two mean something in every template.
    if !request.versions.iter().all(|version| matches!(&**version, "$Latest" | "$Default"))
        || request.versions.is_empty()
    {
        return Err(Fault::missing_parameter("LaunchTemplateId").into());
    }
    let all = call.scan(&keys::launch_templates(&call.region))?;
    Ok(all.into_iter().map(|(id, stored)| StoredTemplate { id, stored }).collect())
}

/// The versions of a template that are asked about.
fn chosen(
    call: &Call<'_>,
    template: &StoredTemplate,
    request: &DescribeLaunchTemplateVersionsRequest,
) -> Result<Vec<Version>, Refusal> {
    let mut chosen = if request.versions.is_empty() {
        all(call, template)?
    } else {
        let mut named = Vec::new();
        for name in &request.versions {
            match find(call, template, name) {
                Ok(version) => named.push(version),
                Err(Refusal::Store(StoreError::Unreadable(unreadable)))
                    if !is_one_template(request) =>
                {
                    call.unreadable.report(&unreadable);
                }
                Err(other) => return Err(other),
            }
        }
        named
    };
    let bound = |text: Option<&str>| -> Result<Option<u64>, Fault> {
        let parse = |text: &str| {
            let wrong = format!("'{text}' is not the number of a version.");
            text.parse().map_err(|_| Fault::invalid_parameter_value(wrong))
        };
        text.map(parse).transpose()
    };
    let least = bound(request.min_version.as_deref())?.unwrap_or(0);
    let most = bound(request.max_version.as_deref())?.unwrap_or(u64::MAX);
    chosen.retain(|(number, _)| (least..=most).contains(number));
    chosen.sort_by_key(|(number, _)| *number);
    chosen.dedup_by_key(|(number, _)| *number);
    Ok(chosen)
}

fn values(shape: &LaunchTemplateVersion, name: &str) -> Vec<String> {
    let data = shape.launch_template_data.as_ref();
    let options = data.and_then(|data| data.metadata_options.as_ref());
    let value = match name {
        "create-time" => shape.create_time.map(|time| time.to_string()),
        "ebs-optimized" => data.and_then(|data| data.ebs_optimized).map(|is| is.to_string()),
        "http-endpoint" => options.and_then(|options| options.http_endpoint.clone()),
        "http-protocol-ipv4" => options.map(|_| "enabled".to_owned()),
        "http-tokens" => options.and_then(|options| options.http_tokens.clone()),
        "iam-instance-profile" => data
            .and_then(|data| data.iam_instance_profile.clone())
            .and_then(|profile| profile.arn.or(profile.name)),
        "image-id" => data.and_then(|data| data.image_id.clone()),
        "instance-type" => data.and_then(|data| data.instance_type.clone()),
        "is-default-version" => shape.default_version.map(|is| is.to_string()),
        "kernel-id" => data.and_then(|data| data.kernel_id.clone()),
        "ram-disk-id" => data.and_then(|data| data.ram_disk_id.clone()),
        _ => None,
    };
    value.into_iter().collect()
}

/// # Errors
/// If the version's data is not in the form that this release writes.
fn shape(
    call: &Call<'_>,
    template: &StoredTemplate,
    (number, version): &Version,
) -> Result<LaunchTemplateVersion, UnreadableRecord> {
    let data = data::shape(&version.data).ok_or_else(|| {
        let key = keys::launch_template_version(&call.region, &template.id, *number);
        UnreadableRecord {
            key: key.as_str().to_owned(),
            source: UnreadableCause::Damaged("has other data than a launch template".to_owned()),
        }
    })?;
    Ok(LaunchTemplateVersion {
        launch_template_id: Some(template.id.clone()),
        launch_template_name: Some(template.stored.record.name.clone()),
        version_number: i64::try_from(*number).ok(),
        version_description: version.description.clone(),
        create_time: time::shape(version.created_at),
        created_by: Some(version.created_by.clone()),
        default_version: Some(*number == template.stored.record.default_version),
        launch_template_data: Some(data),
        operator: None,
    })
}
