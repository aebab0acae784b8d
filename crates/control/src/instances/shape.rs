//! An instance as the EC2 API shows it.

use std::collections::BTreeMap;

use imds_account::belongings::{ebs_devices, volume_id};
use imds_account::records::Transition;
use imds_account::volume::VolumeSettings;
use imds_core::Instance as Facts;
use imds_core::instance::LifeCycle;
use imds_core::instance_type::Architecture;
use imds_ec2::types::{
    CapacityReservationSpecificationResponse, EbsInstanceBlockDevice, EnclaveOptions,
    HibernationOptions, Instance, InstanceBlockDeviceMapping, InstanceMaintenanceOptions,
    InstanceNetworkInterface, Monitoring, Placement, PrivateDnsNameOptionsResponse, ProductCode,
    StateReason,
};

use super::network_interfaces::{groups, interface};
use super::state::{BY_USER, State};
use super::{StoredInstance, attribute_names as names};
use crate::call::Call;
use crate::platform::PlatformWords;
use crate::{iam_profiles, ids, options, tag_values, time};

/// What is shown of an instance.
pub(super) struct InstanceView {
    pub(super) id: String,
    pub(super) reservation: String,
    pub(super) owner: String,
    pub(super) instance: Instance,
}

impl InstanceView {
    /// `None` where what is kept makes no instance: the agent has logged why.
    pub(super) fn new(call: &Call<'_>, instance: &StoredInstance) -> Option<Self> {
        let facts = instance.facts().ok()?;
        let state = instance.state(call);
        let mut view = shape(instance, &facts, state);
        if state != State::Terminated {
            add_belongings(&mut view, instance, &facts, state);
        }
        let are_applied = instance.has_applied_options(call);
        view.metadata_options = Some(options::shape(facts.options, are_applied));
        Some(Self {
            id: instance.id.to_string(),
            reservation: facts.reservation_id.to_string(),
            owner: facts.account.to_string(),
            instance: view,
        })
    }
}

/// What is shown in every state.
// long function: a line for each member that EC2 shows.
fn shape(instance: &StoredInstance, facts: &Facts, state: State) -> Instance {
    let record = &instance.stored.record;
    let is_spot = facts.life_cycle == LifeCycle::Spot;
    let is_arm = facts.instance_type.architecture() == Architecture::Arm64;
    let words = PlatformWords::from(facts.image.platform);
    Instance {
        instance_id: Some(facts.id.to_string()),
        image_id: Some(facts.image.id.to_string()),
        state: Some(state.shape()),
        private_dns_name: Some(String::new()),
        public_dns_name: Some(String::new()),
        state_transition_reason: Some(record.transition.as_ref().map(reason).unwrap_or_default()),
        state_reason: state_reason(state, record.transition.as_ref()),
        key_name: facts.public_key.as_ref().map(|key| key.name.clone()),
        ami_launch_index: i32::try_from(facts.launch_index).ok(),
        instance_type: Some(facts.instance_type.to_string()),
        // There is no word for on-demand.
        instance_lifecycle: (facts.life_cycle != LifeCycle::OnDemand)
            .then(|| facts.life_cycle.as_str().to_owned()),
        spot_instance_request_id: is_spot.then(|| ids::derived("sir-", facts.id.as_str(), "spot")),
        launch_time: time::shape(facts.launched_at),
        placement: Some(placement(instance, facts)),
        monitoring: Some(Monitoring {
            state: Some(facts.monitoring.to_string()),
            ..Monitoring::default()
        }),
        architecture: Some(facts.instance_type.architecture().as_str().to_owned()),
        client_token: Some(record.client_token.clone().unwrap_or_default()),
        ebs_optimized: Some(instance.is(names::EBS_OPTIMIZED)),
        ena_support: Some(instance.has_ena()),
        // As EC2 says of Nitro types as well.
        hypervisor: Some("xen".to_owned()),
        kernel_id: facts.kernel.as_ref().map(ToString::to_string),
        ramdisk_id: facts.ramdisk.as_ref().map(ToString::to_string),
        product_codes: product_codes(facts),
        root_device_name: Some(facts.image.root_device.clone()),
        root_device_type: Some("ebs".to_owned()),
        tags: tag_values::shape(instance.tags()),
        virtualization_type: Some(facts.image.virtualization.as_str().to_owned()),
        platform: words.platform,
        platform_details: Some(words.details),
        usage_operation: Some(words.usage_operation),
        private_dns_name_options: Some(PrivateDnsNameOptionsResponse {
            hostname_type: Some(names::hostname_type(record.hostname_type).to_owned()),
            enable_resource_name_dns_a_record: Some(instance.is(names::RESOURCE_NAME_A)),
            enable_resource_name_dns_aaaa_record: Some(instance.is(names::RESOURCE_NAME_AAAA)),
        }),
        boot_mode: is_arm.then(|| "uefi".to_owned()),
        current_instance_boot_mode: Some(if is_arm { "uefi" } else { "legacy-bios" }.to_owned()),
        capacity_reservation_specification: Some(CapacityReservationSpecificationResponse {
            capacity_reservation_preference: Some(
                instance.attribute(names::CAPACITY_RESERVATIONS).unwrap_or("open").to_owned(),
            ),
            ..CapacityReservationSpecificationResponse::default()
        }),
        enclave_options: Some(EnclaveOptions { enabled: Some(instance.is(names::ENCLAVES)) }),
        hibernation_options: Some(HibernationOptions {
            configured: Some(instance.is(names::HIBERNATION)),
        }),
        maintenance_options: Some(InstanceMaintenanceOptions {
            auto_recovery: Some(
                instance.attribute(names::AUTO_RECOVERY).unwrap_or("default").to_owned(),
            ),
            reboot_migration: instance.attribute(names::REBOOT_MIGRATION).map(str::to_owned),
        }),
        ..Instance::default()
    }
}

