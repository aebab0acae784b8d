//! What instances have that calls name by an id of its own: volumes, the attachments of network interfaces, and the
//! association with an instance profile. A record for each says which instance has it, so that nobody has to look at
//! all instances.
//!
//! It says where to look, and no more: the instance may have ended, or its record be unreadable.

use imds_core::block_device::Volume;
use imds_core::placement::Region;
use imds_core::{Instance, InstanceId, ids};

use crate::overrides::Overrides;
use crate::records::{self, Lifecycle, Tags};
use crate::{Store, StoreError, Transaction, instance, keys};

/// Which kinds of belongings have records: raised by the release that adds one, so that they are [`complete`]d again.
const FORM: u32 = 1;

/// The id of an instance's EBS volume.
pub fn volume_id(instance: &InstanceId, device: &str) -> String {
    ids::derived("vol-", instance.as_str(), device)
}

/// The id of the attachment of a network interface.
pub fn attachment_id(interface: &str) -> String {
    ids::derived("eni-attach-", interface, "")
}

/// The devices of an instance that are EBS volumes, the root device first.
pub fn ebs_devices(instance: &Instance) -> impl Iterator<Item = &String> {
    let more = instance.block_devices.iter().filter(|device| device.volume == Volume::Ebs);
    std::iter::once(&instance.image.root_device).chain(more.map(|device| &device.device))
}

/// The ids of all that an instance has.
fn of(instance: &Instance, record: &records::Instance) -> Vec<String> {
    let volumes = ebs_devices(instance).map(|device| volume_id(&instance.id, device));
    let interfaces = instance.interfaces.iter().map(|it| attachment_id(it.id.as_str()));
    let association = record.profile.iter().map(|profile| profile.id.clone());
    volumes.chain(interfaces).chain(association).collect()
}

/// The same by the record alone; none of one that makes no instance.
pub(crate) fn of_record(id: &InstanceId, record: &records::Instance) -> Vec<String> {
    let facts = instance::instance(id, record, &Tags::new(), &Overrides::default());
    facts.map(|facts| of(&facts, record)).unwrap_or_default()
}

/// Adds that a new instance has what it has.
pub(crate) fn keep(
    transaction: Transaction,
    instance: &Instance,
    record: &records::Instance,
) -> Transaction {
    let region = instance.zone.region();
    let ids = of(instance, record).into_iter();
    ids.fold(transaction, |all, id| all.write(&keys::belonging(region, &id), &instance.id))
}

/// Adds that an instance has nothing any more.
pub(crate) fn forget(
    transaction: Transaction,
    region: &Region,
    id: &InstanceId,
    record: &records::Instance,
) -> Transaction {
    let ids = of_record(id, record).into_iter();
    ids.fold(transaction, |all, id| all.remove(&keys::belonging(region, &id)))
}

/// Has all live instances found by what they have, also those that an earlier release launched. A state needs it once,
/// and no host of an earlier release may launch another: while one lives, it is not done `for_good`, and the next start
/// does it again.
///
/// # Errors
/// If the engine fails. What was committed until then stays.
pub fn complete(store: &Store, for_good: bool) -> Result<(), StoreError> {
    let key = keys::belongings_form();
    if store.read(&key)?.is_some_and(|stored| stored.record >= FORM) {
        return Ok(());
    }
    loop {
        match complete_all(store) {
            // An instance was changed meanwhile: what it has may be elsewhere by now.
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    if for_good { store.commit(Transaction::new().write(&key, &FORM)).map(drop) } else { Ok(()) }
}

fn complete_all(store: &Store) -> Result<(), StoreError> {
    let room = store.kv().limits().operations;
    let (mut transaction, mut written) = (Transaction::new(), 0);
    for (name, stored) in store.scan(&keys::every_instance())?.records {
        let Some((region, id)) = keys::region_and_id(&name) else { continue };
        if stored.record.lifecycle == Lifecycle::Terminated {
            continue;
        }
        let ids = of_record(&id, &stored.record);
        if written > 0 && written + ids.len() > room {
            store.commit(std::mem::take(&mut transaction))?;
            written = 0;
        }
        written += ids.len();
        let key = keys::instance(&region, id.as_str());
        transaction = transaction.if_unchanged(&key, Some(&stored));
        for one in &ids {
            transaction = transaction.write(&keys::belonging(&region, one), &id);
        }
    }
    if written > 0 { store.commit(transaction).map(drop) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use imds_core::Launch;
    use imds_kv::{Limits, Memory};

    use super::*;
    use crate::launch;
    use crate::network::Network;

    /// More than one commit can write, and once after the last host of an earlier release.
    #[test]
    fn what_an_earlier_release_launched_is_found() {
        let limits = Limits { operations: 5, bytes: 65_536 };
        let store = Store::new(Arc::new(Memory::with_limits(limits)));
        let network = Network::of(&Launch::default());
        let region: Region = "us-east-1".parse().unwrap();
        let (mut ended, mut live) = (Vec::new(), Vec::new());
        for nth in 0..9 {
            let id: InstanceId = format!("i-0000000{nth}").parse().unwrap();
            let launch = Launch { instance_id: Some(id.clone()), ..Launch::default() };
            let instance = launch.resolve().unwrap();
            let mut record = launch::record(&instance, &network, String::new);
            let its = of(&instance, &record).into_iter().map(|one| (one, id.clone()));
            if nth == 4 {
                record.lifecycle = Lifecycle::Terminated;
                ended.extend(its);
            } else {
                live.extend(its);
            }
            let key = keys::instance(&region, id.as_str());
            store.commit(Transaction::new().write(&key, &record)).unwrap();
        }
        let found = |one: &str| {
            store.read(&keys::belonging(&region, one)).unwrap().map(|stored| stored.record)
        };
        let lose_one = || {
            let (one, _) = &live[0];
            store.commit(Transaction::new().remove(&keys::belonging(&region, one))).unwrap();
        };
        for for_good in [false, false, true] {
            complete(&store, for_good).unwrap();
            assert!(live.iter().all(|(one, id)| found(one).as_ref() == Some(id)));
            lose_one();
        }
        assert!(live.len() >= 16 && ended.iter().all(|(one, _)| found(one).is_none()));
        complete(&store, true).unwrap();
        assert_eq!(found(&live[0].0), None, "it is done once");
    }
}
