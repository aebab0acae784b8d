//! `DescribeInstances`: instances as the EC2 API shows them.

use std::collections::BTreeMap;

use imds_core::ids::ReservationId;
use imds_core::instance::LifeCycle;
use imds_core::{Flavour, Instance as Facts};
use imds_ec2::shapes::{
    self, DescribeInstancesRequest, DescribeInstancesResult, GroupIdentifier, IamInstanceProfile,
    Instance, InstanceNetworkInterface, InstancePrivateIpAddress, Monitoring, Placement,
    Reservation, StateReason, Tag,
};
use imds_ec2::{Fault, Timestamp};
use imds_store::keys;

use super::{Found, State, find};
use crate::agent::{self, Given};
use crate::control::call::{Call, Refusal};
use crate::control::filter::Filters;
use crate::control::page::Page;
use crate::control::{metadata_options, time};

pub(in crate::control) fn describe(
    call: &Call<'_>,
    asked: &DescribeInstancesRequest,
) -> Result<DescribeInstancesResult, Refusal> {
    let filters = Filters::new(&asked.filters, FILTERS)?;
    if asked.max_results.is_some() && !asked.instance_ids.is_empty() {
        return Err(Fault::invalid_parameter_combination(
            "The parameter instancesSet cannot be used with the parameter maxResults",
        )
        .into());
    }
    let page = Page::new(asked.max_results, asked.next_token.as_deref(), 5..=1000)?;
    let found = if asked.instance_ids.is_empty() {
        all(call)?
    } else {
        asked.instance_ids.iter().map(|id| find(call, id)).collect::<Result<_, _>>()?
    };
    let shown = found.into_iter().filter_map(|found| {
        let shown = Shown::new(call, found)?;
        filters.accept(&shown.found.tags(), |name| shown.values(name)).then_some(shown)
    });
    let (shown, next_token) = page.cut(shown, |shown| shown.found.id.as_str());
    Ok(DescribeInstancesResult { reservations: reservations(shown), next_token })
}

/// All instances of the Region, in the order of their ids.
pub(super) fn all(call: &Call<'_>) -> Result<Vec<Found>, Refusal> {
    let instances = call.read_all(&keys::instances(&call.region))?;
    let tags = call.read_all(&keys::all_tags(&call.region))?;
    let mut tags: BTreeMap<_, _> = tags.records.into_iter().collect();
    let found = instances.records.into_iter().filter_map(|(id, kept)| {
        let tags = tags.remove(&id);
        Some(Found { id: id.parse().ok()?, kept, tags })
    });
    Ok(found.collect())
}

/// Instances of one reservation.
pub(super) fn reservation(
    call: &Call<'_>,
    reservation: &ReservationId,
    found: Vec<Found>,
) -> Reservation {
    let shown = found.into_iter().filter_map(|found| Shown::new(call, found));
    let instances: Vec<_> = shown.map(Shown::shape).collect();
    Reservation {
        reservation_id: Some(reservation.to_string()),
        owner_id: Some(call.account.to_string()),
        instances,
        ..Reservation::default()
    }
}

fn reservations(shown: Vec<Shown>) -> Vec<Reservation> {
    let mut reservations = BTreeMap::<String, Reservation>::new();
    for shown in shown {
        let id = shown.facts.reservation_id.to_string();
        let owner = shown.facts.account.to_string();
        let reservation = reservations.entry(id.clone()).or_default();
        reservation.reservation_id = Some(id);
        reservation.owner_id = Some(owner);
        reservation.instances.push(shown.shape());
    }
    reservations.into_values().collect()
}

/// The filters that are known. Source: EC2 API `DescribeInstances`.
const FILTERS: &[&str] = &[
    "architecture",
    "availability-zone",
    "availability-zone-id",
    "client-token",
    "dns-name",
    "hypervisor",
    "iam-instance-profile.arn",
    "iam-instance-profile.name",
    "image-id",
    "instance-id",
    "instance-lifecycle",
    "instance-state-code",
    "instance-state-name",
    "instance-type",
    "ip-address",
    "key-name",
    "launch-index",
    "launch-time",
    "metadata-options.http-endpoint",
    "metadata-options.http-protocol-ipv4",
    "metadata-options.http-protocol-ipv6",
    "metadata-options.http-put-response-hop-limit",
    "metadata-options.http-tokens",
    "metadata-options.instance-metadata-tags",
    "metadata-options.state",
    "network-interface.addresses.private-ip-address",
    "network-interface.network-interface-id",
    "network-interface.subnet-id",
    "network-interface.vpc-id",
    "owner-id",
    "placement-group-name",
    "private-dns-name",
    "private-ip-address",
    "reason",
    "reservation-id",
    "root-device-name",
    "subnet-id",
    "tenancy",
    "vpc-id",
];