/// What a terminated instance has given back.
fn add_belongings(view: &mut Instance, instance: &StoredInstance, facts: &Facts, state: State) {
    let primary = facts.primary_interface();
    let public = primary.public_ipv4().filter(|_| has_public(state));
    view.private_dns_name = Some(facts.hostname());
    let public_name = public.and_then(|_| facts.public_hostname(primary));
    view.public_dns_name = Some(public_name.unwrap_or_default());
    view.subnet_id = Some(primary.subnet.id.to_string());
    view.vpc_id = Some(primary.vpc.id.to_string());
    view.private_ip_address = primary.private_ipv4().map(|address| address.to_string());
    view.public_ip_address = public.map(|address| address.to_string());
    view.ipv6_address = primary.ipv6.first().map(ToString::to_string);
    view.iam_instance_profile = iam_profiles::shape(instance, facts);
    view.network_interfaces = network_interfaces(instance, facts, state);
    view.security_groups = groups(&primary.security_groups);
    view.source_dest_check = Some(has_source_dest_check(instance));
    view.block_device_mappings = block_devices(facts, &instance.stored.record.volumes);
}

/// The network interfaces of an instance as it shows them at the moment.
pub(crate) fn present_interfaces(
    call: &Call<'_>,
    instance: &StoredInstance,
    facts: &Facts,
) -> Vec<InstanceNetworkInterface> {
    network_interfaces(instance, facts, instance.state(call))
}

fn network_interfaces(
    instance: &StoredInstance,
    facts: &Facts,
    state: State,
) -> Vec<InstanceNetworkInterface> {
    let shape = |one: &imds_core::network::NetworkInterface| {
        let mut kept = instance.stored.record.interfaces.iter();
        let kept = kept.find(|it| it.slot() == one.slot());
        let settings = kept.map(|kept| &kept.settings);
        let check = settings.and_then(|it| it.source_dest_check);
        InstanceNetworkInterface {
            source_dest_check: Some(check.unwrap_or_else(|| has_source_dest_check(instance))),
            ..interface(one, facts, settings, has_public(state))
        }
    };
    facts.interfaces.iter().map(shape).collect()
}

/// A public address is lent for as long as the instance runs.
fn has_public(state: State) -> bool {
    state != State::Stopped
}

fn has_source_dest_check(instance: &StoredInstance) -> bool {
    instance.attribute(names::SOURCE_DEST_CHECK) != Some("false")
}

pub(super) fn product_codes(facts: &Facts) -> Vec<ProductCode> {
    let code = |code: &String| ProductCode {
        product_code_id: Some(code.clone()),
        product_code_type: Some("marketplace".to_owned()),
    };
    facts.product_codes.iter().map(code).collect()
}

/// Such as `User initiated (2026-11-22 08:00:00 GMT)`.
fn reason(transition: &Transition) -> String {
    let at = time::shape(transition.at).map(|at| at.to_string()).unwrap_or_default();
    let at = at.get(..19).unwrap_or_default().replace('T', " ");
    if transition.code == BY_USER {
        return format!("User initiated ({at} GMT)");
    }
    format!("{}: {} ({at} GMT)", transition.code, transition.message)
}

fn state_reason(state: State, transition: Option<&Transition>) -> Option<StateReason> {
    let (code, message) = match transition {
        Some(it) => (it.code.clone(), format!("{}: {}", it.code, it.message)),
        None if state == State::Pending => ("pending".to_owned(), "pending".to_owned()),
        None => return None,
    };
    Some(StateReason { code: Some(code), message: Some(message) })
}

fn placement(instance: &StoredInstance, facts: &Facts) -> Placement {
    let placement = &facts.placement;
    let tenancy = instance.attribute(names::TENANCY).unwrap_or("default");
    Placement {
        availability_zone: Some(facts.zone.to_string()),
        availability_zone_id: Some(facts.zone.id()),
        affinity: instance.attribute(names::AFFINITY).map(str::to_owned),
        group_name: Some(placement.group_name.clone().unwrap_or_default()),
        group_id: placement.group_id.as_ref().map(ToString::to_string),
        partition_number: placement.partition_number.and_then(|it| i32::try_from(it).ok()),
        host_id: placement.host_id.as_ref().map(ToString::to_string),
        tenancy: Some(tenancy.to_owned()),
        ..Placement::default()
    }
}

/// The block device mapping; instance store volumes are not in it, as on EC2.
pub(crate) fn block_devices(
    facts: &Facts,
    volumes: &BTreeMap<String, VolumeSettings>,
) -> Vec<InstanceBlockDeviceMapping> {
    let mapping = |name: &String| InstanceBlockDeviceMapping {
        device_name: Some(name.clone()),
        ebs: Some(EbsInstanceBlockDevice {
            attach_time: time::shape(facts.launched_at),
            delete_on_termination: Some(
                volumes.get(name).and_then(|it| it.delete_on_termination).unwrap_or(true),
            ),
            status: Some("attached".to_owned()),
            volume_id: Some(volume_id(&facts.id, name)),
            ..EbsInstanceBlockDevice::default()
        }),
    };
    ebs_devices(facts).map(mapping).collect()
}

/// The ids of an instance's volumes, and those of its network interfaces.
pub(super) fn belongings(
    facts: &Facts,
    volumes: &BTreeMap<String, VolumeSettings>,
) -> (Vec<String>, Vec<String>) {
    let volumes = block_devices(facts, volumes).into_iter();
    let volumes = volumes.filter_map(|mapping| mapping.ebs?.volume_id).collect();
    (volumes, facts.interfaces.iter().map(|interface| interface.id.to_string()).collect())
}
