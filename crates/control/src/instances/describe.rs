//! `DescribeInstances`.

use std::collections::BTreeMap;

use imds_core::ids::ReservationId;
use imds_ec2::types::{DescribeInstancesRequest, DescribeInstancesResult, Reservation};

use super::shape::InstanceView;
use super::{StoredInstance, filters, paged};
use crate::call::{Call, Refusal};
use crate::filter::Filters;

pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeInstancesRequest,
) -> Result<DescribeInstancesResult, Refusal> {
    let filters = Filters::new(&request.filters, &filters::names())?;
    let show = |instance: StoredInstance| {
        let shown = InstanceView::new(call, &instance)?;
        filters.accept(instance.tags(), |name| filters::values(&shown, name)).then_some(shown)
    };
    let page = (request.max_results, request.next_token.as_deref());
    let (shown, next_token) =
        paged(call, &request.instance_ids, page, show, |shown: &InstanceView| &shown.id)?;
    Ok(DescribeInstancesResult { reservations: reservations(shown), next_token })
}

/// Instances of one reservation.
pub(super) fn reservation(
    call: &Call<'_>,
    reservation: &ReservationId,
    instances: &[StoredInstance],
) -> Reservation {
    let shown = instances.iter().filter_map(|instance| InstanceView::new(call, instance));
    Reservation {
        reservation_id: Some(reservation.to_string()),
        owner_id: Some(call.account.to_string()),
        instances: shown.map(|shown| shown.instance).collect(),
        ..Reservation::default()
    }
}

fn reservations(shown: Vec<InstanceView>) -> Vec<Reservation> {
    let mut reservations = BTreeMap::<String, Reservation>::new();
    for shown in shown {
        let reservation = reservations.entry(shown.reservation.clone()).or_default();
        reservation.reservation_id = Some(shown.reservation);
        reservation.owner_id = Some(shown.owner);
        reservation.instances.push(shown.instance);
    }
    reservations.into_values().collect()
}
