//! Deletes terminated instances and used client tokens once their time is over, and what is left of launches.

use std::collections::BTreeMap;
use std::time::Duration;

use imds_core::InstanceId;
use imds_kv::{KvError, Lease, Revision};

use crate::keys::Prefix;
use crate::launch;
use crate::records::{Instance, Lifecycle, Record};
use crate::{Store, StoreError, Stored, Transaction, belongings, in_parts, keys};

/// How long a terminated instance is still shown, in seconds. Source: EC2 User Guide, "Terminate
/// Amazon EC2 instances": about an hour.
const SHOWN: u64 = 3600;

/// How long a client token stands for what it did, in seconds: a day.
const TOKEN_LIFETIME: u64 = 24 * 3600;

/// How long the turn of a host that died lasts.
const TURN: Duration = Duration::from_secs(180);

/// Sweeps a state. Of hosts that share it, one does so, under a lease, and another one once that has ended.
pub struct Sweeper {
    store: Store,
    turn: Option<Lease>,
    /// The launches in parts as they were at its last sweep.
    launches: BTreeMap<String, Revision>,
}

impl Sweeper {
    /// One that has not swept yet.
    pub fn new(store: Store) -> Self {
        Self { store, turn: None, launches: BTreeMap::new() }
    }

    /// Sweeps ([`sweep`]) unless it is another host's turn. To be called more often than a turn lasts, which
    /// is three minutes.
    ///
    /// # Errors
    /// If the engine fails. What was committed until then stays deleted.
    pub fn sweep(&mut self, now: u64) -> Result<(), StoreError> {
        if !self.has_turn()? {
            self.launches.clear();
            return Ok(());
        }
        self.sweep_launches()?;
        sweep(&self.store, now)
    }

    /// Undoes or forgets the launches in parts that are as they were at the last sweep: whoever makes one takes far
    /// less time, or has died.
    fn sweep_launches(&mut self) -> Result<(), StoreError> {
        let all = keys::every_launch_in_parts();
        let found = scan(&self.store, &all)?;
        for (name, launch) in &found {
            if self.launches.get(name) == Some(&launch.revision)
                && let Err(error) = in_parts::forget(&self.store, &all.key(name), launch)
            {
                // It does not keep the others from being forgotten.
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::error!(error, launch = name, "cannot forget a launch");
            }
        }
        self.launches = found.into_iter().map(|(name, launch)| (name, launch.revision)).collect();
        Ok(())
    }

    fn has_turn(&mut self) -> Result<bool, StoreError> {
        let Some(host) = self.store.host() else { return Ok(true) };
        let kv = self.store.kv();
        if let Some(lease) = self.turn {
            match kv.keep_alive(lease) {
                Ok(()) => return Ok(true),
                Err(KvError::LeaseEnded { .. }) => self.turn = None,
                Err(error) => return Err(error.into()),
            }
        }
        let key = keys::sweeper();
        if self.store.read(&key)?.is_some() {
            return Ok(false);
        }
        let lease = kv.grant(TURN)?;
        let taken = Transaction::new().if_unchanged(&key, None).write_for(
            lease,
            &key,
            &host.as_str().to_owned(),
        );
        match self.store.commit(taken) {
            Ok(_) => {
                self.turn = Some(lease);
                Ok(true)
            }
            Err(error) => {
                // One that is not revoked ends by itself.
                let _ = kv.revoke(lease);
                if matches!(error, StoreError::Conflict { .. }) { Ok(false) } else { Err(error) }
            }
        }
    }
}

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
    /// How many keys its deletion writes: an instance has a record, tags, belongings, and addresses to remember; and
    /// there may be links to it on a host, or on two while it moves, which are told.
    fn keys(&self) -> usize {
        match self {
            Self::Instance(id, record) => {
                4 + belongings::of_record(id, record).len() + record.sources().count()
            }
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
    use imds_kv::{Kv as _, Limits, Memory};
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
    fn one_of_several_hosts_sweeps_and_another_one_after_it() {
        let kv = Arc::new(Memory::new());
        let [mut one, mut other] = ["one", "other"].map(|name| {
            let store = Store::of_host(kv.clone(), name.parse().unwrap());
            Sweeper::new(store)
        });
        let swept = |sweeper: &mut Sweeper| {
            let token = ClientToken { parameters: String::new(), made: Vec::new(), at: 0 };
            let key = keys::client_token(&"us-east-1".parse().unwrap(), "RunInstances/a");
            sweeper.store.commit(Transaction::new().write(&key, &token)).unwrap();
            sweeper.sweep(TOKEN_LIFETIME).unwrap();
            sweeper.store.read(&key).unwrap().is_none()
        };
        assert_eq!([swept(&mut one), swept(&mut other), swept(&mut one)], [true, false, true]);
        // As it ends where its host has died, or was cut off for long.
        kv.revoke(one.turn.unwrap()).unwrap();
        assert_eq!([swept(&mut other), swept(&mut one), swept(&mut other)], [true, false, true]);
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
