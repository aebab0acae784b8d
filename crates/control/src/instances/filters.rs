//! The filters of `DescribeInstances`: each looks at what is shown.
//! Source: EC2 API `DescribeInstances`.

use imds_ec2::types::{
    CapacityReservationSpecificationResponse, Instance, InstanceMetadataOptionsResponse,
    InstanceNetworkInterface, InstancePrivateIpAddress, Placement, PrivateDnsNameOptionsResponse,
};

use super::shape::InstanceView;

/// The names of all filters.
pub(super) fn names() -> Vec<&'static str> {
    FILTERS.iter().map(|(name, _)| *name).chain(OF_NOTHING).collect()
}

/// What the filter with this name looks at.
pub(super) fn values(shown: &InstanceView, name: &str) -> Vec<String> {
    let filter = FILTERS.iter().find(|(known, _)| *known == name);
    filter.map_or_else(Vec::new, |(_, values)| values(shown))
}

type Values = fn(&InstanceView) -> Vec<String>;

const FILTERS: &[(&str, Values)] = &[
    ("affinity", |it| placement(it, |it| it.affinity.as_ref())),
    ("architecture", |it| one(it.instance.architecture.as_ref())),
    ("availability-zone", |it| placement(it, |it| it.availability_zone.as_ref())),
    ("availability-zone-id", |it| placement(it, |it| it.availability_zone_id.as_ref())),
    ("block-device-mapping.attach-time", |it| {
        ebs(it, |it| it.attach_time.map(|time| time.to_string()))
    }),
    ("block-device-mapping.delete-on-termination", |it| {
        ebs(it, |it| it.delete_on_termination.map(|flag| flag.to_string()))
    }),
    ("block-device-mapping.device-name", |it| {
        each(&it.instance.block_device_mappings, |it| it.device_name.clone())
    }),
    ("block-device-mapping.status", |it| ebs(it, |it| it.status.clone())),
    ("block-device-mapping.volume-id", |it| ebs(it, |it| it.volume_id.clone())),
    ("boot-mode", |it| one(it.instance.boot_mode.as_ref())),
    ("capacity-reservation-id", |it| one(it.instance.capacity_reservation_id.as_ref())),
    ("capacity-reservation-specification.capacity-reservation-preference", |it| {
        reservation(it, |it| it.capacity_reservation_preference.clone())
    }),
    (
        "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id",
        |it| {
            reservation(it, |it| {
                it.capacity_reservation_target.as_ref()?.capacity_reservation_id.clone()
            })
        },
    ),
    (
        "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn",
        |it| {
            reservation(it, |it| {
                it.capacity_reservation_target
                    .as_ref()?
                    .capacity_reservation_resource_group_arn
                    .clone()
            })
        },
    ),
    ("client-token", |it| one(it.instance.client_token.as_ref())),
    ("current-instance-boot-mode", |it| one(it.instance.current_instance_boot_mode.as_ref())),
    ("dns-name", |it| one(it.instance.public_dns_name.as_ref())),
    ("ebs-optimized", |it| one(it.instance.ebs_optimized.as_ref())),
    ("ena-support", |it| one(it.instance.ena_support.as_ref())),
    ("enclave-options.enabled", |it| {
        one(it.instance.enclave_options.as_ref().and_then(|it| it.enabled.as_ref()))
    }),
    ("hibernation-options.configured", |it| {
        one(it.instance.hibernation_options.as_ref().and_then(|it| it.configured.as_ref()))
    }),
    ("host-id", |it| placement(it, |it| it.host_id.as_ref())),
    ("hypervisor", |it| one(it.instance.hypervisor.as_ref())),
    ("iam-instance-profile.arn", |it| {
        one(it.instance.iam_instance_profile.as_ref().and_then(|it| it.arn.as_ref()))
    }),
    ("iam-instance-profile.id", |it| {
        one(it.instance.iam_instance_profile.as_ref().and_then(|it| it.id.as_ref()))
    }),
    ("iam-instance-profile.name", |it| {
        let arn = it.instance.iam_instance_profile.as_ref().and_then(|it| it.arn.as_ref());
        one(arn.and_then(|arn| arn.rsplit('/').next()).as_ref())
    }),
    ("image-id", |it| one(it.instance.image_id.as_ref())),
    ("instance-id", |it| one(it.instance.instance_id.as_ref())),
    ("instance-lifecycle", |it| one(it.instance.instance_lifecycle.as_ref())),
    ("instance-state-code", |it| one(it.instance.state.as_ref().and_then(|it| it.code.as_ref()))),
    ("instance-state-name", |it| one(it.instance.state.as_ref().and_then(|it| it.name.as_ref()))),
    ("instance-type", |it| one(it.instance.instance_type.as_ref())),
    ("instance.group-id", |it| each(&it.instance.security_groups, |it| it.group_id.clone())),
    ("instance.group-name", |it| each(&it.instance.security_groups, |it| it.group_name.clone())),
    ("ip-address", |it| one(it.instance.public_ip_address.as_ref())),
    ("ipv6-address", |it| one(it.instance.ipv6_address.as_ref())),
    ("kernel-id", |it| one(it.instance.kernel_id.as_ref())),
    ("key-name", |it| one(it.instance.key_name.as_ref())),
    ("launch-index", |it| one(it.instance.ami_launch_index.as_ref())),
    ("launch-time", |it| one(it.instance.launch_time.as_ref())),
    ("maintenance-options.auto-recovery", |it| {
        one(it.instance.maintenance_options.as_ref().and_then(|it| it.auto_recovery.as_ref()))
    }),
    ("metadata-options.http-endpoint", |it| options(it, |it| it.http_endpoint.clone())),
    // There is a filter, and no such option: IPv4 always answers.
    ("metadata-options.http-protocol-ipv4", |it| options(it, |_| Some("enabled".to_owned()))),
    ("metadata-options.http-protocol-ipv6", |it| options(it, |it| it.http_protocol_ipv6.clone())),
    ("metadata-options.http-put-response-hop-limit", |it| {
        options(it, |it| it.http_put_response_hop_limit.map(|hops| hops.to_string()))
    }),
    ("metadata-options.http-tokens", |it| options(it, |it| it.http_tokens.clone())),
    ("metadata-options.instance-metadata-tags", |it| {
        options(it, |it| it.instance_metadata_tags.clone())
    }),
    ("metadata-options.state", |it| options(it, |it| it.state.clone())),
    ("monitoring-state", |it| {
        one(it.instance.monitoring.as_ref().and_then(|it| it.state.as_ref()))
    }),
    ("network-interface.addresses.association.carrier-ip", |it| {
        addresses(it, |it| it.association.as_ref()?.carrier_ip.clone())
    }),
    ("network-interface.addresses.association.customer-owned-ip", |it| {
        addresses(it, |it| it.association.as_ref()?.customer_owned_ip.clone())
    }),
    ("network-interface.addresses.association.ip-owner-id", |it| {
        addresses(it, |it| it.association.as_ref()?.ip_owner_id.clone())
    }),
    ("network-interface.addresses.association.public-dns-name", |it| {
        addresses(it, |it| it.association.as_ref()?.public_dns_name.clone())
    }),
    ("network-interface.addresses.association.public-ip", |it| {
        addresses(it, |it| it.association.as_ref()?.public_ip.clone())
    }),
    ("network-interface.addresses.primary", |it| {
        addresses(it, |it| it.primary.map(|flag| flag.to_string()))
    }),
    ("network-interface.addresses.private-dns-name", |it| {
        addresses(it, |it| it.private_dns_name.clone())
    }),
    ("network-interface.addresses.private-ip-address", |it| {
        addresses(it, |it| it.private_ip_address.clone())
    }),
    ("network-interface.association.carrier-ip", |it| {
        interfaces(it, |it| it.association.as_ref()?.carrier_ip.clone())
    }),
    ("network-interface.association.customer-owned-ip", |it| {
        interfaces(it, |it| it.association.as_ref()?.customer_owned_ip.clone())
    }),
    ("network-interface.association.ip-owner-id", |it| {
        interfaces(it, |it| it.association.as_ref()?.ip_owner_id.clone())
    }),
    ("network-interface.association.public-dns-name", |it| {
        interfaces(it, |it| it.association.as_ref()?.public_dns_name.clone())
    }),
    ("network-interface.association.public-ip", |it| {
        interfaces(it, |it| it.association.as_ref()?.public_ip.clone())
    }),
    ("network-interface.attachment.attach-time", |it| {
        interfaces(it, |it| Some(it.attachment.as_ref()?.attach_time?.to_string()))
    }),
    ("network-interface.attachment.attachment-id", |it| {
        interfaces(it, |it| it.attachment.as_ref()?.attachment_id.clone())
    }),
    ("network-interface.attachment.delete-on-termination", |it| {
        interfaces(it, |it| Some(it.attachment.as_ref()?.delete_on_termination?.to_string()))
    }),
    ("network-interface.attachment.device-index", |it| {
        interfaces(it, |it| Some(it.attachment.as_ref()?.device_index?.to_string()))
    }),
    ("network-interface.attachment.instance-id", |it| one(it.instance.instance_id.as_ref())),
    ("network-interface.attachment.instance-owner-id", |it| vec![it.owner.clone()]),
    ("network-interface.attachment.network-card-index", |it| {
        interfaces(it, |it| Some(it.attachment.as_ref()?.network_card_index?.to_string()))
    }),
    ("network-interface.attachment.status", |it| {
        interfaces(it, |it| it.attachment.as_ref()?.status.clone())
    }),
    ("network-interface.availability-zone", |it| placement(it, |it| it.availability_zone.as_ref())),
    ("network-interface.description", |it| interfaces(it, |it| it.description.clone())),
    ("network-interface.group-id", |it| {
        let groups = it.instance.network_interfaces.iter().flat_map(|it| &it.groups);
        each(groups, |it| it.group_id.clone())
    }),
    ("network-interface.group-name", |it| {
        let groups = it.instance.network_interfaces.iter().flat_map(|it| &it.groups);
        each(groups, |it| it.group_name.clone())
    }),
    ("network-interface.ipv4-prefixes.ipv4-prefix", |it| {
        let prefixes = it.instance.network_interfaces.iter().flat_map(|it| &it.ipv4_prefixes);
        each(prefixes, |it| it.ipv4_prefix.clone())
    }),
    ("network-interface.ipv6-address", |it| {
        let addresses = it.instance.network_interfaces.iter().flat_map(|it| &it.ipv6_addresses);
        each(addresses, |it| it.ipv6_address.clone())
    }),
    ("network-interface.ipv6-addresses.ipv6-address", |it| {
        let addresses = it.instance.network_interfaces.iter().flat_map(|it| &it.ipv6_addresses);
        each(addresses, |it| it.ipv6_address.clone())
    }),
    ("network-interface.ipv6-prefixes.ipv6-prefix", |it| {
        let prefixes = it.instance.network_interfaces.iter().flat_map(|it| &it.ipv6_prefixes);
        each(prefixes, |it| it.ipv6_prefix.clone())
    }),
    ("network-interface.mac-address", |it| interfaces(it, |it| it.mac_address.clone())),
    ("network-interface.network-interface-id", |it| {
        interfaces(it, |it| it.network_interface_id.clone())
    }),
    ("network-interface.owner-id", |it| interfaces(it, |it| it.owner_id.clone())),
    ("network-interface.private-dns-name", |it| interfaces(it, |it| it.private_dns_name.clone())),
    ("network-interface.private-ip-address", |it| {
        interfaces(it, |it| it.private_ip_address.clone())
    }),
    ("network-interface.source-dest-check", |it| {
        interfaces(it, |it| it.source_dest_check.map(|flag| flag.to_string()))
    }),
    ("network-interface.status", |it| interfaces(it, |it| it.status.clone())),
    ("network-interface.subnet-id", |it| interfaces(it, |it| it.subnet_id.clone())),
    ("network-interface.vpc-id", |it| interfaces(it, |it| it.vpc_id.clone())),
    ("network-performance-options.bandwidth-weighting", |it| {
        one(it
            .instance
            .network_performance_options
            .as_ref()
            .and_then(|it| it.bandwidth_weighting.as_ref()))
    }),
    ("outpost-arn", |it| one(it.instance.outpost_arn.as_ref())),
    ("owner-id", |it| vec![it.owner.clone()]),
    ("placement-group-name", |it| placement(it, |it| it.group_name.as_ref())),
    ("placement-partition-number", |it| placement(it, |it| it.partition_number.as_ref())),
    ("platform", |it| one(it.instance.platform.as_ref())),
    ("platform-details", |it| one(it.instance.platform_details.as_ref())),
    ("private-dns-name", |it| one(it.instance.private_dns_name.as_ref())),
    ("private-dns-name-options.enable-resource-name-dns-a-record", |it| {
        dns_names(it, |it| it.enable_resource_name_dns_a_record.map(|flag| flag.to_string()))
    }),
    ("private-dns-name-options.enable-resource-name-dns-aaaa-record", |it| {
        dns_names(it, |it| it.enable_resource_name_dns_aaaa_record.map(|flag| flag.to_string()))
    }),
    ("private-dns-name-options.hostname-type", |it| dns_names(it, |it| it.hostname_type.clone())),
    ("private-ip-address", |it| one(it.instance.private_ip_address.as_ref())),
    ("product-code", |it| each(&it.instance.product_codes, |it| it.product_code_id.clone())),
    ("product-code.type", |it| each(&it.instance.product_codes, |it| it.product_code_type.clone())),
    ("ramdisk-id", |it| one(it.instance.ramdisk_id.as_ref())),
    ("reason", |it| one(it.instance.state_transition_reason.as_ref())),
    ("reservation-id", |it| vec![it.reservation.clone()]),
    ("root-device-name", |it| one(it.instance.root_device_name.as_ref())),
    ("root-device-type", |it| one(it.instance.root_device_type.as_ref())),
    ("source-dest-check", |it| one(it.instance.source_dest_check.as_ref())),
    ("spot-instance-request-id", |it| one(it.instance.spot_instance_request_id.as_ref())),
    ("state-reason-code", |it| {
        one(it.instance.state_reason.as_ref().and_then(|it| it.code.as_ref()))
    }),
    ("state-reason-message", |it| {
        one(it.instance.state_reason.as_ref().and_then(|it| it.message.as_ref()))
    }),
    ("subnet-id", |it| one(it.instance.subnet_id.as_ref())),
    ("tenancy", |it| placement(it, |it| it.tenancy.as_ref())),
    ("tpm-support", |it| one(it.instance.tpm_support.as_ref())),
    ("usage-operation", |it| one(it.instance.usage_operation.as_ref())),
    ("usage-operation-update-time", |it| one(it.instance.usage_operation_update_time.as_ref())),
    ("virtualization-type", |it| one(it.instance.virtualization_type.as_ref())),
    ("vpc-id", |it| one(it.instance.vpc_id.as_ref())),
];

