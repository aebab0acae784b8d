//! `RunInstances`.

use std::collections::BTreeMap;

use imds_account::Revision;
use imds_account::in_parts::NewLaunch;
use imds_account::records::{self, Lifecycle, Tags};
use imds_account::volume::VolumeSettings;
use imds_account::{Stored, Transaction, keys};
use imds_core::ids::ReservationId;
use imds_core::instance::{HostnameType, LifeCycle, PublicKey};
use imds_core::launch::LaunchRole;
use imds_core::options::{MetadataDefaults, Switch};
use imds_core::placement::Placement;
use imds_core::tags::Tag;
use imds_core::{Instance, Launch};
use imds_ec2::Fault;
use imds_ec2::types::{IamInstanceProfileSpecification, Reservation, RunInstancesRequest};

use super::interfaces::{self, Chosen};
use super::kept_interfaces::KeptInterfaces;
use super::shape::belongings;
use super::{
    StoredInstance, attribute_names as names, attribute_values as values, describe, devices, find,
    launch_refused,
};
use crate::call::{Call, Refusal};
use crate::client_token::ClientToken;
use crate::{
    iam_profiles, ids, images, instance_types, launch_templates, metadata_defaults, options,
    tag_values,
};
use imds_account::{launch, windows};

/// The most instances that one call launches.
const MOST: i32 = 1000;

pub(crate) fn run(call: &Call<'_>, request: &RunInstancesRequest) -> Result<Reservation, Refusal> {
    run_with(call, request, &Tags::new())
}

/// The same, with tags that EC2 itself gives to the instances.
pub(crate) fn run_with(
    call: &Call<'_>,
    request: &RunInstancesRequest,
    more_tags: &Tags,
) -> Result<Reservation, Refusal> {
    let token = client_token(call, request)?;
    if let Some(made) = token.as_ref().and_then(ClientToken::made) {
        return earlier(call, made);
    }
    let request = &launch_templates::launch::applied(call, request)?;
    let (fewest, most) = counts(request)?;
    let reservation: ReservationId = ids::new("r-")?;
    let (mut launch, volumes) = launch(call, request, &reservation)?;
    let more_tags = more_tags.iter();
    let more_tags = more_tags.map(|(key, value)| Tag { key: key.clone(), value: value.clone() });
    launch.tags.extend(more_tags);
    let Chosen { zone, instances, kept } = interfaces::choose(call, request, fewest, most)?;
    let defaults = metadata_defaults::stored(call)?;

    // What this launch was settled by must still be so when it is written.
    let mut end =
        Transaction::new().if_unchanged(&keys::metadata_defaults(&call.region), defaults.as_ref());
    end = kept.taken(call, end);
    let common = Common {
        defaults: defaults.map(|stored| stored.record).unwrap_or_default(),
        client_token: request.client_token.clone(),
        attributes: kept_attributes(request)?,
        volumes,
        tags: launch.tags.iter().map(|it| (it.key.clone(), it.value.clone())).collect(),
        of_volumes: tag_values::specified(&request.tag_specifications, "volume")?,
        of_interfaces: tag_values::specified(&request.tag_specifications, "network-interface")?,
        kept,
    };
    let launches = (0..).zip(instances).map(|(launch_index, interfaces)| {
        let (zone, launch) = (Some(zone.clone()), launch.clone());
        common.make(call, Launch { zone, launch_index, interfaces, ..launch })
    });
    let (facts, stored): (Vec<_>, Vec<_>) = launches.collect::<Result<_, Refusal>>()?;
    if let Some(token) = token {
        end = token.spend(end, stored.iter().map(|it| it.id.to_string()).collect());
    }
    // As they are at first: the data path may have them before the commit returns.
    let pending = describe::reservation(call, &reservation, &stored);
    let instances: Vec<_> = facts.iter().zip(&stored).collect();
    call.commit_launch(NewLaunch {
        key: keys::launch_in_parts(&call.region, reservation.as_str()),
        region: call.region.clone(),
        made: instances.iter().flat_map(|(facts, made)| common.taggable(facts, made)).collect(),
        instances,
        keep: |all, one, in_parts| common.keep(call, all, one, in_parts),
        end,
    })?;
    // They come into force together. Whoever has read the response is not answered as another instance.
    if let Some(last) = stored.last() {
        call.applied.wait_for(&last.id);
    }
    Ok(pending)
}

