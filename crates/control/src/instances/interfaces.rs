//! The network interfaces that `RunInstances` requests, and the addresses they get.

use std::collections::BTreeSet;

use imds_account::Network;
use imds_core::launch::LaunchInterface;
use imds_core::network::{PrivateIpv4, Subnet};
use imds_core::placement::Zone;
use imds_ec2::Fault;
use imds_ec2::types::{InstanceNetworkInterfaceSpecification, RunInstancesRequest};

use super::free_addresses::FreeAddresses;
use super::kept_interfaces::KeptInterfaces;
use super::wanted_interface::Wanted;
use crate::call::{Call, Refusal};
use crate::instance_types::{interface_limits, interfaces_within, too_many_addresses};
use crate::security_groups;
use imds_account::network::public_address;
use imds_account::zones;

/// The interfaces of each instance, all in one zone.
pub(super) struct Chosen {
    pub(super) zone: Zone,
    /// As many as were requested, or at least the minimum.
    pub(super) instances: Vec<Vec<LaunchInterface>>,
    /// What is kept of them beside.
    pub(super) kept: KeptInterfaces,
}

/// Chooses a zone and addresses for `fewest` to `most` instances.
pub(super) fn choose(
    call: &Call<'_>,
    request: &RunInstancesRequest,
    fewest: usize,
    most: usize,
) -> Result<Chosen, Refusal> {
    let wanted = wanted(call, request)?;
    let stated: Vec<_> = wanted.iter().flat_map(Wanted::stated).collect();
    if most > 1 && !stated.is_empty() {
        return Err(Fault::invalid_parameter_combination(
            "The parameter PrivateIpAddress cannot be used with more than one instance.",
        )
        .into());
    }
    if most > 1 && wanted.iter().any(|one| one.existing.is_some()) {
        return Err(Fault::invalid_parameter_combination(
            "The parameter NetworkInterfaceId cannot be used with more than one instance.",
        )
        .into());
    }
    check_limits(request, &wanted)?;
    let mut free = FreeAddresses::but(call, stated)?;
    let zones = zones(call, request, &wanted)?;
    for zone in &zones {
        let mut instances = Vec::new();
        while instances.len() < most
            && let Some(interfaces) = interfaces(&mut free, call.network, &wanted, zone)?
        {
            instances.push(interfaces);
        }
        if instances.len() >= fewest {
            let kept = KeptInterfaces::of(wanted);
            return Ok(Chosen { zone: zone.clone(), instances, kept });
        }
    }
    let subnets = wanted.iter().map(|one| match &one.subnet {
        Some(subnet) => subnet.id.to_string(),
        None => call.network.default_subnet(&zones[0]).id.to_string(),
    });
    let subnets: BTreeSet<_> = subnets.collect();
    let subnets: Vec<_> = subnets.into_iter().collect();
    Err(not_enough(&subnets.join("', '"), " to satisfy the requested number of instances").into())
}

/// Fails where the instance type cannot have so many interfaces, or so many addresses on one. A block counts as one.
fn check_limits(request: &RunInstancesRequest, wanted: &[Wanted]) -> Result<(), Fault> {
    let Some(instance_type) = &request.instance_type else { return Ok(()) };
    let limits = instance_type.parse().ok().as_ref().and_then(interface_limits);
    let Some((interfaces, addresses)) = limits else { return Ok(()) };
    interfaces_within(wanted.len(), interfaces, instance_type)?;
    let of_one = |it: &Wanted| 1 + it.secondary.len() + it.more_ipv4 + it.ipv4_prefixes.len();
    match wanted.iter().map(of_one).max() {
        Some(count) if count > addresses => Err(too_many_addresses()),
        _ => Ok(()),
    }
}

fn not_enough(subnet: &str, purpose: &str) -> Fault {
    let message = format!("There are not enough free addresses in subnet '{subnet}'{purpose}.");
    Fault::client("InsufficientFreeAddressesInSubnet", message)
}

