//! `RunInstances`.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::ids::ReservationId;
use imds_core::instance::PublicKey;
use imds_core::launch::{LaunchInterface, LaunchRole, MAX_USER_DATA};
use imds_core::network::{PrivateIpv4, Subnet};
use imds_core::tags::Tag;
use imds_core::{InstanceType, Launch};
use imds_ec2::Fault;
use imds_ec2::shapes::{Reservation, RunInstancesRequest};
use imds_store::{Transaction, keys};

use super::launch::{self, NotLaunched};
use super::{Found, describe, refused};
use crate::control::call::{Call, Refusal};
use crate::control::network::hosts;
use crate::control::{ids, images, launch_templates, metadata_defaults, metadata_options};

/// The most instances that one call launches.
const MOST: i32 = 1000;

pub(in crate::control) fn run(
    call: &Call<'_>,
    asked: &RunInstancesRequest,
) -> Result<Reservation, Refusal> {
    let asked = &launch_templates::applied(call, asked)?;
    let count = count(asked)?;
    let reservation: ReservationId = ids::new("r-")?;
    let launch = launch(call, asked, &reservation)?;
    let subnet = subnet(call, asked)?;
    let stated = asked.private_ip_address.as_deref().map(private_address).transpose()?;
    let addresses = addresses(call, &subnet, stated, count)?;
    let defaults = metadata_defaults::of(call)?;

    let mut transaction = Transaction::new();
    let mut made = Vec::with_capacity(count);
    for (index, address) in (0..).zip(addresses) {
        let interface = LaunchInterface {
            ipv4: vec![PrivateIpv4 { address, public: None }],
            subnet: (call.network.default_subnet(&subnet.zone) != subnet).then(|| subnet.clone()),
            ..LaunchInterface::default()
        };
        let launch = Launch {
            instance_id: Some(ids::new("i-")?),
            zone: Some(subnet.zone.clone()),
            launch_index: index,
            interfaces: vec![interface],
            ..launch.clone()
        };
        let instance = launch::settle(launch, defaults).map_err(|error| match error {
            NotLaunched::Launch(error) => refused(&error),
            NotLaunched::Enforced(error) => Fault::unsupported_operation(error.to_string()),
        })?;
        let association = ids::new("iip-assoc-")?;
        let mut record = launch::record(&instance, call.network, || association);
        record.client_token.clone_from(&asked.client_token);
        transaction = launch::keep(transaction, &instance, &record);
        made.push((instance.id, record));
    }
    call.commit(transaction)?;
    let found = made.into_iter().map(|(id, record)| Found::new(id, record, &launch.tags));
    Ok(describe::reservation(call, &reservation, found.collect()))
}

/// What is said of all of them alike.
fn launch(
    call: &Call<'_>,
    asked: &RunInstancesRequest,
    reservation: &ReservationId,
) -> Result<Launch, Refusal> {
    let instance_type = asked.instance_type.as_deref().unwrap_or("m1.small");
    let instance_type: InstanceType = instance_type.parse().map_err(|_| {
        Fault::invalid_parameter_value(format!("Invalid value '{instance_type}' for InstanceType."))
    })?;
    let image_id = asked.image_id.as_deref();
    let image_id = image_id.ok_or_else(|| Fault::missing_parameter("ImageId"))?;
    let image = images::find(call, image_id, instance_type.architecture())?;
    let stated = asked.metadata_options.clone().unwrap_or_default();
    let user_data = asked.user_data.as_ref().map(|text| user_data(&text.0)).transpose()?;
    Ok(Launch {
        account: Some(call.account.clone()),
        image: image.into(),
        instance_type: Some(instance_type),
        reservation_id: Some(reservation.clone()),
        launched_at: Some(call.now),
        options: metadata_options::preferences(&stated)?,
        role: role(asked),
        public_key: public_key(call, asked.key_name.as_deref())?,
        tags: tags(asked)?,
        user_data,
        ..Launch::default()
    })
}

fn count(asked: &RunInstancesRequest) -> Result<usize, Fault> {
    let (min, max) = (asked.min_count, asked.max_count);
    if min < 1 || max < min {
        return Err(Fault::invalid_parameter_value(format!(
            "MinCount ({min}) must be at least 1 and MaxCount ({max}) at least MinCount."
        )));
    }
    if min > MOST {
        return Err(Fault::client(
            "InstanceLimitExceeded",
            format!("{min} instances are more than one call launches, which is {MOST}."),
        ));
    }
    Ok(usize::try_from(max.min(MOST)).unwrap_or(0))
}

