//! Regions and Availability Zones.

use imds_account::records::Tags;
use imds_account::zones::{self, REGIONS};
use imds_core::placement::{Region, Zone};
use imds_ec2::Fault;
use imds_ec2::types::{
    self, AvailabilityZone, DescribeAvailabilityZonesRequest, DescribeAvailabilityZonesResult,
    DescribeRegionsRequest, DescribeRegionsResult,
};

use super::call::{Call, Refusal};
use super::filter::Filters;

const OPT_IN_NOT_REQUIRED: &str = "opt-in-not-required";

/// The listed Regions, and the Region of the request.
pub(super) fn describe_regions(
    call: &Call<'_>,
    request: &DescribeRegionsRequest,
) -> Result<DescribeRegionsResult, Refusal> {
    let filters = Filters::new(&request.filters, &["endpoint", "opt-in-status", "region-name"])?;
    let mut names: Vec<_> = REGIONS.iter().map(|(name, _)| *name).collect();
    if !names.contains(&call.region.as_str()) {
        names.push(call.region.as_str());
    }
    if let Some(unknown) = request.region_names.iter().find(|name| !names.contains(&name.as_str()))
    {
        let message = format!("Invalid region names: [{unknown}]");
        return Err(Fault::invalid_parameter_value(message).into());
    }
    let endpoint = |name: &str| {
        let domain = name.parse().map_or("amazonaws.com", |region: Region| region.partition().1);
        format!("ec2.{name}.{domain}")
    };
    let meant = names.into_iter().filter(|name| {
        let values = |filter: &str| match filter {
            "endpoint" => vec![endpoint(name)],
            "opt-in-status" => vec![OPT_IN_NOT_REQUIRED.to_owned()],
            _ => vec![(*name).to_owned()],
        };
        let is_named =
            request.region_names.is_empty() || request.region_names.iter().any(|it| it == name);
        is_named && filters.accept(&Tags::new(), values)
    });
    let regions = meant.map(|name| types::Region {
        opt_in_status: Some(OPT_IN_NOT_REQUIRED.to_owned()),
        region_name: Some(name.to_owned()),
        endpoint: Some(endpoint(name)),
        ..types::Region::default()
    });
    Ok(DescribeRegionsResult { regions: regions.collect() })
}

/// Source: EC2 API `DescribeAvailabilityZones`.
const ZONE_FILTERS: &[&str] = &[
    "group-name",
    "message",
    "opt-in-status",
    "region-name",
    "state",
    "zone-id",
    "zone-name",
    "zone-type",
];

pub(super) fn describe_zones(
    call: &Call<'_>,
    request: &DescribeAvailabilityZonesRequest,
) -> Result<DescribeAvailabilityZonesResult, Refusal> {
    let filters = Filters::new(&request.filters, ZONE_FILTERS)?;
    let zones = zones::zones(&call.region);
    let is_known = |name: &&String| zones.iter().any(|zone| zone.as_str() == name.as_str());
    if let Some(unknown) = request.zone_names.iter().find(|name| !is_known(name)) {
        let message = format!("Invalid availability zone: [{unknown}]");
        return Err(Fault::invalid_parameter_value(message).into());
    }
    let is_known_id = |id: &&String| zones.iter().any(|zone| zone.id() == **id);
    if let Some(unknown) = request.zone_ids.iter().find(|id| !is_known_id(id)) {
        let message = format!("Invalid availability zone-id: [{unknown}]");
        return Err(Fault::invalid_parameter_value(message).into());
    }
    let region = call.region.as_str();
    let meant = zones.iter().filter(|zone| {
        let values = |filter: &str| match filter {
            "group-name" | "region-name" => vec![region.to_owned()],
            "opt-in-status" => vec![OPT_IN_NOT_REQUIRED.to_owned()],
            "state" => vec!["available".to_owned()],
            "zone-id" => vec![zone.id()],
            "zone-name" => vec![zone.to_string()],
            "zone-type" => vec!["availability-zone".to_owned()],
            _ => Vec::new(),
        };
        let is_named = request.zone_names.is_empty() && request.zone_ids.is_empty()
            || request.zone_names.iter().any(|name| name == zone.as_str())
            || request.zone_ids.contains(&zone.id());
        is_named && filters.accept(&Tags::new(), values)
    });
    let shape = |zone: &Zone| AvailabilityZone {
        opt_in_status: Some(OPT_IN_NOT_REQUIRED.to_owned()),
        region_name: Some(region.to_owned()),
        zone_name: Some(zone.to_string()),
        zone_id: Some(zone.id()),
        group_name: Some(region.to_owned()),
        network_border_group: Some(region.to_owned()),
        zone_type: Some("availability-zone".to_owned()),
        state: Some("available".to_owned()),
        ..AvailabilityZone::default()
    };
    Ok(DescribeAvailabilityZonesResult { availability_zones: meant.map(shape).collect() })
}