/// A network interface for no instance yet, in the subnet that `request` names.
pub(crate) fn one(
    call: &Call<'_>,
    request: &InstanceNetworkInterfaceSpecification,
) -> Result<(Subnet, LaunchInterface), Refusal> {
    let mut wanted = Wanted::new(call, request)?;
    let subnet = wanted.subnet.clone().ok_or_else(|| Fault::missing_parameter("SubnetId"))?;
    if subnet.ipv6.is_some() && wanted.ipv6.is_empty() {
        // Such a subnet gives each interface one.
        wanted.more_ipv6 = wanted.more_ipv6.max(1);
    }
    let mut free = FreeAddresses::but(call, wanted.stated().collect())?;
    let wanted = std::slice::from_ref(&wanted);
    let made = interfaces(&mut free, call.network, wanted, &subnet.zone)?;
    let made = made.and_then(|mut made| made.pop());
    let made = made.ok_or_else(|| not_enough(subnet.id.as_str(), ""))?;
    Ok((subnet, made))
}

/// More addresses and blocks for an interface in `subnet`: those that `request` names, or so many.
pub(crate) fn more(
    call: &Call<'_>,
    request: &InstanceNetworkInterfaceSpecification,
    subnet: &Subnet,
) -> Result<LaunchInterface, Refusal> {
    let mut wanted = Wanted::new(call, request)?;
    wanted.subnet = Some(subnet.clone());
    wanted.check_addresses()?;
    let mut free = FreeAddresses::but(call, wanted.stated().collect())?;
    let mut ipv4 = wanted.secondary;
    for _ in 0..wanted.more_ipv4 {
        ipv4.push(free.next(subnet)?.ok_or_else(|| not_enough(subnet.id.as_str(), ""))?);
    }
    let mut ipv6 = wanted.ipv6;
    for _ in 0..wanted.more_ipv6 {
        ipv6.push(free.new_ipv6(subnet)?);
    }
    Ok(LaunchInterface {
        ipv4: ipv4.into_iter().map(|address| PrivateIpv4 { address, public: None }).collect(),
        ipv6,
        ipv4_prefixes: wanted.ipv4_prefixes,
        ipv6_prefixes: wanted.ipv6_prefixes,
        ..LaunchInterface::default()
    })
}

/// The network interfaces requested for each instance.
fn wanted(call: &Call<'_>, request: &RunInstancesRequest) -> Result<Vec<Wanted>, Refusal> {
    let (ids, names) = (&request.security_group_ids, &request.security_groups);
    let groups = security_groups::find::members(call, ids, names)?;
    let stated = &request.network_interfaces;
    if stated.is_empty() {
        let wanted = Wanted::new(call, &of_instance(request))?;
        return Ok(vec![Wanted { groups, ..wanted }]);
    }
    let both = [
        ("subnet ID", request.subnet_id.as_deref().is_some_and(|id| !id.is_empty())),
        ("private address", request.private_ip_address.is_some()),
        (
            "IPv6 addresses",
            !request.ipv6_addresses.is_empty() || request.ipv6_address_count.is_some(),
        ),
        (
            "security groups",
            !request.security_group_ids.is_empty() || !request.security_groups.is_empty(),
        ),
    ];
    if let Some((what, _)) = both.iter().find(|(_, is_stated)| *is_stated) {
        return Err(Fault::invalid_parameter_combination(format!(
            "Network interfaces and an instance-level {what} may not be specified on the same \
             request"
        ))
        .into());
    }
    if stated.len() > 1 && stated.iter().any(|one| one.associate_public_ip_address.is_some()) {
        return Err(Fault::invalid_parameter_combination(
            "The associatePublicIPAddress parameter cannot be specified when launching with \
             multiple network interfaces.",
        )
        .into());
    }
    let wanted: Vec<_> =
        stated.iter().map(|one| Wanted::new(call, one)).collect::<Result<_, _>>()?;
    let mut slots = BTreeSet::new();
    let mut is_new = |one: &Wanted| slots.insert(one.slot());
    if let Some(twice) = wanted.iter().find(|one| !is_new(one)) {
        return Err(Fault::invalid_parameter_value(format!(
            "Each network interface requires a device index of its own; {} is there twice.",
            twice.device_index
        ))
        .into());
    }
    let mut ids = BTreeSet::new();
    let mut existing = wanted.iter().filter_map(|one| one.existing.as_ref());
    if let Some(twice) = existing.find(|it| !ids.insert(it.id())) {
        let message = format!("Interface: [{}] in use.", twice.id());
        return Err(Fault::client("InvalidNetworkInterface.InUse", message).into());
    }
    Ok(wanted)
}

