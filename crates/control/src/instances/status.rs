//! `DescribeInstanceStatus`.

use imds_account::records::Tags;
use imds_core::events::Maintenance;
use imds_ec2::types::{
    DescribeInstanceStatusRequest, DescribeInstanceStatusResult, InstanceStatus,
    InstanceStatusDetails, InstanceStatusEvent, InstanceStatusSummary,
};

use super::state::State;
use super::{StoredInstance, paged};
use crate::call::{Call, Refusal};
use crate::filter::Filters;
use crate::time;

/// Instances that run, or all if that is asked for.
pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeInstanceStatusRequest,
) -> Result<DescribeInstanceStatusResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let includes_all = request.include_all_instances == Some(true);
    let show = |instance: StoredInstance| {
        let state = instance.state(call);
        let is_meant = includes_all || state == State::Running;
        let is_shown = is_meant
            && filters.accept(&Tags::new(), |name| values(name, state, &instance, call.now));
        is_shown.then_some((state, instance))
    };
    let page = (request.max_results, request.next_token.as_deref());
    let (shown, next_token) =
        paged(call, &request.instance_ids, page, show, |(_, instance)| instance.id.as_str())?;
    let instance_statuses =
        shown.iter().map(|(state, instance)| status(*state, instance, call.now)).collect();
    Ok(DescribeInstanceStatusResult { instance_statuses, next_token })
}

/// The filters that are known. Source: EC2 API `DescribeInstanceStatus`.
const FILTERS: &[&str] = &[
    "attached-ebs-status.status",
    "availability-zone",
    "availability-zone-id",
    "event.code",
    "event.description",
    "event.instance-event-id",
    "event.not-after",
    "event.not-before",
    "event.not-before-deadline",
    "instance-state-code",
    "instance-state-name",
    "instance-status.reachability",
    "instance-status.status",
    "operator.managed",
    "operator.principal",
    "system-status.reachability",
    "system-status.status",
];

fn values(name: &str, state: State, instance: &StoredInstance, now: u64) -> Vec<String> {
    if let Some(name) = name.strip_prefix("event.") {
        return shown(instance, now).filter_map(|event| event_value(name, event, now)).collect();
    }
    let health = Health::of(state);
    let reachability = health.reachability().unwrap_or_default();
    let zone = &instance.stored.record.zone;
    let value = match name {
        "attached-ebs-status.status" | "instance-status.status" | "system-status.status" => {
            health.status().to_owned()
        }
        "availability-zone" => zone.to_string(),
        "availability-zone-id" => zone.id(),
        "instance-state-code" => state.code().to_string(),
        "instance-state-name" => state.name().to_owned(),
        "instance-status.reachability" | "system-status.reachability" => reachability.to_owned(),
        "operator.managed" => "false".to_owned(),
        _ => return Vec::new(),
    };
    vec![value]
}

fn event_value(name: &str, event: &Maintenance, now: u64) -> Option<String> {
    match name {
        "code" => Some(event.code.to_string()),
        "description" => Some(event.description_at(now)),
        "instance-event-id" => Some(event.id.clone()),
        "not-after" => Some(time::shape(event.not_after?)?.to_string()),
        "not-before" => Some(time::shape(event.not_before)?.to_string()),
        _ => None,
    }
}

/// What is scheduled, and what was: that is let go of after a week.
fn shown(instance: &StoredInstance, now: u64) -> impl Iterator<Item = &Maintenance> {
    let events = instance.stored.record.events.maintenance.iter();
    events.filter(move |event| event.is_scheduled(now) || event.is_history(now))
}

fn event(event: &Maintenance, now: u64) -> InstanceStatusEvent {
    InstanceStatusEvent {
        instance_event_id: Some(event.id.clone()),
        code: Some(event.code.to_string()),
        description: Some(event.description_at(now)),
        not_after: event.not_after.and_then(time::shape),
        not_before: time::shape(event.not_before),
        not_before_deadline: None,
    }
}

fn status(state: State, instance: &StoredInstance, now: u64) -> InstanceStatus {
    let summary = Health::of(state).summary();
    InstanceStatus {
        availability_zone: Some(instance.stored.record.zone.to_string()),
        availability_zone_id: Some(instance.stored.record.zone.id()),
        events: shown(instance, now).map(|it| event(it, now)).collect(),
        instance_id: Some(instance.id.to_string()),
        instance_state: Some(state.shape()),
        instance_status: Some(summary.clone()),
        system_status: Some(summary),
        ..InstanceStatus::default()
    }
}

/// What EC2's checks of an instance come to. Whoever runs here is well.
#[derive(Clone, Copy)]
enum Health {
    Initializing,
    Well,
    NotApplicable,
}

impl Health {
    fn of(state: State) -> Self {
        match state {
            State::Pending => Self::Initializing,
            State::Running => Self::Well,
            _ => Self::NotApplicable,
        }
    }

    /// Source: EC2 API `SummaryStatus`.
    fn status(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::Well => "ok",
            Self::NotApplicable => "not-applicable",
        }
    }

    /// Source: EC2 API `StatusType`.
    fn reachability(self) -> Option<&'static str> {
        match self {
            Self::Initializing => Some("initializing"),
            Self::Well => Some("passed"),
            Self::NotApplicable => None,
        }
    }

    fn summary(self) -> InstanceStatusSummary {
        let details = self.reachability().map(|status| InstanceStatusDetails {
            name: Some("reachability".to_owned()),
            status: Some(status.to_owned()),
            ..InstanceStatusDetails::default()
        });
        InstanceStatusSummary {
            status: Some(self.status().to_owned()),
            details: details.into_iter().collect(),
        }
    }
}