/// Filters of what no instance has: nothing is managed by a service of AWS, on an Outpost, or has an Elastic
/// IP address, and the tags of interfaces are not shown with the instance.
const OF_NOTHING: [&str; 18] = [
    "network-interface.addresses.association.allocation-id",
    "network-interface.addresses.association.association-id",
    "network-interface.association.allocation-id",
    "network-interface.association.association-id",
    "network-interface.deny-all-igw-traffic",
    "network-interface.ipv6-addresses.is-primary-ipv6",
    "network-interface.ipv6-native",
    "network-interface.operator.managed",
    "network-interface.operator.principal",
    "network-interface.outpost-arn",
    "network-interface.public-dns-name",
    "network-interface.requester-id",
    "network-interface.requester-managed",
    "network-interface.tag-key",
    "network-interface.tag-value",
    "operator.managed",
    "operator.principal",
    "requester-id",
];

fn one(value: Option<&impl ToString>) -> Vec<String> {
    value.map(ToString::to_string).into_iter().collect()
}

fn each<'a, T: 'a>(
    all: impl IntoIterator<Item = &'a T>,
    value: impl Fn(&T) -> Option<String>,
) -> Vec<String> {
    all.into_iter().filter_map(value).collect()
}

fn placement<T: ToString>(
    shown: &InstanceView,
    value: fn(&Placement) -> Option<&T>,
) -> Vec<String> {
    one(shown.instance.placement.as_ref().and_then(value))
}