/// An instance with all that follows from what is kept of it.
struct Shown {
    found: Found,
    facts: Facts,
    state: State,
    options_are_applied: bool,
}

impl Shown {
    /// `None` where what is kept makes no instance: the agent has logged why.
    fn new(call: &Call<'_>, found: Found) -> Option<Self> {
        let facts =
            agent::instance(&found.id, &found.kept.record, &found.tags(), &Given::default())
                .ok()?;
        Some(Self {
            state: found.state(call),
            options_are_applied: metadata_options::are_applied(call, &found),
            found,
            facts,
        })
    }

    /// What a filter by this name looks at.
    fn values(&self, name: &str) -> Vec<String> {
        let facts = &self.facts;
        let options = &facts.options;
        let interfaces = || facts.interfaces.iter();
        let primary = facts.primary_interface();
        let one = |value: &dyn ToString| vec![value.to_string()];
        let maybe = |value: Option<String>| value.into_iter().collect();
        match name {
            "architecture" => one(&facts.instance_type.architecture().as_str()),
            "availability-zone" => one(&facts.zone),
            "availability-zone-id" => one(&facts.zone.id()),
            "client-token" => maybe(self.found.kept.record.client_token.clone()),
            "hypervisor" => one(&"xen"),
            "iam-instance-profile.arn" => maybe(self.profile().and_then(|profile| profile.arn)),
            "iam-instance-profile.name" => {
                maybe(facts.role.as_ref().map(|role| role.profile_name.clone()))
            }
            "image-id" => one(&facts.image.id),
            "instance-id" => one(&facts.id),
            "instance-lifecycle" => maybe(self.life_cycle()),
            "instance-state-code" => one(&self.state.code()),
            "instance-state-name" => one(&self.state.name()),
            "instance-type" => one(&facts.instance_type),
            "ip-address" => maybe(public_address(facts)),
            "key-name" => maybe(facts.public_key.as_ref().map(|key| key.name.clone())),
            "launch-index" => one(&facts.launch_index),
            "launch-time" => maybe(self.launch_time().map(|time| time.to_string())),
            "metadata-options.http-endpoint" => one(&options.http_endpoint),
            // An option of its own in the API's filters only: IPv4 always answers.
            "metadata-options.http-protocol-ipv4" => one(&"enabled"),
            "metadata-options.http-protocol-ipv6" => one(&options.http_protocol_ipv6),
            "metadata-options.http-put-response-hop-limit" => one(&options.hop_limit),
            "metadata-options.http-tokens" => one(&options.http_tokens),
            "metadata-options.instance-metadata-tags" => one(&options.instance_metadata_tags),
            "metadata-options.state" => {
                one(&if self.options_are_applied { "applied" } else { "pending" })
            }
            "network-interface.addresses.private-ip-address" => {
                interfaces().flat_map(|it| &it.ipv4).map(|ipv4| ipv4.address.to_string()).collect()
            }
            "network-interface.network-interface-id" => {
                interfaces().map(|interface| interface.id.to_string()).collect()
            }
            "network-interface.subnet-id" => {
                interfaces().map(|interface| interface.subnet.id.to_string()).collect()
            }
            "network-interface.vpc-id" => {
                interfaces().map(|interface| interface.vpc.id.to_string()).collect()
            }
            "owner-id" => one(&facts.account),
            "private-dns-name" => one(&facts.hostname()),
            "private-ip-address" => {
                maybe(primary.private_ipv4().map(|address| address.to_string()))
            }
            "reservation-id" => one(&facts.reservation_id),
            "root-device-name" => one(&facts.image.root_device),
            "subnet-id" => one(&primary.subnet.id),
            "tenancy" => one(&"default"),
            "vpc-id" => one(&primary.vpc.id),
            _ => Vec::new(),
        }
    }

