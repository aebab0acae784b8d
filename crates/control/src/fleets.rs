//! `CreateFleet` of the type `instant`: launches now, from the first pool that can, and lists why others could
//! not.

mod pool;

use imds_account::Transaction;
use imds_account::records::Tags;
use imds_core::instance::LifeCycle;
use imds_ec2::Fault;
use imds_ec2::types::{
    CreateFleetError, CreateFleetInstance, CreateFleetRequest, CreateFleetResult,
    FleetLaunchTemplateSpecification, InstanceMarketOptionsRequest,
    LaunchTemplateAndOverridesResponse, Reservation, RunInstancesRequest, SpotMarketOptions,
    TargetCapacitySpecificationRequest,
};

use super::call::{Call, Refusal};
use super::client_token::ClientToken;
use super::instances::run;
use super::{ids, instances};
use imds_account::StoreError;
use pool::{Market, Pool};

/// How often a launch is tried that others keep getting in the way of.
const ATTEMPTS: usize = 64;

/// The tag that EC2 gives to the instances of a fleet.
const FLEET_TAG: &str = "aws:ec2:fleet-id";

pub(super) fn create(
    call: &Call<'_>,
    request: &CreateFleetRequest,
) -> Result<CreateFleetResult, Refusal> {
    let rest = CreateFleetRequest { client_token: None, dry_run: None, ..request.clone() };
    let stated = request.client_token.as_deref();
    let token = ClientToken::read(call, "CreateFleet", stated, &rest)?;
    let fleet = match stated {
        // What this request has launched before it ended too soon, it does not launch again.
        Some(token) => {
            ids::derived_uuid(call.account.as_str(), &format!("{}/{token}", call.region))
        }
        None => ids::request_id()?,
    };
    let fleet = format!("fleet-{fleet}");
    if let Some(made) = token.as_ref().and_then(ClientToken::made) {
        return earlier(call, fleet, made);
    }
    check_type(request)?;
    if call.dry_run {
        // On EC2 it says whether it is allowed, and nothing of the templates, which need not exist.
        return Err(Fault::dry_run().into());
    }
    let capacity = capacity(&request.target_capacity_specification)?;
    let pools = pool::all(call, request)?;
    let mut result = CreateFleetResult { fleet_id: Some(fleet), ..CreateFleetResult::default() };
    for (market, capacity) in capacity {
        fill(call, &pool::ordered(&pools, request, market)?, market, capacity, &mut result)?;
    }
    if let Some(token) = token {
        let made = result.instances.iter().flat_map(|it| it.instance_ids.clone()).collect();
        call.commit(token.spend(Transaction::new(), made))?;
    }
    Ok(result)
}

/// The launches that a fleet may come to, for one instance each.
pub(super) fn launches(
    call: &Call<'_>,
    request: &CreateFleetRequest,
) -> Result<Vec<RunInstancesRequest>, Refusal> {
    Ok(pool::all(call, request)?.into_iter().map(|pool| pool.launch).collect())
}

fn check_type(request: &CreateFleetRequest) -> Result<(), Fault> {
    match request.type_.as_deref() {
        Some("instant") => Ok(()),
        Some("request" | "maintain") | None => Err(Fault::unsupported_operation(
            "Fleets here are of the type instant: nothing keeps or replaces their instances later.",
        )),
        Some(other) => {
            let rule = "Expecting instant, request or maintain.";
            Err(Fault::invalid_value("Type", other, rule))
        }
    }
}

/// How much of each market is wanted; what is said of neither is of the default one.
fn capacity(stated: &TargetCapacitySpecificationRequest) -> Result<Vec<(Market, i32)>, Fault> {
    let total = stated.total_target_capacity;
    let (on_demand, spot) = (stated.on_demand_target_capacity, stated.spot_target_capacity);
    let sum = on_demand.unwrap_or(0).checked_add(spot.unwrap_or(0));
    let rest = sum.and_then(|sum| total.checked_sub(sum)).filter(|rest| *rest >= 0);
    let are_possible = total > 0 && [on_demand, spot].into_iter().flatten().all(|it| it >= 0);
    let Some(rest) = rest.filter(|_| are_possible) else {
        let rule = "Expecting 1 or more, and at least what is asked for as on-demand and Spot.";
        let parameter = "TargetCapacitySpecification.TotalTargetCapacity";
        return Err(Fault::invalid_value(parameter, total, rule));
    };
    let (more_on_demand, more_spot) = match stated.default_target_capacity_type.as_deref() {
        None | Some("on-demand") => (rest, 0),
        Some("spot") => (0, rest),
        Some(other) => {
            let parameter = "TargetCapacitySpecification.DefaultTargetCapacityType";
            return Err(Fault::invalid_value(parameter, other, "Expecting on-demand or spot."));
        }
    };
    let all = [
        (Market::OnDemand, on_demand.unwrap_or(0) + more_on_demand),
        (Market::Spot, spot.unwrap_or(0) + more_spot),
    ];
    Ok(all.into_iter().filter(|(_, capacity)| *capacity > 0).collect())
}

