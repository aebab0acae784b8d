//! What is forgotten when its time is over.

use crate::records::Lifecycle;
use crate::{Store, StoreError, Transaction, keys};

use crate::launch;

/// How long a terminated instance is still shown, in seconds. Source: EC2 User Guide, "Terminate
/// Amazon EC2 instances": about an hour.
const SHOWN: u64 = 3600;

/// How long a client token stands for what it did, in seconds: a day.
const TOKEN_LIFETIME: u64 = 24 * 3600;

/// Forgets terminated instances and client tokens whose time was over at `now`, in seconds since
/// 1970.
pub fn sweep(store: &Store, now: u64) -> Result<(), StoreError> {
    let mut transaction = Transaction::new();
    let instances = store.read_all(&keys::every_instance())?.records;
    for (place, kept) in &instances {
        let record = &kept.record;
        let since = record.transition.as_ref().map_or(record.launched_at, |it| it.at);
        let is_over = record.lifecycle == Lifecycle::Terminated && now >= since + SHOWN;
        let id = place.split_once('/').and_then(|(_, id)| id.parse().ok());
        if let Some(id) = id.filter(|_| is_over) {
            transaction = launch::forget(transaction, record.zone.region(), &id, record);
        }
    }
    let tokens = keys::every_client_token();
    for (place, kept) in store.read_all(&tokens)?.records {
        if now >= kept.record.at + TOKEN_LIFETIME {
            transaction = transaction.remove(&tokens.key(&place));
        }
    }
    if transaction != Transaction::new() {
        store.commit(transaction)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::records::{ClientToken, Transition};
    use imds_core::Launch;

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
            let instance = launch.settle().unwrap();
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
}