/// What all instances of a launch have alike, beside what the metadata shows.
struct Common {
    defaults: MetadataDefaults,
    client_token: Option<String>,
    attributes: BTreeMap<String, String>,
    volumes: BTreeMap<String, VolumeSettings>,
    tags: Tags,
    of_volumes: Tags,
    of_interfaces: Tags,
    kept: KeptInterfaces,
}

impl Common {
    /// One more instance, and what is kept of it.
    fn make(&self, call: &Call<'_>, launch: Launch) -> Result<(Instance, StoredInstance), Refusal> {
        let launch = Launch { instance_id: Some(ids::new("i-")?), ..launch };
        let instance = launch::resolve(launch, self.defaults).map_err(launch_refused)?;
        let association = ids::new("iip-assoc-")?;
        let mut record = launch::record(&instance, call.network, || association);
        self.kept.put(&instance, &mut record, call.now);
        record.password_data = windows::new_password(&instance).map_err(ids::no_randomness)?;
        record.client_token.clone_from(&self.client_token);
        record.attributes.clone_from(&self.attributes);
        record.volumes.clone_from(&self.volumes);
        // Nothing has been written yet, so it has no revision.
        let revision = Revision::ZERO;
        let tags = Some(Stored { record: self.tags.clone(), revision });
        let (id, stored) = (instance.id.clone(), Stored { record, revision });
        let (completion, change) = (revision, Transaction::new());
        Ok((instance, StoredInstance { id, stored, tags, completion, change }))
    }

    /// Adds all that is kept of it.
    fn keep(
        &self,
        call: &Call<'_>,
        transaction: Transaction,
        (facts, made): (&Instance, &StoredInstance),
        in_parts: bool,
    ) -> Transaction {
        let record = records::Instance { in_parts, ..made.stored.record.clone() };
        let transaction = launch::keep_with(transaction, facts, &record, &self.kept.sources());
        let (volumes, mut interfaces) = belongings(facts, &record.volumes);
        interfaces.retain(|id| !self.kept.has(id));
        let transaction = tagged(call, transaction, &volumes, &self.of_volumes);
        tagged(call, transaction, &interfaces, &self.of_interfaces)
    }

    /// The ids of what it is and has that may have tags.
    fn taggable(&self, facts: &Instance, made: &StoredInstance) -> impl Iterator<Item = String> {
        let (volumes, interfaces) = belongings(facts, &made.stored.record.volumes);
        let volumes = volumes.into_iter().filter(|_| !self.of_volumes.is_empty());
        let interfaces = interfaces.into_iter().filter(|_| !self.of_interfaces.is_empty());
        std::iter::once(made.id.to_string()).chain(volumes).chain(interfaces)
    }
}

/// The token that stands for all the rest of the request.
fn client_token(
    call: &Call<'_>,
    request: &RunInstancesRequest,
) -> Result<Option<ClientToken>, Refusal> {
    let rest = RunInstancesRequest { client_token: None, dry_run: None, ..request.clone() };
    ClientToken::read(call, "RunInstances", request.client_token.as_deref(), &rest)
}

/// What an earlier request with the same client token has made, as it is now.
fn earlier(call: &Call<'_>, made: &[String]) -> Result<Reservation, Refusal> {
    let mut found = Vec::with_capacity(made.len());
    for id in made {
        match find(call, id) {
            Ok(instance) => found.push(instance),
            // Forgotten by now.
            Err(Refusal::Fault(_)) => {}
            Err(other) => return Err(other),
        }
    }
    let lives = |found: &&StoredInstance| found.stored.record.lifecycle != Lifecycle::Terminated;
    let one = found.iter().find(lives).ok_or_else(|| {
        Fault::client(
            "IdempotentInstanceTerminated",
            "The request to launch an instance uses the same client token as a previous request \
             for which the instance has been terminated.",
        )
    })?;
    Ok(describe::reservation(call, &one.stored.record.reservation_id, &found))
}

/// How many to launch at least, and at most.
fn counts(request: &RunInstancesRequest) -> Result<(usize, usize), Fault> {
    let (fewest, most) = (request.min_count, request.max_count);
    if fewest < 1 || most < fewest {
        return Err(Fault::invalid_parameter_value(format!(
            "MinCount ({fewest}) must be at least 1 and MaxCount ({most}) at least MinCount."
        )));
    }
    if fewest > MOST {
        return Err(Fault::client(
            "InstanceLimitExceeded",
            format!("{fewest} instances are more than one call launches, which is {MOST}."),
        ));
    }
    let count = |count: i32| usize::try_from(count.min(MOST)).unwrap_or(0);
    Ok((count(fewest), count(most)))
}