/// Launches all of the capacity from the first of `pools` that can.
fn fill(
    call: &Call<'_>,
    pools: &[(usize, &Pool)],
    market: Market,
    capacity: i32,
    result: &mut CreateFleetResult,
) -> Result<(), Refusal> {
    let fleet = result.fleet_id.clone().unwrap_or_default();
    let tags = Tags::from([(FLEET_TAG.to_owned(), fleet.clone())]);
    for (nth, pool) in pools {
        let count = pool.count(capacity);
        let launch = RunInstancesRequest {
            min_count: count,
            max_count: count,
            client_token: Some(format!("{fleet}-{nth}-{}", &market.as_str()[..1])),
            instance_market_options: (market == Market::Spot).then(|| spot(pool)),
            ..pool.launch.clone()
        };
        let launched = pool.check_price(market).map_err(Refusal::Fault);
        match launched.and_then(|()| launched_once(call, &launch, &tags)) {
            Ok(reservation) => {
                result.instances.push(shown(pool, market, &reservation));
                return Ok(());
            }
            Err(Refusal::Fault(fault)) => result.errors.push(CreateFleetError {
                launch_template_and_overrides: Some(pool.shown.clone()),
                lifecycle: Some(market.as_str().to_owned()),
                error_code: Some(fault.code.to_owned()),
                error_message: Some(fault.message),
            }),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

fn spot(pool: &Pool) -> InstanceMarketOptionsRequest {
    InstanceMarketOptionsRequest {
        market_type: Some("spot".to_owned()),
        spot_options: Some(SpotMarketOptions {
            max_price: pool.max_price().map(str::to_owned),
            spot_instance_type: Some("one-time".to_owned()),
            ..SpotMarketOptions::default()
        }),
    }
}

/// Launches, again if others were faster: what came before in the same request stays.
fn launched_once(
    call: &Call<'_>,
    launch: &RunInstancesRequest,
    tags: &Tags,
) -> Result<Reservation, Refusal> {
    for _ in 1..ATTEMPTS {
        match run::run_with(call, launch, tags) {
            Err(Refusal::Store(StoreError::Conflict { .. })) => {}
            settled => return settled,
        }
    }
    Err(Fault::request_limit_exceeded().into())
}

fn shown(pool: &Pool, market: Market, reservation: &Reservation) -> CreateFleetInstance {
    let ids = reservation.instances.iter().filter_map(|it| it.instance_id.clone());
    CreateFleetInstance {
        launch_template_and_overrides: Some(pool.shown.clone()),
        lifecycle: Some(market.as_str().to_owned()),
        instance_ids: ids.collect(),
        instance_type: reservation.instances.first().and_then(|it| it.instance_type.clone()),
        ..CreateFleetInstance::default()
    }
}

/// What an earlier request with the same client token has launched. Of the overrides only what the instances
/// show is known.
fn earlier(call: &Call<'_>, fleet: String, made: &[String]) -> Result<CreateFleetResult, Refusal> {
    let mut result = CreateFleetResult { fleet_id: Some(fleet), ..CreateFleetResult::default() };
    for id in made {
        let instance = match instances::find(call, id) {
            Ok(instance) => instance,
            // Forgotten by now.
            Err(Refusal::Fault(_)) => continue,
            Err(other) => return Err(other),
        };
        let tags = instance.tags();
        let of_template = |name: &str| tags.get(&format!("aws:ec2launchtemplate:{name}")).cloned();
        let record = &instance.stored.record;
        let market = match record.life_cycle {
            LifeCycle::Spot => Market::Spot,
            _ => Market::OnDemand,
        };
        result.instances.push(CreateFleetInstance {
            launch_template_and_overrides: Some(LaunchTemplateAndOverridesResponse {
                launch_template_specification: Some(FleetLaunchTemplateSpecification {
                    launch_template_id: of_template("id"),
                    launch_template_name: None,
                    version: of_template("version"),
                }),
                overrides: None,
            }),
            lifecycle: Some(market.as_str().to_owned()),
            instance_ids: vec![id.clone()],
            instance_type: Some(record.instance_type.to_string()),
            ..CreateFleetInstance::default()
        });
    }
    Ok(result)
}
