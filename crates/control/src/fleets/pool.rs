//! The pools of a fleet: each launch template with each of its overrides.

use imds_account::zones;
use imds_core::placement::Zone;
use imds_ec2::Fault;
use imds_ec2::types::{
    CreateFleetRequest, FleetLaunchTemplateConfigRequest, FleetLaunchTemplateOverridesRequest,
    FleetLaunchTemplateSpecification, LaunchTemplateAndOverridesResponse,
    LaunchTemplateSpecification, Placement, RunInstancesRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::call::{Call, Refusal};
use crate::launch_templates::launch;
use crate::spot_prices;

/// The most overrides that a fleet has. Source: EC2 API `CreateFleet`.
const MOST: usize = 300;

/// How instances are paid for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Market {
    OnDemand,
    Spot,
}

impl Market {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Spot => "spot",
        }
    }
}

/// A launch that a fleet may come to.
pub(super) struct Pool {
    /// For one instance.
    pub(super) launch: RunInstancesRequest,
    /// The template and the override, as they are answered.
    pub(super) shown: LaunchTemplateAndOverridesResponse,
    /// How much of the capacity an instance is.
    weight: f64,
    /// The lower, the earlier; without one, last.
    priority: f64,
    /// In millionths of a dollar for an hour; unknown of types without a known size.
    price: Option<u32>,
    max_price: Option<String>,
}

impl Pool {
    /// How many instances are at least `capacity`.
    pub(super) fn count(&self, capacity: i32) -> i32 {
        #[allow(clippy::cast_possible_truncation, reason = "floats become the nearest integer")]
        let count = (f64::from(capacity) / self.weight).ceil() as i32;
        count.max(1)
    }

    pub(super) fn max_price(&self) -> Option<&str> {
        self.max_price.as_deref()
    }

    /// Refuses Spot Instances for less than they cost.
    pub(super) fn check_price(&self, market: Market) -> Result<(), Fault> {
        let (Some(stated), Some(price), Market::Spot) = (&self.max_price, self.price, market)
        else {
            return Ok(());
        };
        let most: f64 = stated.parse().map_err(|_| {
            Fault::invalid_value("Overrides.MaxPrice", stated, "Expecting a price in dollars.")
        })?;
        let price = f64::from(price) / 1e6;
        if most >= price {
            return Ok(());
        }
        Err(Fault::client(
            "SpotMaxPriceTooLow",
            format!(
                "Your Spot request price of {stated} is lower than the minimum required Spot request \
                 fulfillment price of {price}."
            ),
        ))
    }
}

/// All pools of a fleet, as they are listed.
pub(super) fn all(call: &Call<'_>, request: &CreateFleetRequest) -> Result<Vec<Pool>, Refusal> {
    let count: usize =
        request.launch_template_configs.iter().map(|config| config.overrides.len()).sum();
    if count > MOST {
        return Err(Fault::invalid_parameter_value(format!(
            "A fleet has at most {MOST} overrides; this one has {count}."
        ))
        .into());
    }
    let mut pools = Vec::new();
    for config in &request.launch_template_configs {
        let base = base(call, request, config)?;
        let none = [FleetLaunchTemplateOverridesRequest::default()];
        let overrides = if config.overrides.is_empty() { &none[..] } else { &config.overrides };
        for one in overrides {
            pools.push(pool(call, &base, one)?);
        }
    }
    Ok(pools)
}

/// The pools in the order in which they are tried, each with its place in the list.
pub(super) fn ordered<'a>(
    pools: &'a [Pool],
    request: &CreateFleetRequest,
    market: Market,
) -> Result<Vec<(usize, &'a Pool)>, Fault> {
    let on_demand = request.on_demand_options.as_ref();
    let spot = request.spot_options.as_ref();
    let (parameter, stated) = match market {
        Market::OnDemand => (
            "OnDemandOptions.AllocationStrategy",
            on_demand.and_then(|it| it.allocation_strategy.as_deref()),
        ),
        Market::Spot => (
            "SpotOptions.AllocationStrategy",
            spot.and_then(|it| it.allocation_strategy.as_deref()),
        ),
    };
    let is_by_priority = match (market, stated) {
        (Market::OnDemand, None | Some("lowest-price" | "lowestPrice"))
        | (
            Market::Spot,
            None
            | Some(
                "lowest-price"
                | "lowestPrice"
                | "diversified"
                | "capacity-optimized"
                | "price-capacity-optimized",
            ),
        ) => false,
        (Market::OnDemand, Some("prioritized"))
        | (Market::Spot, Some("capacity-optimized-prioritized")) => true,
        (_, Some(other)) => {
            let rule = "Expecting a strategy of EC2, such as lowest-price.";
            return Err(Fault::invalid_value(parameter, other, rule));
        }
    };
    let mut ordered: Vec<_> = pools.iter().enumerate().collect();
    if is_by_priority {
        ordered.sort_by(|(_, one), (_, other)| one.priority.total_cmp(&other.priority));
    } else {
        ordered.sort_by_key(|(_, pool)| pool.price.unwrap_or(u32::MAX));
    }
    Ok(ordered)
}

