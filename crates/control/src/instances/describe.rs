//! `DescribeInstances`.

use std::collections::BTreeMap;

use imds_core::ids::ReservationId;
use imds_ec2::shapes::{DescribeInstancesRequest, DescribeInstancesResult, Reservation};

use super::shape::Shown;
use super::{Found, filters, paged};
use crate::call::{Call, Refusal};
use crate::filter::Filters;

pub(crate) fn describe(
    call: &Call<'_>,
    asked: &DescribeInstancesRequest,
) -> Result<DescribeInstancesResult, Refusal> {
    let filters = Filters::new(&asked.filters, &filters::names())?;
    let show = |found: Found| {
        let shown = Shown::new(call, &found)?;
        filters.accept(&found.tags(), |name| filters::values(&shown, name)).then_some(shown)
    };
    let page = (asked.max_results, asked.next_token.as_deref());
    let (shown, next_token) =
        paged(call, &asked.instance_ids, page, show, |shown: &Shown| &shown.id)?;
    Ok(DescribeInstancesResult { reservations: reservations(shown), next_token })
}

/// Instances of one reservation.
pub(super) fn reservation(
    call: &Call<'_>,
    reservation: &ReservationId,
    found: &[Found],
) -> Reservation {
    let shown = found.iter().filter_map(|found| Shown::new(call, found));
    Reservation {
        reservation_id: Some(reservation.to_string()),
        owner_id: Some(call.account.to_string()),
        instances: shown.map(|shown| shown.instance).collect(),
        ..Reservation::default()
    }
}

fn reservations(shown: Vec<Shown>) -> Vec<Reservation> {
    let mut reservations = BTreeMap::<String, Reservation>::new();
    for shown in shown {
        let reservation = reservations.entry(shown.reservation.clone()).or_default();
        reservation.reservation_id = Some(shown.reservation);
        reservation.owner_id = Some(shown.owner);
        reservation.instances.push(shown.instance);
    }
    reservations.into_values().collect()
}
