//! Deletes terminated instances and used client tokens once their time is over.

use imds_core::InstanceId;

use crate::keys::Prefix;
use crate::launch;
use crate::records::{Instance, Lifecycle, Record};
use crate::{Store, StoreError, Stored, Transaction, keys};

/// How long a terminated instance is still shown, in seconds. Source: EC2 User Guide, "Terminate
/// Amazon EC2 instances": about an hour.
const SHOWN: u64 = 3600;

/// How long a client token stands for what it did, in seconds: a day.
const TOKEN_LIFETIME: u64 = 24 * 3600;

/// Deletes terminated instances and client tokens whose time was over at `now`, in seconds since
/// 1970. Commits as much at once as the engine can.
///
/// A record that cannot be read stays, and does not keep the others from being deleted; its key is
/// logged.
///
/// # Errors
/// If the engine fails. What was committed until then stays deleted.
pub fn sweep(store: &Store, now: u64) -> Result<(), StoreError> {
    let instances = scan(store, &keys::every_instance())?;
    let due_instances = instances.iter().filter_map(|(name, stored)| {
        let record = &stored.record;
        let since = record.transition.as_ref().map_or(record.launched_at, |it| it.at);
        let is_due = record.lifecycle == Lifecycle::Terminated && is_over(since, SHOWN, now);
        let id = name.split_once('/').and_then(|(_, id)| id.parse().ok()).filter(|_| is_due)?;
        Some(Due::Instance(id, record))
    });
    let tokens = scan(store, &keys::every_client_token())?;
    let due_tokens = tokens.iter().filter_map(|(name, stored)| {
        is_over(stored.record.at, TOKEN_LIFETIME, now).then_some(Due::ClientToken(name))
    });
    // Every engine has room for this many keys: they are far shorter than its share of bytes.
    let room = store.kv().limits().operations;
    let (mut transaction, mut keys) = (Transaction::new(), 0);
    for due in due_instances.chain(due_tokens) {
        if keys > 0 && keys + due.keys() > room {
            store.commit(std::mem::take(&mut transaction))?;
            keys = 0;
        }
        keys += due.keys();
        transaction = due.delete(transaction);
    }
    if keys > 0 {
        store.commit(transaction)?;
    }
    Ok(())
}

/// Something that is to be deleted.
enum Due<'a> {
    Instance(InstanceId, &'a Instance),
    /// By Region, action and token.
    ClientToken(&'a str),
}

impl Due<'_> {
    /// How many keys its deletion writes: an instance has a record, tags, and addresses to remember.
    fn keys(&self) -> usize {
        match self {
            Self::Instance(_, record) => 2 + record.sources().count(),
            Self::ClientToken(_) => 1,
        }
    }

    fn delete(&self, transaction: Transaction) -> Transaction {
        match self {
            Self::Instance(id, record) => {
                launch::forget(transaction, record.zone.region(), id, record)
            }
            Self::ClientToken(name) => transaction.remove(&keys::every_client_token().key(name)),
        }
    }
}

/// Whether `lifetime` seconds have passed since `since`. A time near the end of `u64` never comes.
fn is_over(since: u64, lifetime: u64, now: u64) -> bool {
    since.checked_add(lifetime).is_some_and(|end| now >= end)
}

