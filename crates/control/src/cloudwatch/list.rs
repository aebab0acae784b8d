//! `ListMetrics`
//!
//! In order of metric and instance, the one of all instances first. A token is the last metric of its page.

use imds_core::placement::Region;
use imds_core::{AccountId, InstanceId};
use imds_ec2::Fault;
use imds_ec2::Member;
use imds_ec2::cloudwatch::{DimensionFilter, ListMetrics, required};

use super::outcome::{NAMESPACE, Outcome};
use super::series::INSTANCE_ID;
use crate::history::{History, Metric};

/// How many metrics a page has.
const PAGE: usize = 500;

/// The most filters of a request.
const MOST_FILTERS: usize = 10;

/// A metric, and its instance if it has one; in order.
type Listed = (Metric, Option<InstanceId>);

pub(super) fn list(
    history: &History,
    region: &Region,
    account: &AccountId,
    request: &ListMetrics,
) -> Outcome {
    let is_recent = match request.recently_active.as_deref() {
        None => false,
        Some("PT3H") => true,
        Some(other) => {
            let message = format!(
                "The value {other} for parameter RecentlyActive is invalid: there is PT3H."
            );
            return Err(Fault::invalid_parameter_value(message));
        }
    };
    if request.dimensions.len() > MOST_FILTERS {
        let message = format!("The parameter Dimensions has more than {MOST_FILTERS} filters.");
        return Err(Fault::invalid_parameter_value(message));
    }
    for filter in &request.dimensions {
        required(filter.name.as_ref(), "Dimensions.Name")?;
    }
    let after = request.next_token.as_deref().filter(|token| !token.is_empty());
    let after = after.map(read_token).transpose()?;
    let is_ours = request.namespace.as_deref().is_none_or(|namespace| namespace == NAMESPACE)
        && request.owning_account.as_deref().is_none_or(|owner| owner == account.as_str());
    let instances = if is_ours { history.instances(region) } else { Vec::new() };
    let instances: Vec<_> = instances
        .into_iter()
        .filter(|(_, recent)| *recent || !is_recent)
        .map(|(id, _)| id)
        .collect();
    let has_any = !instances.is_empty();
    let metrics = Metric::ALL
        .into_iter()
        .filter(|metric| request.metric_name.as_deref().is_none_or(|name| name == metric.name()));
    let all = metrics.flat_map(|metric| {
        let of_all = has_any.then_some((metric, None));
        of_all.into_iter().chain(instances.iter().map(move |id| (metric, Some(id.clone()))))
    });
    let fits = |(_, instance): &Listed| {
        request.dimensions.iter().all(|filter| fits(filter, instance.as_ref()))
    };
    let mut rest =
        all.filter(fits).filter(|listed| after.as_ref().is_none_or(|after| listed > after));
    let page: Vec<_> = rest.by_ref().take(PAGE).collect();
    let next = rest.next().and_then(|_| page.last()).map(token);
    let members = page.into_iter().map(|listed| Member::Members(metric(listed))).collect();
    let mut result = vec![("Metrics", Member::List(members))];
    result.extend(next.map(|token| ("NextToken", Member::Text(token))));
    Ok(result)
}

fn fits(filter: &DimensionFilter, instance: Option<&InstanceId>) -> bool {
    let is_it = filter.name.as_deref() == Some(INSTANCE_ID);
    let has_value =
        |id: &InstanceId| filter.value.as_deref().is_none_or(|value| value == id.as_str());
    is_it && instance.is_some_and(has_value)
}

fn metric((metric, instance): Listed) -> Vec<(&'static str, Member)> {
    let dimension = |id: InstanceId| {
        Member::Members(vec![("Name", INSTANCE_ID.into()), ("Value", id.as_str().into())])
    };
    vec![
        ("Namespace", NAMESPACE.into()),
        ("MetricName", metric.name().into()),
        ("Dimensions", Member::List(instance.map(dimension).into_iter().collect())),
    ]
}

fn token((metric, instance): &Listed) -> String {
    format!("{}:{}", metric.name(), instance.as_ref().map_or("", InstanceId::as_str))
}

fn read_token(token: &str) -> Result<Listed, Fault> {
    let read = || {
        let (name, id) = token.split_once(':')?;
        let metric = Metric::ALL.into_iter().find(|metric| metric.name() == name)?;
        let instance = if id.is_empty() { None } else { Some(id.parse().ok()?) };
        Some((metric, instance))
    };
    read().ok_or_else(|| {
        Fault::invalid_parameter_value("The parameter NextToken is not one of a response.")
    })
}
