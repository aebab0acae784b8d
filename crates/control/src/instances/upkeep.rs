//! `ModifyInstanceMaintenanceOptions`, `ModifyInstanceCapacityReservationAttributes`,
//! `ModifyPrivateDnsNameOptions` and `GetPasswordData`.

use imds_account::records::Lifecycle;
use imds_core::instance::HostnameType;
use imds_ec2::types::{
    GetPasswordDataRequest, GetPasswordDataResult,
    ModifyInstanceCapacityReservationAttributesRequest,
    ModifyInstanceCapacityReservationAttributesResult, ModifyInstanceMaintenanceOptionsRequest,
    ModifyInstanceMaintenanceOptionsResult, ModifyPrivateDnsNameOptionsRequest,
    ModifyPrivateDnsNameOptionsResult,
};
use imds_ec2::{Fault, Sensitive};

use super::attribute_names::{
    AUTO_RECOVERY, CAPACITY_RESERVATIONS, REBOOT_MIGRATION, RESOURCE_NAME_A, RESOURCE_NAME_AAAA,
};
use super::attribute_values::{capacity_reservations, hostname_type, one_of};
use super::{find, find_live, save};
use crate::call::{Call, Refusal};
use crate::time;

/// Both options are kept, and have no effect: nothing here fails or is migrated.
pub(crate) fn modify_maintenance(
    call: &Call<'_>,
    request: &ModifyInstanceMaintenanceOptionsRequest,
) -> Result<ModifyInstanceMaintenanceOptionsResult, Refusal> {
    let words = ["default", "disabled"];
    let auto_recovery = one_of("AutoRecovery", request.auto_recovery.clone(), &words)?;
    let reboot_migration = one_of("RebootMigration", request.reboot_migration.clone(), &words)?;
    let instance = find_live(call, &request.instance_id)?;
    let instance = save(call, instance, |record| {
        for (name, value) in
            [(AUTO_RECOVERY, &auto_recovery), (REBOOT_MIGRATION, &reboot_migration)]
        {
            if let Some(value) = value {
                record.attributes.insert(name.to_owned(), value.clone());
            }
        }
    })?;
    Ok(ModifyInstanceMaintenanceOptionsResult {
        instance_id: Some(instance.id.to_string()),
        auto_recovery,
        reboot_migration,
    })
}

/// Kept, without effect. Source: EC2 API `ModifyInstanceCapacityReservationAttributes`: only while the instance
/// is stopped.
pub(crate) fn modify_capacity_reservations(
    call: &Call<'_>,
    request: &ModifyInstanceCapacityReservationAttributesRequest,
) -> Result<ModifyInstanceCapacityReservationAttributesResult, Refusal> {
    let instance = find_live(call, &request.instance_id)?;
    let preference = capacity_reservations(Some(&request.capacity_reservation_specification))?;
    let preference = preference.ok_or_else(|| {
        Fault::missing_parameter("CapacityReservationSpecification.CapacityReservationPreference")
    })?;
    if instance.stored.record.lifecycle != Lifecycle::Stopped {
        return Err(Fault::incorrect_instance_state(format!(
            "The instance '{}' is not in the 'stopped' state.",
            instance.id
        ))
        .into());
    }
    save(call, instance, |record| {
        record.attributes.insert(CAPACITY_RESERVATIONS.to_owned(), preference);
    })?;
    Ok(ModifyInstanceCapacityReservationAttributesResult { return_: Some(true) })
}

/// Source: EC2 User Guide, "Change the resource based naming options": the type of name only while the
/// instance is stopped, the records at any time.
pub(crate) fn modify_dns_names(
    call: &Call<'_>,
    request: &ModifyPrivateDnsNameOptionsRequest,
) -> Result<ModifyPrivateDnsNameOptionsResult, Refusal> {
    let instance = find_live(call, &request.instance_id)?;
    let stated = request.private_dns_hostname_type.as_deref();
    let kind = stated.map(|kind| hostname_type("PrivateDnsHostnameType", kind)).transpose()?;
    let record = &instance.stored.record;
    let is_new = |kind: HostnameType| kind != record.hostname_type;
    if kind.is_some_and(is_new) && record.lifecycle != Lifecycle::Stopped {
        return Err(Fault::incorrect_instance_state(format!(
            "The instance '{}' is not in the 'stopped' state, in which its hostname type can be changed.",
            instance.id
        ))
        .into());
    }
    save(call, instance, |record| {
        record.hostname_type = kind.unwrap_or(record.hostname_type);
        for (name, flag) in [
            (RESOURCE_NAME_A, request.enable_resource_name_dns_a_record),
            (RESOURCE_NAME_AAAA, request.enable_resource_name_dns_aaaa_record),
        ] {
            if let Some(flag) = flag {
                record.attributes.insert(name.to_owned(), flag.to_string());
            }
        }
    })?;
    Ok(ModifyPrivateDnsNameOptionsResult { return_: Some(true) })
}

/// Empty for instances that do not run Windows, or have no RSA key pair.
pub(crate) fn password(
    call: &Call<'_>,
    request: &GetPasswordDataRequest,
) -> Result<GetPasswordDataResult, Refusal> {
    let instance = find(call, &request.instance_id)?;
    Ok(GetPasswordDataResult {
        instance_id: Some(instance.id.to_string()),
        timestamp: time::shape(instance.stored.record.launched_at),
        password_data: Some(Sensitive(instance.stored.record.password_data.unwrap_or_default())),
    })
}