/// The records below `prefix` that can be read; logs the keys of the others.
fn scan<R: Record>(
    store: &Store,
    prefix: &Prefix<R>,
) -> Result<Vec<(String, Stored<R>)>, StoreError> {
    let all = store.scan(prefix)?;
    for unreadable in &all.unreadable {
        let error: &(dyn std::error::Error + 'static) = unreadable;
        tracing::error!(
            error,
            key = unreadable.key,
            "cannot tell whether a record is to be deleted"
        );
    }
    Ok(all.records)
}

#[cfg(test)]
mod tests {
    use crate::records::{ClientToken, Transition};
    use imds_core::Launch;
    use imds_kv::{Limits, Memory};
    use std::sync::Arc;

    use super::*;
    use crate::network::Network;

    /// Addresses of an instance that is over are another's long before it is forgotten.
    #[test]
    fn what_is_over_is_forgotten_in_time_and_nothing_else_is() {
        const END: u64 = 1_800_000_000;
        let store: &Store = &Store::in_memory();
        let network = Network::of(&Launch::default());
        let region = "us-east-1".parse().unwrap();
        let mut transaction = Transaction::new();
        for (id, lifecycle) in [
            ("i-11111111", Lifecycle::Running),
            ("i-22222222", Lifecycle::Stopped),
            ("i-33333333", Lifecycle::Terminated),
        ] {
            let launch = Launch { instance_id: id.parse().ok(), ..Launch::default() };
            let instance = launch.resolve().unwrap();
            let mut record = launch::record(&instance, &network, String::new);
            record.lifecycle = lifecycle;
            record.transition =
                Some(Transition { at: END, code: String::new(), message: String::new() });
            transaction = launch::keep(transaction, &instance, &record);
        }
        let token = ClientToken { parameters: String::new(), made: Vec::new(), at: END };
        let token_key = keys::client_token(&region, "RunInstances/a");
        store.commit(transaction.write(&token_key, &token)).unwrap();
        let addresses = store.read_all(&keys::addresses()).unwrap().records.len();

        let kept = |now| {
            sweep(store, now).unwrap();
            let instances = store.read_all(&keys::instances(&region)).unwrap().records;
            let has_token = store.read(&token_key).unwrap().is_some();
            (instances.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), has_token)
        };
        let all = ["i-11111111", "i-22222222", "i-33333333"].map(str::to_owned).to_vec();
        assert_eq!(kept(END + SHOWN - 1), (all.clone(), true));
        assert_eq!(kept(END + SHOWN), (all[..2].to_vec(), true));
        assert_eq!(kept(END + TOKEN_LIFETIME), (all[..2].to_vec(), false));
        let left = store.read_all(&keys::addresses()).unwrap().records.len();
        assert_eq!(left, addresses, "they may be another's by now");
    }

    /// A store with `count` client tokens that were used in 1970.
    fn with_tokens(kv: Memory, count: usize) -> Store {
        let store = Store::new(Arc::new(kv));
        let region = "us-east-1".parse().unwrap();
        for number in 0..count {
            let token = ClientToken { parameters: String::new(), made: Vec::new(), at: 0 };
            let key = keys::client_token(&region, &format!("RunInstances/{number}"));
            store.commit(Transaction::new().write(&key, &token)).unwrap();
        }
        store
    }

    #[test]
    fn one_sweep_deletes_more_than_one_commit_can() {
        let limits = Limits { operations: 4, bytes: 4096 };
        let store = with_tokens(Memory::with_limits(limits), 11);
        sweep(&store, TOKEN_LIFETIME).unwrap();
        assert_eq!(store.names(&keys::every_client_token()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn unreadable_records_stay_and_the_others_are_deleted() {
        let newer = br#"{"version":4294967295,"record":{}}"#.as_slice();
        for bytes in [b"garbage".as_slice(), newer] {
            let store = with_tokens(Memory::new(), 3);
            for key in ["client-tokens/us-east-1/RunInstances/1a", "instances/us-east-1/i-11111111"]
            {
                let unreadable = imds_kv::Transaction::new().put(key, bytes);
                store.kv().commit(unreadable).unwrap();
            }
            sweep(&store, TOKEN_LIFETIME).unwrap();
            let tokens = store.names(&keys::every_client_token()).unwrap();
            assert_eq!(tokens, ["us-east-1/RunInstances/1a"]);
            assert_eq!(store.names(&keys::every_instance()).unwrap(), ["us-east-1/i-11111111"]);
        }
    }

    #[test]
    fn a_time_that_never_comes_is_never_over() {
        assert!(!is_over(u64::MAX, SHOWN, u64::MAX));
    }
}
