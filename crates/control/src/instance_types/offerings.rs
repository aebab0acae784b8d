//! `DescribeInstanceTypeOfferings`: every type that can be launched, at every place.

use imds_account::records::Tags;
use imds_account::zones;
use imds_ec2::Fault;
use imds_ec2::types::{
    DescribeInstanceTypeOfferingsRequest, DescribeInstanceTypeOfferingsResult, InstanceTypeOffering,
};

use crate::call::{Call, Refusal};
use crate::filter::Filters;
use crate::page::Page;

/// Source: EC2 API `DescribeInstanceTypeOfferings`.
const FILTERS: &[&str] = &["instance-type", "location"];

pub(crate) fn describe(
    call: &Call<'_>,
    request: &DescribeInstanceTypeOfferingsRequest,
) -> Result<DescribeInstanceTypeOfferingsResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    let page = Page::new(request.max_results, request.next_token.as_deref(), 5..=1000)?;
    let location_type = request.location_type.as_deref().unwrap_or("region");
    let zones = zones::zones(&call.region);
    let locations: Vec<String> = match location_type {
        "region" => vec![call.region.to_string()],
        "availability-zone" => zones.iter().map(ToString::to_string).collect(),
        "availability-zone-id" => zones.iter().map(imds_core::placement::Zone::id).collect(),
        // There is none.
        "outpost" => Vec::new(),
        other => {
            let rule = "Expecting region, availability-zone, availability-zone-id or outpost.";
            return Err(Fault::invalid_value("LocationType", other, rule).into());
        }
    };
    let all = super::names(call).into_iter().flat_map(|name| {
        locations.iter().map(move |location| (format!("{name} {location}"), name.clone(), location))
    });
    let meant = all.filter(|(_, name, location)| {
        let values = |filter: &str| match filter {
            "instance-type" => vec![name.clone()],
            _ => vec![(*location).clone()],
        };
        filters.accept(&Tags::new(), values)
    });
    let (shown, next_token) = page.paginate(meant, |(key, ..)| key);
    let offerings = shown.into_iter().map(|(_, name, location)| InstanceTypeOffering {
        instance_type: Some(name),
        location_type: Some(location_type.to_owned()),
        location: Some(location.clone()),
    });
    Ok(DescribeInstanceTypeOfferingsResult {
        instance_type_offerings: offerings.collect(),
        next_token,
    })
}
