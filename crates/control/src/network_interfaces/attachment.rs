//! `AttachNetworkInterface` and `DetachNetworkInterface`.

use imds_account::belongings::attachment_id;
use imds_account::records::{self, FreeInterface, Interface, InterfaceSettings};
use imds_account::{Transaction, keys};
use imds_ec2::types::{
    AttachNetworkInterfaceRequest, AttachNetworkInterfaceResult, DetachNetworkInterfaceRequest,
};
use imds_ec2::{Done, Fault};

use super::place::{self, Place, hold, pin, written};
use crate::call::{Call, Refusal};
use crate::instance_types::{interface_limits, interfaces_within};
use crate::instances::{self, StoredInstance};

pub(crate) fn attach(
    call: &Call<'_>,
    request: &AttachNetworkInterfaceRequest,
) -> Result<AttachNetworkInterfaceResult, Refusal> {
    let id = request.network_interface_id.as_str();
    let Place::Free(stored) = place::find(call, id)? else {
        let message = format!("Interface: [{id}] in use.");
        return Err(Fault::client("InvalidNetworkInterface.InUse", message).into());
    };
    let mut instance = instances::find_live(call, &request.instance_id)?;
    let FreeInterface { zone, interface } = &stored.record;
    if *zone != instance.stored.record.zone {
        return Err(Fault::invalid_parameter_combination(
            "You may not attach a network interface to an instance if they are not in the same \
             availability zone",
        )
        .into());
    }
    let card = slot("NetworkCardIndex", request.network_card_index.unwrap_or(0))?;
    let device_index = slot("DeviceIndex", request.device_index)?;
    pin(&mut instance)?;
    check_room(&instance, (card, device_index))?;
    call.refer_to_groups_of(interface);
    let interfaces = &mut instance.stored.record.interfaces;
    interfaces.push(Interface {
        device_index,
        network_card: (card > 0).then_some(card),
        settings: InterfaceSettings {
            // Unlike those of a launch, it outlives the instance.
            delete_on_termination: Some(false),
            attached_at: Some(call.now),
            ..interface.settings.clone()
        },
        ..interface.clone()
    });
    let key = keys::free_interface(&call.region, id);
    let mut transaction = Transaction::new().if_unchanged(&key, Some(&stored)).remove(&key);
    for source in interface.sources() {
        transaction = hold(call, transaction, source, Some(&instance.id));
    }
    let belonging = keys::belonging(&call.region, &attachment_id(id));
    transaction = transaction.write(&belonging, &instance.id);
    call.commit(written(call, transaction, &instance)?)?;
    Ok(AttachNetworkInterfaceResult {
        attachment_id: Some(attachment_id(id)),
        network_card_index: Some(card.into()),
    })
}

/// Fails unless an instance can have one more interface, at this place.
fn check_room(instance: &StoredInstance, slot: (u16, u16)) -> Result<(), Fault> {
    let records::Instance { interfaces, instance_type, .. } = &instance.stored.record;
    if interfaces.iter().any(|it| it.slot() == slot) {
        return Err(Fault::invalid_parameter_value(format!(
            "Instance '{}' already has an interface attached at device index '{}'.",
            instance.id, slot.1
        )));
    }
    let Some((limit, _)) = interface_limits(instance_type) else { return Ok(()) };
    interfaces_within(interfaces.len() + 1, limit, instance_type.as_str())
}

/// The ids of the instance and the interface that an attachment has, if there is one.
pub(crate) fn ends(call: &Call<'_>, attachment: &str) -> Result<Option<[String; 2]>, Refusal> {
    let found = place::attached(call, attachment)?;
    Ok(found.and_then(|place| {
        let interface = place.interface().id.as_ref()?.to_string();
        Some([place.instance()?.to_string(), interface])
    }))
}

pub(crate) fn detach(
    call: &Call<'_>,
    request: &DetachNetworkInterfaceRequest,
) -> Result<Done, Refusal> {
    let attachment = &request.attachment_id;
    let Some(Place::Instance(mut instance, nth)) = place::attached(call, attachment)? else {
        let message = format!("The networkInterface attachment ID '{attachment}' does not exist");
        return Err(Fault::client("InvalidAttachmentID.NotFound", message).into());
    };
    let record = &mut instance.stored.record;
    let interface = record.interfaces.remove(nth);
    if interface.slot() == (0, 0) {
        let message =
            "The network interface at device index 0 and networkCard index 0 cannot be detached.";
        return Err(Fault::client("OperationNotPermitted", message).into());
    }
    let transaction = detached(call, Transaction::new(), &instance.stored.record.zone, interface);
    call.commit(written(call, transaction, &instance)?)?;
    Ok(Done)
}

/// Adds that an interface, which has an id, is on no instance any more.
pub(crate) fn detached(
    call: &Call<'_>,
    mut transaction: Transaction,
    zone: &imds_core::placement::Zone,
    interface: Interface,
) -> Transaction {
    call.refer_to_groups_of(&interface);
    let settings =
        InterfaceSettings { delete_on_termination: None, attached_at: None, ..interface.settings };
    // A public address is lent to instances.
    let interface = Interface { settings, public_ipv4: None, ..interface };
    for source in interface.sources() {
        transaction = hold(call, transaction, source, None);
    }
    let Some(id) = interface.id.clone() else { return transaction };
    let belonging = keys::belonging(&call.region, &attachment_id(id.as_str()));
    let record = FreeInterface { zone: zone.clone(), interface };
    transaction.remove(&belonging).write(&keys::free_interface(&call.region, id.as_str()), &record)
}

fn slot(parameter: &str, index: i32) -> Result<u16, Fault> {
    let possible = Some(index).filter(|index| (0..=255).contains(index));
    let rule = "Expecting 0 to 255.";
    possible
        .and_then(|index| index.try_into().ok())
        .ok_or_else(|| Fault::invalid_value(parameter, index, rule))
}
