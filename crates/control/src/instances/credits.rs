//! `DescribeInstanceCreditSpecifications`: the CPU credits of burstable types. They have no effect.

use imds_account::records::{Lifecycle, Tags};
use imds_ec2::Fault;
use imds_ec2::types::{
    DescribeInstanceCreditSpecificationsRequest, DescribeInstanceCreditSpecificationsResult,
    InstanceCreditSpecification,
};

use super::attribute_names as names;
use super::{StoredInstance, all, find_all};
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

/// The default of a burstable type; `None` for other types. Source: EC2 User Guide, "Burstable performance
/// instances".
fn default_credits(instance: &StoredInstance) -> Option<&'static str> {
    match instance.stored.record.instance_type.as_str().split('.').next()? {
        "t2" => Some("standard"),
        "t3" | "t3a" | "t4g" => Some("unlimited"),
        _ => None,
    }
}
