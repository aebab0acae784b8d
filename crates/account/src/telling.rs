//! How hosts are told of changes of the instances that are placed on them: see
//! [`placement`](crate::placement).

use std::collections::BTreeMap;

use imds_core::InstanceId;
use imds_core::placement::Region;
use imds_kv::{Kv, KvError, Revision, Transaction, UnreadableEntry};

use crate::keys::{self, Key};
use crate::records::{Notice, ServedBy, decode, encode};

/// Commits `transaction` and tells the hosts that follow the instances of which it writes something.
pub(crate) fn commit(kv: &dyn Kv, transaction: Transaction) -> Result<Revision, KvError> {
    // What is refused anyway need not be read for.
    transaction.check(kv.limits())?;
    let changed = transaction.written().filter_map(keys::instance_of);
    let changed: BTreeMap<_, _> = changed.map(|(region, id)| (id, region)).collect();
    if changed.is_empty() {
        return kv.commit(transaction);
    }
    let served_by: Vec<_> = changed.keys().map(keys::served_by).collect();
    loop {
        match kv.commit(told(kv, transaction.clone(), &changed, &served_by)?) {
            // A host has begun or ceased to serve one of them.
            Err(KvError::Conflict { key }) if served_by.iter().any(|it| it.as_str() == key) => {}
            outcome => return outcome,
        }
    }
}

/// Adds to `transaction` what tells the hosts that serve `changed`, under the condition that they still are
/// those.
fn told(
    kv: &dyn Kv,
    transaction: Transaction,
    changed: &BTreeMap<InstanceId, Region>,
    served_by: &[Key<ServedBy>],
) -> Result<Transaction, KvError> {
    let texts: Vec<_> = served_by.iter().map(Key::as_str).collect();
    let mut told = transaction;
    let entries = kv.get_many(&texts)?.entries;
    for ((entry, key), (id, region)) in entries.into_iter().zip(texts).zip(changed) {
        let entry = entry?;
        told = told.if_revision(key, entry.as_ref().map(|entry| entry.revision));
        let Some(entry) = entry else { continue };
        let record: ServedBy = decode(&entry.value)
            .map_err(|error| UnreadableEntry { key: key.to_owned(), reason: error.to_string() })?;
        let notice = encode(&Notice { region: Some(region.clone()) });
        for host in &record.hosts {
            told = told.put(keys::notice(host, id).as_str(), notice.clone());
        }
    }
    Ok(told)
}