fn user_data(text: &str) -> Result<Vec<u8>, Fault> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| Fault::invalid_parameter_value("Invalid BASE64 encoding of user data"))?;
    if bytes.len() > MAX_USER_DATA {
        return Err(Fault::invalid_parameter_value(format!(
            "User data is limited to {MAX_USER_DATA} bytes"
        )));
    }
    Ok(bytes)
}

/// The role of the instance profile that is named; there is one role in each, of the same name.
fn role(asked: &RunInstancesRequest) -> Option<LaunchRole> {
    let profile = asked.iam_instance_profile.as_ref()?;
    let of_arn = profile.arn.as_deref().and_then(|arn| arn.rsplit('/').next());
    profile.name.as_deref().or(of_arn).map(LaunchRole::named)
}

fn public_key(call: &Call<'_>, name: Option<&str>) -> Result<Option<PublicKey>, Refusal> {
    let Some(name) = name else { return Ok(None) };
    let kept = call.read(&keys::key_pair(&call.region, name))?.ok_or_else(|| {
        Fault::client("InvalidKeyPair.NotFound", format!("The key pair '{name}' does not exist"))
    })?;
    Ok(Some(PublicKey { name: name.to_owned(), openssh: kept.record.openssh }))
}

fn tags(asked: &RunInstancesRequest) -> Result<Vec<Tag>, Fault> {
    let of_instances = asked
        .tag_specifications
        .iter()
        .filter(|specification| specification.resource_type.as_deref() == Some("instance"));
    let tags = of_instances.flat_map(|specification| &specification.tags).map(|tag| {
        let key = tag.key.as_deref().unwrap_or_default();
        Tag::new(key, tag.value.as_deref().unwrap_or_default())
            .map_err(|error| Fault::invalid_parameter_value(error.to_string()))
    });
    tags.collect()
}

/// The subnet that is named, else the default one of the zone that is, else of the first zone.
fn subnet(call: &Call<'_>, asked: &RunInstancesRequest) -> Result<Subnet, Refusal> {
    let subnets = call.network.subnets(&call.region);
    if let Some(id) = asked.subnet_id.as_deref() {
        let found = subnets.into_iter().find(|subnet| subnet.id.as_str() == id);
        return Ok(found.ok_or_else(|| {
            Fault::client(
                "InvalidSubnetID.NotFound",
                format!("The subnet ID '{id}' does not exist"),
            )
        })?);
    }
    let placement = asked.placement.as_ref();
    let Some(zone) = placement.and_then(|placement| placement.availability_zone.as_deref()) else {
        return Ok(call.network.default_subnet(&call.region.zone('a')));
    };
    let zone =
        zone.parse().ok().filter(|zone: &imds_core::placement::Zone| *zone.region() == call.region);
    let zone = zone.ok_or_else(|| {
        Fault::invalid_parameter_value("Invalid availability zone: it is not in this Region.")
    })?;
    Ok(call.network.default_subnet(&zone))
}

fn private_address(text: &str) -> Result<Ipv4Addr, Fault> {
    text.parse().map_err(|_| {
        Fault::invalid_parameter_value(format!("Invalid value '{text}' for PrivateIpAddress."))
    })
}

/// As many free addresses of the subnet.
fn addresses(
    call: &Call<'_>,
    subnet: &Subnet,
    stated: Option<Ipv4Addr>,
    count: usize,
) -> Result<Vec<Ipv4Addr>, Refusal> {
    if let Some(address) = stated {
        if count > 1 {
            return Err(Fault::invalid_parameter_combination(
                "The parameter PrivateIpAddress cannot be used with more than one instance.",
            )
            .into());
        }
        if call.read(&keys::address(address.into()))?.is_some() {
            return Err(Fault::client(
                "InvalidIPAddress.InUse",
                format!("Address {address} is in use."),
            )
            .into());
        }
        return Ok(vec![address]);
    }
    let taken = call.read_all(&keys::addresses())?;
    let taken: HashSet<_> = taken.records.into_iter().map(|(address, _)| address).collect();
    let free: Vec<_> =
        hosts(subnet).filter(|address| !taken.contains(&address.to_string())).take(count).collect();
    if free.len() < count {
        return Err(Fault::client(
            "InsufficientFreeAddressesInSubnet",
            format!(
                "There are not enough free addresses in subnet '{}' to satisfy the requested number of instances.",
                subnet.id
            ),
        )
        .into());
    }
    Ok(free)
}