/// What is said of all of them alike, and of their volumes.
pub(super) fn launch(
    call: &Call<'_>,
    request: &RunInstancesRequest,
    reservation: &ReservationId,
) -> Result<(Launch, BTreeMap<String, VolumeSettings>), Refusal> {
    let instance_type = request.instance_type.as_deref().unwrap_or("m1.small");
    let instance_type = instance_types::for_instance(call, instance_type)?;
    let image_id = request.image_id.as_deref();
    let image_id = image_id.ok_or_else(|| Fault::missing_parameter("ImageId"))?;
    let (mut image, of_image) = images::find(call, image_id, instance_type.architecture())?;
    let block_devices = devices::stated(request, &mut image)?;
    let volumes = devices::volumes(call, request, of_image)?;
    let stated = request.metadata_options.clone().unwrap_or_default();
    // What is empty is not named: some SDKs send it.
    let is_named =
        |it: &&IamInstanceProfileSpecification| it.arn.is_some() || it.name.as_deref() != Some("");
    let profile = request.iam_instance_profile.as_ref().filter(is_named);
    let profile = profile.map(|request| iam_profiles::name(request, call.account)).transpose()?;
    let mut its_tags = tag_values::specified(&request.tag_specifications, "instance")?;
    its_tags.extend(launch_templates::launch::tags_of_launch(request));
    let user_data = request.user_data.as_ref().filter(|text| !text.0.is_empty());
    let is_monitored = request.monitoring.as_ref().is_some_and(|monitoring| monitoring.enabled);
    let launch = Launch {
        account: Some(call.account.clone()),
        image: image.into(),
        instance_type: Some(instance_type),
        kernel: parsed("KernelId", request.kernel_id.as_deref())?,
        ramdisk: parsed("RamdiskId", request.ramdisk_id.as_deref())?,
        life_cycle: life_cycle(request)?,
        placement: placement(request)?,
        reservation_id: Some(reservation.clone()),
        launched_at: Some(call.now),
        monitoring: Some(if is_monitored { Switch::Enabled } else { Switch::Disabled }),
        block_devices,
        hostname_type: hostname_type(request)?,
        options: options::preferences(&stated)?,
        role: profile.map(LaunchRole::named),
        public_key: public_key(call, request.key_name.as_deref())?,
        tags: its_tags.into_iter().map(|(key, value)| Tag { key, value }).collect(),
        user_data: user_data.map(|text| values::user_data(&text.0)).transpose()?,
        ..Launch::default()
    };
    Ok((launch, volumes))
}

fn life_cycle(request: &RunInstancesRequest) -> Result<LifeCycle, Fault> {
    let Some(market) = &request.instance_market_options else { return Ok(LifeCycle::OnDemand) };
    match market.market_type.as_deref() {
        Some("spot") => Ok(LifeCycle::Spot),
        Some("capacity-block") => {
            Err(Fault::unsupported_operation("There are no Capacity Blocks to launch into."))
        }
        other => Err(Fault::invalid_value(
            "InstanceMarketOptions.MarketType",
            other.unwrap_or_default(),
            "Expecting spot.",
        )),
    }
}

fn placement(request: &RunInstancesRequest) -> Result<Placement, Fault> {
    let Some(placement) = &request.placement else { return Ok(Placement::default()) };
    let partition_number = placement.partition_number.map(|number| {
        let parsed = u32::try_from(number).ok().filter(|number| *number > 0);
        parsed.ok_or_else(|| {
            Fault::invalid_value("Placement.PartitionNumber", number, "Expecting 1 or more.")
        })
    });
    let stated = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    Ok(Placement {
        zone_id: None,
        group_name: stated(&placement.group_name),
        group_id: parsed("Placement.GroupId", placement.group_id.as_deref())?,
        partition_number: partition_number.transpose()?,
        host_id: parsed("Placement.HostId", placement.host_id.as_deref())?,
    })
}

