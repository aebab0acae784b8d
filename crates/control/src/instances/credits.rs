//! `DescribeInstanceCreditSpecifications` and `ModifyInstanceCreditSpecification`: the CPU credits of burstable types. They have no effect.

use std::collections::BTreeMap;

use imds_account::records::{Lifecycle, Tags};
use imds_ec2::Fault;
use imds_ec2::types::{
    DescribeInstanceCreditSpecificationsRequest, DescribeInstanceCreditSpecificationsResult,
    InstanceCreditSpecification, ModifyInstanceCreditSpecificationRequest,
    ModifyInstanceCreditSpecificationResult, SuccessfulInstanceCreditSpecificationItem,
    UnsuccessfulInstanceCreditSpecificationItem, UnsuccessfulInstanceCreditSpecificationItemError,
};

use super::attribute_names as names;
use super::attribute_values::one_of;
use super::{StoredInstance, all, find, find_all, save_all};
use crate::call::{Call, Refusal};
use crate::filter::Filters;
use crate::page::Page;

pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeInstanceCreditSpecificationsRequest,
) -> Result<DescribeInstanceCreditSpecificationsResult, Refusal> {
    let filters = Filters::new(&request.filters, &["instance-id"])?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    let instances = if request.instance_ids.is_empty() {
        let mut all = all(call)?;
        all.retain(|it| {
            default_credits(it).is_some() && it.stored.record.lifecycle != Lifecycle::Terminated
        });
        all
    } else {
        let mut named = find_all(call, &request.instance_ids)?;
        if let Some(other) = named.iter().find(|it| default_credits(it).is_none()) {
            return Err(Fault::unsupported_operation(format!(
                "The instance '{}' is of type {}, which has no CPU credits: only burstable \
                 performance instances have.",
                other.id, other.stored.record.instance_type
            ))
            .into());
        }
        named.sort_by(|one, other| one.id.cmp(&other.id));
        named
    };
    let shown = instances
        .into_iter()
        .filter(|instance| filters.accept(&Tags::new(), |_| vec![instance.id.to_string()]));
    let (shown, next_token) = page.paginate(shown, |instance| instance.id.as_str());
    let shape = |instance: StoredInstance| {
        let credits = instance.attribute(names::CPU_CREDITS).or(default_credits(&instance));
        InstanceCreditSpecification {
            instance_id: Some(instance.id.to_string()),
            cpu_credits: credits.map(str::to_owned),
        }
    };
    let shown = shown.into_iter().map(shape).collect();
    Ok(DescribeInstanceCreditSpecificationsResult {
        instance_credit_specifications: shown,
        next_token,
    })
}

/// Changes those that can be changed, and says of each of the others why not.
pub(crate) fn modify(
    call: &Call<'_>,
    request: &ModifyInstanceCreditSpecificationRequest,
) -> Result<ModifyInstanceCreditSpecificationResult, Refusal> {
    let mut result = ModifyInstanceCreditSpecificationResult::default();
    let (mut instances, mut wanted) = (Vec::new(), BTreeMap::new());
    for specification in &request.instance_credit_specifications {
        let id = Some(specification.instance_id.clone());
        let parameter = "InstanceCreditSpecification.CpuCredits";
        let credits =
            one_of(parameter, specification.cpu_credits.clone(), &["standard", "unlimited"])?;
        match changeable(call, &specification.instance_id) {
            Ok(instance) => {
                wanted.insert(instance.id.clone(), credits);
                instances.push(instance);
                let item = SuccessfulInstanceCreditSpecificationItem { instance_id: id };
                result.successful_instance_credit_specifications.push(item);
            }
            Err(Refusal::Fault(Fault { code, message, .. })) => {
                let (code, message) = (Some(code.to_owned()), Some(message));
                let error = UnsuccessfulInstanceCreditSpecificationItemError { code, message };
                let item = UnsuccessfulInstanceCreditSpecificationItem {
                    instance_id: id,
                    error: Some(error),
                };
                result.unsuccessful_instance_credit_specifications.push(item);
            }
            Err(error) => return Err(error),
        }
    }
    save_all(call, &instances, |instance, record| {
        if let Some(Some(credits)) = wanted.get(&instance.id) {
            record.attributes.insert(names::CPU_CREDITS.to_owned(), credits.clone());
        }
    })?;
    Ok(result)
}

/// The instance, if its CPU credits can be changed. Source: EC2 API
/// `UnsuccessfulInstanceCreditSpecificationErrorCode`.
fn changeable(call: &Call<'_>, id: &str) -> Result<StoredInstance, Refusal> {
    let instance = find(call, id)?;
    if !matches!(instance.stored.record.lifecycle, Lifecycle::Running | Lifecycle::Stopped) {
        let message = format!("The instance '{id}' is neither running nor stopped.");
        return Err(Fault::incorrect_instance_state(message).into());
    }
    if default_credits(&instance).is_none() {
        let kind = &instance.stored.record.instance_type;
        let message = format!("The instance '{id}' is of type {kind}, which has no CPU credits.");
        return Err(Fault::client("InstanceCreditSpecification.NotSupported", message).into());
    }
    Ok(instance)
}

/// The default of a burstable type; `None` for other types. Source: EC2 User Guide, "Burstable performance
/// instances".
fn default_credits(instance: &StoredInstance) -> Option<&'static str> {
    match instance.stored.record.instance_type.as_str().split('.').next()? {
        "t2" => Some("standard"),
        "t3" | "t3a" | "t4g" => Some("unlimited"),
        _ => None,
    }
}