/// The one interface of those who speak of the instance only.
fn of_instance(request: &RunInstancesRequest) -> InstanceNetworkInterfaceSpecification {
    InstanceNetworkInterfaceSpecification {
        device_index: Some(0),
        subnet_id: request.subnet_id.clone(),
        private_ip_address: request.private_ip_address.clone(),
        ipv6_addresses: request.ipv6_addresses.clone(),
        ipv6_address_count: request.ipv6_address_count,
        ..InstanceNetworkInterfaceSpecification::default()
    }
}

/// The interfaces of one more instance; `None` if there are not enough addresses.
fn interfaces(
    free: &mut FreeAddresses<'_>,
    network: &Network,
    wanted: &[Wanted],
    zone: &Zone,
) -> Result<Option<Vec<LaunchInterface>>, Refusal> {
    let mut interfaces = Vec::with_capacity(wanted.len());
    for one in wanted {
        if let Some(existing) = &one.existing {
            interfaces.push(existing.launched());
            continue;
        }
        let default = network.default_subnet(zone);
        let around = one.subnet_or(&default);
        let mut ipv4 = Vec::from_iter(one.primary);
        if ipv4.is_empty() {
            let Some(primary) = free.next(&around)? else { return Ok(None) };
            ipv4.push(primary);
        }
        ipv4.extend(&one.secondary);
        for _ in 0..one.more_ipv4 {
            let Some(secondary) = free.next(&around)? else { return Ok(None) };
            ipv4.push(secondary);
        }
        let subnet = one.subnet.as_ref().unwrap_or(&default);
        let mut ipv6 = one.ipv6.clone();
        for _ in 0..one.more_ipv6 {
            ipv6.push(free.new_ipv6(subnet)?);
        }
        let public =
            |nth: usize, address| (nth == 0 && one.is_public).then(|| public_address(address));
        let ipv4 = ipv4.into_iter().enumerate();
        interfaces.push(LaunchInterface {
            device_index: Some(one.device_index),
            network_card: one.network_card,
            ipv4: ipv4
                .map(|(nth, address)| PrivateIpv4 { address, public: public(nth, address) })
                .collect(),
            ipv6,
            ipv4_prefixes: one.ipv4_prefixes.clone(),
            ipv6_prefixes: one.ipv6_prefixes.clone(),
            security_groups: one.groups.clone(),
            // The default subnet is what an interface is in of which nothing is said.
            subnet: (*subnet != default).then(|| subnet.clone()),
            ..LaunchInterface::default()
        });
    }
    Ok(Some(interfaces))
}

/// Where to launch: in the zone of the subnet that is named, else in the zone that is, else in the
/// first that has room.
fn zones(
    call: &Call<'_>,
    request: &RunInstancesRequest,
    wanted: &[Wanted],
) -> Result<Vec<Zone>, Fault> {
    let placement = request.placement.clone().unwrap_or_default();
    let all = zones::zones(&call.region);
    let invalid = |what: &str, requested: &str| {
        let names: Vec<_> = all.iter().map(Zone::as_str).collect();
        Fault::invalid_parameter_value(format!(
            "Invalid {what}: [{requested}]. The zones of this Region are {}.",
            names.join(", ")
        ))
    };
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (name, id) = (said(placement.availability_zone), said(placement.availability_zone_id));
    let stated = match (&name, &id) {
        (Some(name), _) => {
            // Local Zones are not listed, and are there.
            let zone = name.parse().ok().filter(|zone: &Zone| *zone.region() == call.region);
            Some(zone.ok_or_else(|| invalid("availability zone", name))?)
        }
        (None, Some(id)) => {
            let zone = all.iter().find(|zone| zone.id() == *id).cloned();
            Some(zone.ok_or_else(|| invalid("availability zone ID", id))?)
        }
        (None, None) => None,
    };
    let of_subnet = wanted.iter().find_map(|one| Some(one.subnet.as_ref()?.zone.clone()));
    match (of_subnet, stated) {
        (Some(of_subnet), Some(stated)) if of_subnet != stated => {
            Err(Fault::invalid_parameter_value(format!(
                "The availability zone '{stated}' is not that of the subnet, '{of_subnet}'"
            )))
        }
        (Some(zone), _) | (None, Some(zone)) => Ok(vec![zone]),
        (None, None) => Ok(all),
    }
}