/// What a template launches, and what the fleet says of all instances.
fn base(
    call: &Call<'_>,
    request: &CreateFleetRequest,
    config: &FleetLaunchTemplateConfigRequest,
) -> Result<RunInstancesRequest, Refusal> {
    let named = config.launch_template_specification.as_ref().ok_or_else(|| {
        Fault::missing_parameter("LaunchTemplateConfigs.LaunchTemplateSpecification")
    })?;
    let mut tags = request.tag_specifications.clone();
    tags.retain(|it| it.resource_type.as_deref() != Some("fleet"));
    let base = RunInstancesRequest {
        min_count: 1,
        max_count: 1,
        tag_specifications: tags,
        launch_template: Some(LaunchTemplateSpecification {
            launch_template_id: named.launch_template_id.clone(),
            launch_template_name: named.launch_template_name.clone(),
            version: named.version.clone(),
        }),
        ..RunInstancesRequest::default()
    };
    let mut applied = launch::applied(call, &base)?;
    // The fleet decides.
    applied.instance_market_options = None;
    Ok(applied)
}

fn pool(
    call: &Call<'_>,
    base: &RunInstancesRequest,
    one: &FleetLaunchTemplateOverridesRequest,
) -> Result<Pool, Refusal> {
    let weight = one.weighted_capacity.unwrap_or(1.0);
    if !(weight > 0.0 && weight <= 999.0) {
        let rule = "Expecting more than 0, up to 999.";
        return Err(Fault::invalid_value("Overrides.WeightedCapacity", weight, rule).into());
    }
    let launch = overridden(base, one)?;
    let template = launch.launch_template.clone().unwrap_or_default();
    let price = launch.instance_type.as_deref();
    let price = price.and_then(|name| spot_prices::price(name, &zone(call, &launch)?));
    Ok(Pool {
        shown: LaunchTemplateAndOverridesResponse {
            launch_template_specification: Some(FleetLaunchTemplateSpecification {
                launch_template_id: template.launch_template_id,
                launch_template_name: None,
                version: template.version,
            }),
            overrides: Some(converted(one)?),
        },
        launch,
        weight,
        priority: one.priority.unwrap_or(f64::INFINITY),
        price,
        max_price: one.max_price.clone(),
    })
}

/// The zone of the subnet that is named, or the one that is; else the first.
fn zone(call: &Call<'_>, launch: &RunInstancesRequest) -> Option<Zone> {
    let placement = launch.placement.as_ref();
    let of_interface = launch.network_interfaces.first().and_then(|it| it.subnet_id.as_ref());
    let subnet = launch.subnet_id.as_ref().or(of_interface);
    let of_subnet = subnet.and_then(|id| {
        let all = call.network.subnets(&call.region);
        all.into_iter().find(|it| it.id.as_str() == id).map(|it| it.zone)
    });
    let named = placement.and_then(|it| it.availability_zone.as_ref()?.parse().ok());
    let by_id = placement.and_then(|it| it.availability_zone_id.as_ref());
    let mut all = zones::zones(&call.region).into_iter();
    of_subnet.or(named).or_else(|| match by_id {
        Some(id) => all.find(|zone| zone.id() == *id),
        None => all.next(),
    })
}

/// A launch with what an override says of it.
fn overridden(
    base: &RunInstancesRequest,
    one: &FleetLaunchTemplateOverridesRequest,
) -> Result<RunInstancesRequest, Fault> {
    let mut launch = base.clone();
    let set = |wanted: &Option<String>, place: &mut Option<String>| {
        if wanted.is_some() {
            place.clone_from(wanted);
        }
    };
    set(&one.instance_type, &mut launch.instance_type);
    set(&one.image_id, &mut launch.image_id);
    set(&one.key_name, &mut launch.key_name);
    // A template may have the subnet in its first interface.
    let primary = launch.network_interfaces.iter_mut().find(|it| it.device_index == Some(0));
    set(&one.subnet_id, primary.map_or(&mut launch.subnet_id, |it| &mut it.subnet_id));
    let mut placement = match &one.placement {
        Some(placement) => placement.clone(),
        None => launch.placement.take().unwrap_or_default(),
    };
    set(&one.availability_zone, &mut placement.availability_zone);
    set(&one.availability_zone_id, &mut placement.availability_zone_id);
    launch.placement = Some(placement).filter(|it| *it != Placement::default());
    if !one.block_device_mappings.is_empty() {
        launch.block_device_mappings =
            one.block_device_mappings.iter().map(converted).collect::<Result<_, _>>()?;
    }
    if let Some(profile) = &one.iam_instance_profile {
        launch.iam_instance_profile = Some(converted(profile)?);
    }
    if let Some(stated) = &one.metadata_options {
        let options = launch.metadata_options.get_or_insert_default();
        set(&stated.http_tokens, &mut options.http_tokens);
        set(&stated.http_endpoint, &mut options.http_endpoint);
        let hops = stated.http_put_response_hop_limit;
        options.http_put_response_hop_limit = hops.or(options.http_put_response_hop_limit);
    }
    Ok(launch)
}

/// One of EC2's structures as another one whose members have the same names.
fn converted<T: DeserializeOwned>(structure: &impl Serialize) -> Result<T, Fault> {
    let json = serde_json::to_value(structure);
    json.and_then(serde_json::from_value).map_err(|error| {
        // Not the error's own words: they may show a value.
        tracing::error!(category = ?error.classify(), "structures of the API model do not agree");
        Fault::internal()
    })
}