fn options(
    shown: &InstanceView,
    value: fn(&InstanceMetadataOptionsResponse) -> Option<String>,
) -> Vec<String> {
    shown.instance.metadata_options.as_ref().and_then(value).into_iter().collect()
}

fn dns_names(
    shown: &InstanceView,
    value: fn(&PrivateDnsNameOptionsResponse) -> Option<String>,
) -> Vec<String> {
    shown.instance.private_dns_name_options.as_ref().and_then(value).into_iter().collect()
}

fn reservation(
    shown: &InstanceView,
    value: fn(&CapacityReservationSpecificationResponse) -> Option<String>,
) -> Vec<String> {
    shown.instance.capacity_reservation_specification.as_ref().and_then(value).into_iter().collect()
}

fn ebs(
    shown: &InstanceView,
    value: fn(&imds_ec2::types::EbsInstanceBlockDevice) -> Option<String>,
) -> Vec<String> {
    each(&shown.instance.block_device_mappings, |it| value(it.ebs.as_ref()?))
}

fn interfaces(
    shown: &InstanceView,
    value: fn(&InstanceNetworkInterface) -> Option<String>,
) -> Vec<String> {
    let Instance { network_interfaces, .. } = &shown.instance;
    each(network_interfaces, value)
}

fn addresses(
    shown: &InstanceView,
    value: fn(&InstancePrivateIpAddress) -> Option<String>,
) -> Vec<String> {
    each(shown.instance.network_interfaces.iter().flat_map(|it| &it.private_ip_addresses), value)
}
