//! Where a network interface is: on an instance, or on none; and how it is changed there.

use imds_account::belongings::attachment_id;
use imds_account::records::{self, AddressHolder, FreeInterface, Interface};
use imds_account::{Source, Stored, Transaction, keys};
use imds_core::ids::InterfaceId;
use imds_core::network::Subnet;
use imds_core::{InstanceId, InstanceType};
use imds_ec2::Fault;

use super::free;
use crate::call::{Call, Refusal};
use crate::instances::{self, StoredInstance};

/// A network interface that was found.
pub(crate) enum Place {
    /// On an instance, as the nth that is kept.
    Instance(Box<StoredInstance>, usize),
    /// On none.
    Free(Box<Stored<FreeInterface>>),
}

/// The interface with this id.
pub(crate) fn find(call: &Call<'_>, id: &str) -> Result<Place, Refusal> {
    if let Some(stored) = call.read(&keys::free_interface(&call.region, id))? {
        return Ok(Place::Free(stored.into()));
    }
    attached(call, &attachment_id(id))?.ok_or_else(|| not_found(id).into())
}

/// The interface on an instance that has this attachment. All ids of the instance's interfaces are kept from then on
/// that were derived, as they depend on their place on it.
pub(super) fn attached(call: &Call<'_>, attachment: &str) -> Result<Option<Place>, Refusal> {
    let Some(mut instance) = instances::with(call, attachment)? else { return Ok(None) };
    pin(&mut instance)?;
    let is_it = |id: &InterfaceId| attachment_id(id.as_str()) == attachment;
    let mut ids = instance.stored.record.interfaces.iter().map(|it| it.id.as_ref());
    let nth = ids.position(|id| id.is_some_and(is_it));
    Ok(nth.map(|nth| Place::Instance(instance.into(), nth)))
}

pub(super) fn not_found(id: &str) -> Fault {
    let message = format!("The networkInterface ID '{id}' does not exist");
    Fault::client("InvalidNetworkInterfaceID.NotFound", message)
}

/// Has an instance keep the ids of its interfaces.
pub(super) fn pin(instance: &mut StoredInstance) -> Result<(), Fault> {
    let facts = instance.facts().map_err(|_| Fault::internal())?;
    for kept in &mut instance.stored.record.interfaces {
        let slot = kept.slot();
        let mut all = facts.interfaces.iter();
        if let Some(fact) = all.find(|it| it.slot() == slot) {
            kept.id = Some(fact.id.clone());
            kept.mac = Some(fact.mac);
        }
    }
    Ok(())
}

impl Place {
    pub(super) fn interface(&self) -> &Interface {
        match self {
            Self::Instance(instance, nth) => &instance.stored.record.interfaces[*nth],
            Self::Free(stored) => &stored.record.interface,
        }
    }

    /// The subnet that it is in.
    pub(crate) fn subnet(&self, call: &Call<'_>) -> Result<Subnet, Fault> {
        match self {
            Self::Free(stored) => Ok(free::subnet(call, &stored.record)),
            Self::Instance(instance, _) => {
                let facts = instance.facts().map_err(|_| Fault::internal())?;
                let id = self.interface().id.as_ref();
                let fact = facts.interfaces.into_iter().find(|it| Some(&it.id) == id);
                fact.map(|fact| fact.subnet).ok_or_else(Fault::internal)
            }
        }
    }

    /// The instance that it is on.
    pub(super) fn instance(&self) -> Option<&InstanceId> {
        match self {
            Self::Instance(instance, _) => Some(&instance.id),
            Self::Free(_) => None,
        }
    }

    /// The type of the instance that it is on.
    pub(super) fn instance_type(&self) -> Option<&InstanceType> {
        match self {
            Self::Instance(instance, _) => Some(&instance.stored.record.instance_type),
            Self::Free(_) => None,
        }
    }

    /// Changes it, and which addresses are taken with it.
    pub(super) fn change(
        mut self,
        call: &Call<'_>,
        change: impl FnOnce(&mut Interface),
    ) -> Result<(), Refusal> {
        let before: Vec<_> = self.interface().sources().collect();
        match &mut self {
            Self::Instance(instance, nth) => change(&mut instance.stored.record.interfaces[*nth]),
            Self::Free(stored) => change(&mut stored.record.interface),
        }
        let after: Vec<_> = self.interface().sources().collect();
        let mut transaction = Transaction::new();
        for source in before.iter().filter(|source| !after.contains(source)) {
            transaction = release(call, transaction, *source);
        }
        for source in after.iter().filter(|source| !before.contains(source)) {
            transaction = take(call, transaction, *source, self.instance());
        }
        transaction = match &self {
            Self::Instance(instance, _) => written(call, transaction, instance)?,
            Self::Free(stored) => {
                let id = stored.record.interface.id.as_ref().map(InterfaceId::as_str);
                let key = keys::free_interface(&call.region, id.unwrap_or_default());
                transaction.if_unchanged(&key, Some(stored)).write(&key, &stored.record)
            }
        };
        call.commit(transaction)
    }
}

/// Adds that an instance is from now on as it is here, if there can be such an instance. That a record is
/// unchanged is told by its revision, which it still has.
pub(super) fn written(
    call: &Call<'_>,
    transaction: Transaction,
    instance: &StoredInstance,
) -> Result<Transaction, Refusal> {
    let record: &records::Instance = &instance.stored.record;
    instances::check(&instance.id, record, instance.tags())?;
    let key = keys::instance(&call.region, instance.id.as_str());
    Ok(transaction.if_unchanged(&key, Some(&instance.stored)).write(&key, record))
}

/// Adds that an address, which nobody has, is taken.
pub(super) fn take(
    call: &Call<'_>,
    transaction: Transaction,
    source: Source,
    instance: Option<&InstanceId>,
) -> Transaction {
    let key = keys::address(source);
    hold(call, transaction.if_unchanged(&key, None), source, instance)
}

/// Adds who has an address.
pub(super) fn hold(
    call: &Call<'_>,
    transaction: Transaction,
    source: Source,
    instance: Option<&InstanceId>,
) -> Transaction {
    let holder = AddressHolder { region: call.region.clone(), instance: instance.cloned() };
    transaction.write(&keys::address(source), &holder)
}

/// Adds that an address is free again, and was somebody's.
pub(super) fn release(call: &Call<'_>, transaction: Transaction, source: Source) -> Transaction {
    let holder = AddressHolder { region: call.region.clone(), instance: None };
    transaction.remove(&keys::address(source)).write(&keys::former_address(source), &holder)
}
