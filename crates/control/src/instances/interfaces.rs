//! The network interfaces that `RunInstances` requests, and the addresses they get.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use imds_account::{Source, Sources, keys};
use imds_core::launch::LaunchInterface;
use imds_core::network::{PrivateIpv4, Subnet};
use imds_core::placement::Zone;
use imds_ec2::Fault;
use imds_ec2::types::{InstanceNetworkInterfaceSpecification, RunInstancesRequest};

use super::kept_interfaces::KeptInterfaces;
use super::wanted_interface::Wanted;
use crate::call::{Call, Refusal};
use crate::{ids, security_groups};
use imds_account::network::{hosts, public_address};
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
    let taken = taken(call, stated)?;
    let zones = zones(call, request, &wanted)?;
    for zone in &zones {
        let mut free = Free { call, taken: &taken, blocks: BTreeMap::new() };
        let mut instances = Vec::new();
        while instances.len() < most
            && let Some(interfaces) = free.interfaces(&wanted, zone)?
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

/// All addresses that are taken, with those that are stated, of which none may be.
fn taken(call: &Call<'_>, stated: Vec<(String, Vec<Source>)>) -> Result<Sources, Refusal> {
    let taken = call.names(&keys::addresses())?;
    let mut taken: Sources = taken.iter().filter_map(|source| source.parse().ok()).collect();
    let is_taken =
        |(_, sources): &&(String, Vec<Source>)| sources.iter().any(|source| taken.overlap(*source));
    if let Some((stated, _)) = stated.iter().find(is_taken) {
        let message = format!("Address {stated} is in use.");
        return Err(Fault::client("InvalidIPAddress.InUse", message).into());
    }
    taken.extend(stated.into_iter().flat_map(|(_, sources)| sources));
    Ok(taken)
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
    let taken = taken(call, wanted.stated().collect())?;
    let mut free = Free { call, taken: &taken, blocks: BTreeMap::new() };
    let made = free.interfaces(std::slice::from_ref(&wanted), &subnet.zone)?;
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
    let taken = taken(call, wanted.stated().collect())?;
    let mut free = Free { call, taken: &taken, blocks: BTreeMap::new() };
    let mut ipv4 = wanted.secondary;
    for _ in 0..wanted.more_ipv4 {
        ipv4.push(free.next(subnet).ok_or_else(|| not_enough(subnet.id.as_str(), ""))?);
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

/// How many random IPv6 addresses are tried: nearly all are free, unless blocks cover the subnet.
const TRIES: usize = 100;

/// The addresses that nobody has yet, subnet by subnet.
struct Free<'a> {
    call: &'a Call<'a>,
    taken: &'a Sources,
    /// By their blocks.
    blocks: BTreeMap<String, Box<dyn Iterator<Item = Ipv4Addr> + 'a>>,
}

impl Free<'_> {
    /// The interfaces of one more instance; `None` if there are not enough addresses.
    fn interfaces(
        &mut self,
        wanted: &[Wanted],
        zone: &Zone,
    ) -> Result<Option<Vec<LaunchInterface>>, Fault> {
        let mut interfaces = Vec::with_capacity(wanted.len());
        for one in wanted {
            if let Some(existing) = &one.existing {
                interfaces.push(existing.launched());
                continue;
            }
            let default = self.call.network.default_subnet(zone);
            let around = one.subnet_or(&default);
            let Some(primary) = one.primary.or_else(|| self.next(&around)) else { return Ok(None) };
            let more: Vec<_> = (0..one.more_ipv4).map_while(|_| self.next(&around)).collect();
            let subnet = one.subnet.as_ref().unwrap_or(&default);
            if more.len() < one.more_ipv4 {
                return Ok(None);
            }
            let public = one.is_public.then(|| public_address(primary));
            let further = one.secondary.iter().copied().chain(more);
            let further = further.map(|address| PrivateIpv4 { address, public: None });
            let mut ipv6 = one.ipv6.clone();
            for _ in 0..one.more_ipv6 {
                ipv6.push(self.new_ipv6(subnet)?);
            }
            interfaces.push(LaunchInterface {
                device_index: Some(one.device_index),
                network_card: one.network_card,
                ipv4: std::iter::once(PrivateIpv4 { address: primary, public })
                    .chain(further)
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

    fn next(&mut self, subnet: &Subnet) -> Option<Ipv4Addr> {
        let taken = self.taken;
        let block = subnet.ipv4.map(|block| block.to_string()).unwrap_or_default();
        let free = self.blocks.entry(block).or_insert_with(|| {
            Box::new(
                hosts(subnet)
                    .filter(|address| !taken.overlap(Source::Address(IpAddr::from(*address)))),
            )
        });
        free.next()
    }

    /// A random address, of so many that another one is soon found if somebody has it.
    fn new_ipv6(&self, subnet: &Subnet) -> Result<Ipv6Addr, Fault> {
        let default = || self.call.network.ipv6_block(&subnet.zone);
        let block = subnet.ipv6.or_else(|| {
            let is_default = *subnet == self.call.network.default_subnet(&subnet.zone);
            if is_default { default() } else { None }
        });
        let block = block.ok_or_else(|| {
            Fault::invalid_parameter_value(format!(
                "The subnet '{}' does not have an IPv6 CIDR block associated with it",
                subnet.id
            ))
        })?;
        let host = u128::MAX.checked_shr(block.prefix().into()).unwrap_or(0);
        for _ in 0..TRIES {
            let random = u128::from(ids::random()?) & host;
            let address = Ipv6Addr::from_bits(block.address().to_bits() | random);
            if !self.taken.overlap(Source::Address(address.into())) {
                return Ok(address);
            }
        }
        Err(Fault::client(
            "InsufficientFreeAddressesInSubnet",
            format!("There are not enough free IPv6 addresses in subnet '{}'.", subnet.id),
        ))
    }
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