fn parsed<T: std::str::FromStr<Err: ToString>>(
    parameter: &str,
    stated: Option<&str>,
) -> Result<Option<T>, Fault> {
    let parse = |text: &str| {
        text.parse()
            .map_err(|error: T::Err| Fault::invalid_value(parameter, text, &error.to_string()))
    };
    stated.filter(|text| !text.is_empty()).map(parse).transpose()
}

fn hostname_type(request: &RunInstancesRequest) -> Result<HostnameType, Fault> {
    let stated =
        request.private_dns_name_options.as_ref().and_then(|it| it.hostname_type.as_deref());
    let parameter = "PrivateDnsNameOptions.HostnameType";
    stated.map_or(Ok(HostnameType::IpName), |stated| values::hostname_type(parameter, stated))
}

fn tagged(
    call: &Call<'_>,
    transaction: Transaction,
    resources: &[String],
    tags: &Tags,
) -> Transaction {
    let resources = resources.iter().filter(|_| !tags.is_empty());
    resources.fold(transaction, |transaction, resource| {
        transaction.write(&keys::tags(&call.region, resource), tags)
    })
}

/// What has no meaning here and can be read back.
fn kept_attributes(request: &RunInstancesRequest) -> Result<BTreeMap<String, String>, Fault> {
    let behavior = request.instance_initiated_shutdown_behavior.as_deref();
    let market = request.instance_market_options.as_ref();
    let spot = market.and_then(|market| market.spot_options.as_ref());
    let placement = request.placement.as_ref();
    let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
    let names_of = request.private_dns_name_options.as_ref();
    let attributes = [
        (names::AUTO_RECOVERY, auto_recovery(request)?),
        (
            names::CAPACITY_RESERVATIONS,
            values::capacity_reservations(request.capacity_reservation_specification.as_ref())?,
        ),
        (names::CPU_CREDITS, cpu_credits(request)?),
        (names::ENCLAVES, flag(request.enclave_options.as_ref().and_then(|it| it.enabled))),
        (
            names::HIBERNATION,
            flag(request.hibernation_options.as_ref().and_then(|it| it.configured)),
        ),
        (
            names::RESOURCE_NAME_A,
            flag(names_of.and_then(|it| it.enable_resource_name_dns_a_record)),
        ),
        (
            names::RESOURCE_NAME_AAAA,
            flag(names_of.and_then(|it| it.enable_resource_name_dns_aaaa_record)),
        ),
        (names::AFFINITY, placement.and_then(|it| it.affinity.clone())),
        (names::DISABLE_API_STOP, flag(request.disable_api_stop)),
        (names::DISABLE_API_TERMINATION, flag(request.disable_api_termination)),
        (names::EBS_OPTIMIZED, flag(request.ebs_optimized)),
        (names::SHUTDOWN_BEHAVIOR, behavior.map(values::shutdown_behavior).transpose()?),
        (names::SPOT_INSTANCE_TYPE, spot.and_then(|it| it.spot_instance_type.clone())),
        (names::TENANCY, placement.and_then(|it| it.tenancy.clone())),
    ];
    // What is empty is not set: some SDKs send it.
    let stated = |(name, value): (&str, Option<String>)| {
        Some((name.to_owned(), value.filter(|value| !value.is_empty())?))
    };
    Ok(attributes.into_iter().filter_map(stated).collect())
}

fn auto_recovery(request: &RunInstancesRequest) -> Result<Option<String>, Fault> {
    let stated = request.maintenance_options.as_ref().and_then(|it| it.auto_recovery.clone());
    let parameter = "MaintenanceOptions.AutoRecovery";
    values::one_of(parameter, stated, &["default", "disabled"])
}

fn cpu_credits(request: &RunInstancesRequest) -> Result<Option<String>, Fault> {
    let stated = request.credit_specification.as_ref().map(|it| it.cpu_credits.clone());
    values::one_of("CreditSpecification.CpuCredits", stated, &["standard", "unlimited"])
}

fn public_key(call: &Call<'_>, name: Option<&str>) -> Result<Option<PublicKey>, Refusal> {
    let Some(name) = name else { return Ok(None) };
    let stored = call.rely_on(&keys::key_pair(&call.region, name))?.ok_or_else(|| {
        Fault::client("InvalidKeyPair.NotFound", format!("The key pair '{name}' does not exist"))
    })?;
    Ok(Some(PublicKey { name: name.to_owned(), openssh: stored.record.openssh }))
}