    fn shape(self) -> Instance {
        let facts = &self.facts;
        let record = &self.found.kept.record;
        let primary = facts.primary_interface();
        let transition = record.transition.as_ref();
        Instance {
            instance_id: Some(facts.id.to_string()),
            image_id: Some(facts.image.id.to_string()),
            state: Some(self.state.shape()),
            private_dns_name: Some(facts.hostname()),
            public_dns_name: Some(String::new()),
            state_transition_reason: Some(
                transition.map(|it| it.message.clone()).unwrap_or_default(),
            ),
            state_reason: transition.map(|transition| StateReason {
                code: Some(transition.code.clone()),
                message: Some(format!("{}: {}", transition.code, transition.message)),
            }),
            key_name: facts.public_key.as_ref().map(|key| key.name.clone()),
            ami_launch_index: i32::try_from(facts.launch_index).ok(),
            instance_type: Some(facts.instance_type.to_string()),
            instance_lifecycle: self.life_cycle(),
            launch_time: self.launch_time(),
            placement: Some(Placement {
                availability_zone: Some(facts.zone.to_string()),
                availability_zone_id: Some(facts.zone.id()),
                group_name: Some(String::new()),
                tenancy: Some("default".to_owned()),
                ..Placement::default()
            }),
            monitoring: Some(Monitoring { state: Some("disabled".to_owned()) }),
            subnet_id: Some(primary.subnet.id.to_string()),
            vpc_id: Some(primary.vpc.id.to_string()),
            private_ip_address: primary.private_ipv4().map(|address| address.to_string()),
            public_ip_address: public_address(facts),
            architecture: Some(facts.instance_type.architecture().as_str().to_owned()),
            client_token: Some(record.client_token.clone().unwrap_or_default()),
            ebs_optimized: Some(false),
            ena_support: Some(facts.instance_type.flavour() == Flavour::Nitro),
            // As EC2 says of Nitro types as well.
            hypervisor: Some("xen".to_owned()),
            iam_instance_profile: self.profile(),
            network_interfaces: facts.interfaces.iter().map(interface).collect(),
            root_device_name: Some(facts.image.root_device.clone()),
            root_device_type: Some("ebs".to_owned()),
            security_groups: groups(primary),
            source_dest_check: Some(true),
            tags: tags(facts),
            virtualization_type: Some(facts.image.virtualization.as_str().to_owned()),
            metadata_options: Some(metadata_options::shape(
                facts.options,
                self.options_are_applied,
            )),
            platform_details: Some("Linux/UNIX".to_owned()),
            usage_operation: Some("RunInstances".to_owned()),
            ..Instance::default()
        }
    }

    fn life_cycle(&self) -> Option<String> {
        (self.facts.life_cycle == LifeCycle::Spot).then(|| "spot".to_owned())
    }

    fn launch_time(&self) -> Option<Timestamp> {
        time::shape(self.facts.launched_at)
    }

    fn profile(&self) -> Option<IamInstanceProfile> {
        let role = self.facts.role.as_ref()?;
        Some(IamInstanceProfile {
            arn: Some(format!(
                "arn:{}:iam::{}:instance-profile/{}",
                self.facts.zone.region().partition().0,
                self.facts.account,
                role.profile_name
            )),
            id: Some(role.profile_id.clone()),
        })
    }
}

fn public_address(facts: &Facts) -> Option<String> {
    let public = facts.primary_interface().ipv4.first()?.public?;
    Some(public.to_string())
}

fn groups(interface: &imds_core::network::NetworkInterface) -> Vec<GroupIdentifier> {
    let shape = |group: &imds_core::network::SecurityGroup| GroupIdentifier {
        group_id: Some(group.id.to_string()),
        group_name: Some(group.name.clone()),
    };
    interface.security_groups.iter().map(shape).collect()
}

fn interface(interface: &imds_core::network::NetworkInterface) -> InstanceNetworkInterface {
    InstanceNetworkInterface {
        network_interface_id: Some(interface.id.to_string()),
        mac_address: Some(interface.mac.to_string()),
        owner_id: Some(interface.owner.to_string()),
        private_ip_address: interface.private_ipv4().map(|address| address.to_string()),
        private_ip_addresses: interface
            .ipv4
            .iter()
            .enumerate()
            .map(|(nth, ipv4)| InstancePrivateIpAddress {
                primary: Some(nth == 0),
                private_ip_address: Some(ipv4.address.to_string()),
                ..InstancePrivateIpAddress::default()
            })
            .collect(),
        ipv6_addresses: interface
            .ipv6
            .iter()
            .map(|address| shapes::InstanceIpv6Address {
                ipv6_address: Some(address.to_string()),
                ..shapes::InstanceIpv6Address::default()
            })
            .collect(),
        groups: groups(interface),
        source_dest_check: Some(true),
        status: Some("in-use".to_owned()),
        subnet_id: Some(interface.subnet.id.to_string()),
        vpc_id: Some(interface.vpc.id.to_string()),
        interface_type: Some("interface".to_owned()),
        ..InstanceNetworkInterface::default()
    }
}

fn tags(facts: &Facts) -> Vec<Tag> {
    let shape = |tag: &imds_core::tags::Tag| Tag {
        key: Some(tag.key.clone()),
        value: Some(tag.value.clone()),
    };
    facts.tags.iter().map(shape).collect()
}
