//! The calls about launch templates.

use imds_account::records::{self, Tags};
use imds_account::{Transaction, keys};
use imds_ec2::Fault;
use imds_ec2::types::{
    CreateLaunchTemplateRequest, CreateLaunchTemplateResult, DeleteLaunchTemplateRequest,
    DeleteLaunchTemplateResult, DescribeLaunchTemplatesRequest, DescribeLaunchTemplatesResult,
    LaunchTemplate, ModifyLaunchTemplateRequest, ModifyLaunchTemplateResult,
};

use super::find::{StoredTemplate, find, find_by_id, find_by_name};
use super::{data, version};
use crate::call::{Call, Refusal};
use crate::client_token::ClientToken;
use crate::filter::Filters;
use crate::page::Page;
use crate::{ids, tag_values, time};

pub(crate) fn create(
    call: &Call<'_>,
    request: &CreateLaunchTemplateRequest,
) -> Result<CreateLaunchTemplateResult, Refusal> {
    let token = client_token(call, request)?;
    if let Some([id]) = token.as_ref().and_then(ClientToken::made) {
        let template = find_by_id(call, id)?;
        let launch_template = Some(shape(id, &template.stored.record, &call.tags(id)?));
        return Ok(CreateLaunchTemplateResult { launch_template, warning: None });
    }
    let name = request.launch_template_name.as_str();
    check_name(name)?;
    let data = data::checked(&request.launch_template_data)?;
    let its_tags = tag_values::specified(&request.tag_specifications, "launch-template")?;
    let id: String = ids::new("lt-")?;
    let template = records::LaunchTemplate {
        name: name.to_owned(),
        created_at: call.now,
        created_by: call.principal.clone(),
        default_version: 1,
        latest_version: 1,
    };
    let by_name = keys::launch_template_name(&call.region, name);
    if call.read(&by_name)?.is_some() {
        let message = "Launch template name already in use.";
        return Err(
            Fault::client("InvalidLaunchTemplateName.AlreadyExistsException", message).into()
        );
    }
    let version = records::LaunchTemplateVersion {
        description: request.version_description.clone(),
        created_at: call.now,
        created_by: call.principal.clone(),
        data,
    };
    let mut transaction = Transaction::new()
        .if_unchanged(&by_name, None)
        .write(&by_name, &id)
        .write(&keys::launch_template(&call.region, &id), &template)
        .write(&keys::launch_template_version(&call.region, &id, 1), &version);
    if !its_tags.is_empty() {
        transaction = transaction.write(&keys::tags(&call.region, &id), &its_tags);
    }
    if let Some(token) = token {
        transaction = token.spend(transaction, vec![id.clone()]);
    }
    call.commit(transaction)?;
    let launch_template = Some(shape(&id, &template, &its_tags));
    Ok(CreateLaunchTemplateResult { launch_template, warning: None })
}

/// The token that stands for all the rest of the request.
fn client_token(
    call: &Call<'_>,
    request: &CreateLaunchTemplateRequest,
) -> Result<Option<ClientToken>, Refusal> {
    let rest = CreateLaunchTemplateRequest { client_token: None, dry_run: None, ..request.clone() };
    ClientToken::read(call, "CreateLaunchTemplate", request.client_token.as_deref(), &rest)
}

/// Source: EC2 API `CreateLaunchTemplate`.
fn check_name(name: &str) -> Result<(), Fault> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "().-/_".contains(c);
    if (3..=128).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(Fault::client(
        "InvalidLaunchTemplateName.MalformedException",
        "Launch template names must be between 3 and 128 characters in length, and may contain \
         letters, numbers, and the following characters: '-', '_', '.', '/', '(', and ')'",
    ))
}

/// Chooses the default version.
pub(crate) fn modify(
    call: &Call<'_>,
    request: &ModifyLaunchTemplateRequest,
) -> Result<ModifyLaunchTemplateResult, Refusal> {
    let id = request.launch_template_id.as_deref();
    let template = find(call, id, request.launch_template_name.as_deref())?;
    let version = request.default_version.as_deref();
    let version = version.ok_or_else(|| Fault::missing_parameter("SetDefaultVersion"))?;
    let mut record = template.stored.record.clone();
    record.default_version = version::find(call, &template, version)?.0;
    let key = keys::launch_template(&call.region, &template.id);
    call.commit(
        Transaction::new().if_unchanged(&key, Some(&template.stored)).write(&key, &record),
    )?;
    let launch_template = Some(shape(&template.id, &record, &call.tags(&template.id)?));
    Ok(ModifyLaunchTemplateResult { launch_template })
}

pub(crate) fn delete(
    call: &Call<'_>,
    request: &DeleteLaunchTemplateRequest,
) -> Result<DeleteLaunchTemplateResult, Refusal> {
    let id = request.launch_template_id.as_deref();
    let template = find(call, id, request.launch_template_name.as_deref())?;
    let its_tags = call.tags(&template.id)?;
    let key = keys::launch_template(&call.region, &template.id);
    let mut transaction = Transaction::new()
        .if_unchanged(&key, Some(&template.stored))
        .remove(&key)
        .remove(&keys::launch_template_name(&call.region, &template.stored.record.name))
        .remove(&keys::tags(&call.region, &template.id));
    let versions = keys::launch_template_versions(&call.region, &template.id);
    for version in call.names(&versions)? {
        transaction = transaction.remove(&versions.key(&version));
    }
    call.commit(transaction)?;
    let launch_template = Some(shape(&template.id, &template.stored.record, &its_tags));
    Ok(DeleteLaunchTemplateResult { launch_template })
}

/// Source: EC2 API `DescribeLaunchTemplates`.
const FILTERS: &[&str] = &["create-time", "launch-template-name"];

pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeLaunchTemplatesRequest,
) -> Result<DescribeLaunchTemplatesResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 1..=200)?;
    let mut templates = Vec::new();
    for id in &request.launch_template_ids {
        templates.push(find_by_id(call, id)?);
    }
    for name in &request.launch_template_names {
        templates.push(find_by_name(call, name)?);
    }
    if request.launch_template_ids.is_empty() && request.launch_template_names.is_empty() {
        let all = call.scan(&keys::launch_templates(&call.region))?;
        templates.extend(all.into_iter().map(|(id, stored)| StoredTemplate { id, stored }));
    }
    let mut shown = Vec::new();
    for template in templates {
        let record = &template.stored.record;
        let its_tags = call.tags(&template.id)?;
        let values = |name: &str| match name {
            "create-time" => {
                time::shape(record.created_at).iter().map(ToString::to_string).collect()
            }
            _ => vec![record.name.clone()],
        };
        if filters.accept(&its_tags, values) {
            shown.push((template.id.clone(), shape(&template.id, record, &its_tags)));
        }
    }
    let (shown, next_token) = page.paginate(shown, |(id, _)| id);
    let launch_templates = shown.into_iter().map(|(_, shape)| shape).collect();
    Ok(DescribeLaunchTemplatesResult { launch_templates, next_token })
}

fn shape(id: &str, template: &records::LaunchTemplate, its_tags: &Tags) -> LaunchTemplate {
    LaunchTemplate {
        launch_template_id: Some(id.to_owned()),
        launch_template_name: Some(template.name.clone()),
        create_time: time::shape(template.created_at),
        created_by: Some(template.created_by.clone()),
        default_version_number: i64::try_from(template.default_version).ok(),
        latest_version_number: i64::try_from(template.latest_version).ok(),
        tags: tag_values::shape(its_tags),
        operator: None,
    }
}
