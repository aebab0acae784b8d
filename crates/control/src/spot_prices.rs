//! `DescribeSpotPriceHistory`. Prices are made up: what matters is that they follow the size of a type, differ
//! between zones, and do not change.

use imds_account::records::Tags;
use imds_account::zones;
use imds_core::placement::Zone;
use imds_ec2::Fault;
use imds_ec2::types::{DescribeSpotPriceHistoryRequest, DescribeSpotPriceHistoryResult, SpotPrice};

use super::call::{Call, Refusal};
use super::filter::Filters;
use super::page::Page;
use super::{instance_types, time};

/// Source: EC2 API `DescribeSpotPriceHistory`.
const FILTERS: &[&str] = &[
    "availability-zone",
    "availability-zone-id",
    "instance-type",
    "product-description",
    "spot-price",
    "timestamp",
];

/// Product descriptions, and how many times the price of Linux they cost.
const PRODUCTS: [(&str, u32); 6] = [
    ("Linux/UNIX", 1),
    ("Linux/UNIX (Amazon VPC)", 1),
    ("Red Hat Enterprise Linux", 2),
    ("SUSE Linux", 2),
    ("Windows", 3),
    ("Windows (Amazon VPC)", 3),
];

/// Since when the prices hold: 2025-01-01T00:00:00Z, in seconds since 1970.
const SINCE: u64 = 1_735_689_600;

/// The price of a type in a zone, in millionths of a dollar for an hour: one cent and a bit for each processor
/// and each 4 GiB of memory. `None` where the size of the type is not known.
pub(super) fn price(name: &str, zone: &Zone) -> Option<u32> {
    let (processors, mebibytes) = instance_types::size(name)?;
    let zone_letter = zone.as_str().bytes().last().unwrap_or_default();
    let of_zone = u32::from(zone_letter.wrapping_sub(b'a')) * 100;
    let units = u32::try_from(processors).ok()? + u32::try_from(mebibytes / 4096).ok()?;
    Some(units * (10_000 + of_zone))
}

pub(super) fn describe(
    call: &Call<'_>,
    request: &DescribeSpotPriceHistoryRequest,
) -> Result<DescribeSpotPriceHistoryResult, Refusal> {
    let filters = Filters::new(&request.filters, FILTERS)?;
    // Who asks for more gets pages of as many; Karpenter asks for 2,000.
    let most = request.max_results.map(|most| most.min(1000));
    let page = Page::new(most, request.next_token.as_deref(), 1..=1000)?;
    if let Some(unknown) =
        request.instance_types.iter().find(|name| instance_types::find(call, name).is_none())
    {
        return Err(
            Fault::invalid_parameter_value(format!("Invalid instance type: {unknown}")).into()
        );
    }
    let zones = zones::zones(&call.region).into_iter().filter(|zone| {
        let is_it = |stated: &Option<String>, its: &str| {
            stated.as_deref().is_none_or(|stated| stated == its)
        };
        is_it(&request.availability_zone, zone.as_str())
            && is_it(&request.availability_zone_id, &zone.id())
    });
    let zones: Vec<_> = zones.collect();
    let is_wanted =
        |wanted: &[String], it: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == it);
    let types = instance_types::sized().filter(|name| is_wanted(&request.instance_types, name));
    let of_zones = types.flat_map(|name| zones.iter().map(move |zone| (name, zone)));
    let all = of_zones.flat_map(|(name, zone)| {
        PRODUCTS.map(|(product, times)| {
            (format!("{name} {zone} {product}"), name, zone, product, times)
        })
    });
    let shown = all.filter_map(|(key, name, zone, product, times)| {
        let millionths = price(name, zone)? * times;
        let price = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        let shown = SpotPrice {
            availability_zone: Some(zone.to_string()),
            availability_zone_id: Some(zone.id()),
            instance_type: Some(name.to_owned()),
            product_description: Some(product.to_owned()),
            spot_price: Some(price),
            timestamp: time::shape(SINCE),
        };
        let is_meant = is_wanted(&request.product_descriptions, product)
            && filters.accept(&Tags::new(), |filter| values(&shown, filter));
        is_meant.then_some((key, shown))
    });
    let (shown, next_token) = page.paginate(shown, |(key, _)| key);
    Ok(DescribeSpotPriceHistoryResult {
        next_token,
        spot_price_history: shown.into_iter().map(|(_, shown)| shown).collect(),
    })
}

fn values(shown: &SpotPrice, filter: &str) -> Vec<String> {
    let value = match filter {
        "availability-zone" => shown.availability_zone.clone(),
        "availability-zone-id" => shown.availability_zone_id.clone(),
        "instance-type" => shown.instance_type.clone(),
        "product-description" => shown.product_description.clone(),
        "spot-price" => shown.spot_price.clone(),
        _ => shown.timestamp.map(|time| time.to_string()),
    };
    value.into_iter().collect()
}
