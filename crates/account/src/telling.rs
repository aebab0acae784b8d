//! How hosts are told of changes of the instances that are placed on them: see
//! [`placement`](crate::placement).

use std::collections::BTreeMap;

use imds_core::InstanceId;
use imds_core::placement::Region;
use imds_kv::{Kv, KvError, Revision};

use crate::keys::{self, Key};
use crate::records::{Notice, encode};
use crate::stored::{StoreError, Stored};
use crate::transaction::{Serving, Transaction};

/// Commits `transaction` and tells the hosts that follow the instances of which it writes something.
pub(crate) fn commit(kv: &dyn Kv, transaction: Transaction) -> Result<Revision, StoreError> {
    let Transaction { kv: transaction, serving: mut known } = transaction;
    // What is refused anyway need not be read for.
    transaction.check(kv.limits())?;
    let changed = transaction.written().filter_map(keys::instance_of);
    let changed: BTreeMap<_, _> = changed.map(|(region, id)| (id, region)).collect();
    if changed.is_empty() {
        return Ok(kv.commit(transaction)?);
    }
    let is_about_serving = |key: &str| changed.keys().any(|id| keys::served_by(id).as_str() == key);
    loop {
        let serving = serving(kv, &changed, std::mem::take(&mut known))?;
        match kv.commit(told(transaction.clone(), &changed, &serving)) {
            // A host has begun or ceased to serve one of them: now nothing is known before it is read.
            Err(KvError::Conflict { key }) if is_about_serving(&key) => {}
            outcome => return Ok(outcome?),
        }
    }
}

/// Who serves `changed`: read, unless it is `known`.
fn serving(
    kv: &dyn Kv,
    changed: &BTreeMap<InstanceId, Region>,
    mut known: Serving,
) -> Result<Serving, StoreError> {
    known.retain(|id, _| changed.contains_key(id));
    let unknown: Vec<_> = changed.keys().filter(|id| !known.contains_key(id)).collect();
    if unknown.is_empty() {
        return Ok(known);
    }
    let keys: Vec<_> = unknown.iter().map(|id| keys::served_by(id)).collect();
    let texts: Vec<_> = keys.iter().map(Key::as_str).collect();
    for (entry, id) in kv.get_many(&texts)?.entries.into_iter().zip(unknown) {
        let stored = entry.map_err(KvError::from)?.as_ref().map(Stored::decode).transpose()?;
        known.insert(id.clone(), stored);
    }
    Ok(known)
}

/// Adds to `transaction` what tells the hosts that serve `changed`, under the condition that they still are
/// those.
fn told(
    transaction: imds_kv::Transaction,
    changed: &BTreeMap<InstanceId, Region>,
    serving: &Serving,
) -> imds_kv::Transaction {
    let mut told = transaction;
    for (id, stored) in serving {
        let revision = stored.as_ref().map(|stored| stored.revision);
        told = told.if_revision(keys::served_by(id).as_str(), revision);
        let notice = encode(&Notice { region: changed.get(id).cloned() });
        for host in stored.iter().flat_map(|stored| &stored.record.hosts) {
            told = told.put(keys::notice(host, id).as_str(), notice.clone());
        }
    }
    told
}
