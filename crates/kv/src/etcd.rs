//! State in an etcd cluster, for several hosts.
//!
//! Callers are threads; one more thread speaks with the cluster for all of them, from the first call on.
//! The members are asked one after the other until one answers.

mod client;
mod driver;
mod fault;
mod follower;
mod keys;
mod location;
mod mark;
mod reading;
mod setup;
mod wire;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prost::Message as _;
use tokio::sync::{Notify, mpsc};

use crate::engine::Kv;
use crate::entry::{Listing, Snapshot};
use crate::error::KvError;
use crate::lease::Lease;
use crate::limits::Limits;
use crate::lock::lock;
use crate::open_error::OpenError;
use crate::revision::Revision;
use crate::transaction::{Attachment, Transaction, Write};
use crate::watch::{Closer, Watch};
use client::{CallError, Client};
use driver::Driver;
use follower::Follower;
use keys::{Keys, number, revision};
use setup::Setup;
use wire::{
    Compare, DeleteRangeRequest, Empty, LeaseGrantRequest, LeaseGrantResponse,
    LeaseKeepAliveResponse, LeaseRequest, Operation, PutRequest, RangeRequest, RequestOp,
    TxnRequest, TxnResponse, path,
};

pub use location::EtcdLocation;

/// What etcd commits at most (`--max-request-bytes`, as it is shipped): a whole request.
const LARGEST_REQUEST: usize = Limits::PORTABLE.bytes;

/// Room in a request for what it has beside keys and values, and for compared keys once more.
const FRAMING: usize = 64 << 10;

/// An engine in an etcd cluster.
///
/// Calls return after 10 s at most. Those that read, or keep a lease, ask the next member where
/// one does not answer. A commit does so only where it was not even sent; otherwise, also where the
/// database is full, it is [`KvError::OutcomeUnknown`].
pub struct Etcd {
    setup: Setup,
    keys: Keys,
    connection: Mutex<Option<Connection>>,
}

/// What there is from the first call on.
#[derive(Clone)]
struct Connection {
    client: Arc<Client>,
    driver: Arc<Driver>,
}

impl Etcd {
    /// Reads the files that `location` names. No member is asked yet, and no thread started.
    pub fn open(location: &EtcdLocation) -> Result<Self, OpenError> {
        let (setup, keys) = (Setup::read(location)?, Keys::below(location.prefix()));
        Ok(Self { setup, keys, connection: Mutex::default() })
    }

    fn connection(&self) -> Result<Connection, KvError> {
        let mut connection = lock(&self.connection);
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let driver = Driver::start().map_err(|error| {
            let what = "cannot start the thread that speaks with etcd".to_owned();
            KvError::Unavailable { what, retry: true, source: error.into() }
        })?;
        let client = {
            let _runtime = driver.handle().enter();
            Arc::new(self.setup.client())
        };
        let made = Connection { client, driver: Arc::new(driver) };
        *connection = Some(made.clone());
        Ok(made)
    }

    /// Waits for calls. `task` says what they are to do, as in "cannot … etcd://…".
    fn wait<T, F>(&self, task: &str, calls: impl FnOnce(Arc<Client>) -> F) -> Result<T, KvError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, CallError>> + Send + 'static,
    {
        let Connection { client, driver } = self.connection()?;
        let ended = || CallError::Unavailable("its thread has ended".into());
        let result = driver.wait(calls(client)).unwrap_or_else(|| Err(ended()));
        result.map_err(|error| self.error(task, error))
    }

    fn error(&self, task: &str, error: CallError) -> KvError {
        let what = format!("cannot {task} {}", self.setup.name);
        match error {
            CallError::Refused(status) => {
                KvError::Unavailable { what, retry: false, source: fault::reason(&status) }
            }
            CallError::Unavailable(source) => KvError::Unavailable { what, retry: true, source },
            CallError::Unknown { source } => {
                let what = format!("{what} for certain: it may have happened");
                KvError::OutcomeUnknown { what, source }
            }
        }
    }

    /// The same where nothing is wrong but that a lease has ended.
    fn lease_error(&self, task: &str, error: CallError, lease: Lease) -> KvError {
        match error {
            CallError::Refused(status) if fault::is_unknown_lease(&status) => {
                KvError::LeaseEnded { lease }
            }
            error => self.error(task, error),
        }
    }

    fn request(&self, transaction: &Transaction) -> TxnRequest {
        let comparisons = transaction.comparisons.iter();
        let compare = comparisons.clone().map(|(key, expected)| Compare {
            target: Compare::MOD,
            key: self.keys.outer(key),
            mod_revision: expected.map_or(0, number),
        });
        let write = |(key, write): (&String, &Write)| {
            let key = self.keys.outer(key);
            let operation = match write {
                Write::Put { value, lease } => Operation::Put(PutRequest {
                    key,
                    value: value.clone(),
                    lease: if let Attachment::To(lease) = lease { id(*lease) } else { 0 },
                    ignore_lease: *lease == Attachment::Kept,
                }),
                Write::Delete => Operation::Delete(DeleteRangeRequest { key }),
            };
            RequestOp { operation: Some(operation) }
        };
        // Tells which comparison failed.
        let failure = comparisons.map(|(key, _)| reading::get_revision(self.keys.outer(key)));
        TxnRequest {
            compare: compare.collect(),
            success: transaction.writes.iter().map(write).collect(),
            failure: failure.collect(),
        }
    }
}

/// The first key whose comparison failed, by what a response says of all that are compared.
fn conflict(transaction: &Transaction, response: TxnResponse) -> KvError {
    let found = response.responses.into_iter().map(|response| {
        response.range.and_then(|range| range.kvs.first().map(|pair| revision(pair.mod_revision)))
    });
    let mut compared = transaction.comparisons.iter().zip(found);
    let key = compared.find_map(|((key, expected), found)| (*expected != found).then_some(key));
    KvError::Conflict { key: key.cloned().unwrap_or_default() }
}

/// etcd's number of a lease, which is never negative.
fn id(lease: Lease) -> i64 {
    i64::try_from(lease.get()).unwrap_or(i64::MAX)
}

impl Kv for Etcd {
    fn get_many(&self, keys: &[&str]) -> Result<Snapshot, KvError> {
        let outer: Vec<_> = keys.iter().map(|key| self.keys.outer(key)).collect();
        let any = self.keys.outer("");
        let read = async move |client: Arc<Client>| reading::get_many(&client, &outer, any).await;
        let (newest, pairs) = self.wait("read", read)?;
        let entries = pairs.into_iter().map(|pair| pair.map(|pair| self.keys.entry(pair)));
        Ok(Snapshot {
            revision: revision(newest),
            entries: entries.map(Option::transpose).collect(),
        })
    }

    fn page(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Listing, KvError> {
        let range = self.keys.page(prefix, after).request();
        let read = async move |client: Arc<Client>| reading::page(&client, &range, limit).await;
        let (newest, pairs, has_more) = self.wait("read", read)?;
        let mut listing = Listing { revision: revision(newest), ..Listing::default() };
        for pair in pairs {
            let entry = self.keys.entry(pair);
            let key = entry.as_ref().map_or_else(|it| &it.key, |entry| &entry.key);
            listing.next = has_more.then(|| key.clone());
            match entry {
                Ok(entry) => listing.entries.push(entry),
                Err(unreadable) => listing.unreadable.push(unreadable),
            }
        }
        Ok(listing)
    }

    fn keys(&self, prefix: &str) -> Result<Vec<String>, KvError> {
        let range = self.keys.with_prefix(prefix).request();
        let range = RangeRequest { keys_only: true, ..range };
        let read =
            async move |client: Arc<Client>| reading::page(&client, &range, usize::MAX).await;
        let (_, pairs, _) = self.wait("read", read)?;
        let key = |pair| self.keys.entry(pair).map_or_else(|it| it.key, |entry| entry.key);
        Ok(pairs.into_iter().map(key).collect())
    }

    fn commit(&self, transaction: Transaction) -> Result<Revision, KvError> {
        let limits = self.limits();
        transaction.check(limits)?;
        let (operations, bytes) = (transaction.operations(), transaction.bytes());
        let too_large = || KvError::TooLarge { operations, bytes, limits };
        // No commit had this revision, which etcd takes for that of a key that does not exist.
        let none = transaction.comparisons.iter().find(|(_, it)| *it == Some(Revision::ZERO));
        if let Some((key, _)) = none {
            return Err(KvError::Conflict { key: key.clone() });
        }
        let request = self.request(&transaction);
        if request.encoded_len() > LARGEST_REQUEST {
            return Err(too_large());
        }
        let Connection { client, driver } = self.connection()?;
        let call = async move { client.once::<_, TxnResponse>(path::TXN, request).await };
        let ended = || Err(CallError::Unknown { source: "its thread has ended".into() });
        let response = match driver.wait(call).unwrap_or_else(ended) {
            Ok(response) => response,
            Err(CallError::Refused(status)) if fault::is_too_large(&status) => {
                return Err(too_large());
            }
            Err(error) => {
                return Err(match transaction.leases().next() {
                    Some(lease) => self.lease_error("commit to", error, lease),
                    None => self.error("commit to", error),
                });
            }
        };
        if response.succeeded {
            Ok(revision(response.header.map_or(0, |header| header.revision)))
        } else {
            Err(conflict(&transaction, response))
        }
    }

    fn watch(&self, prefixes: &[&str], after: Revision) -> Result<Watch, KvError> {
        let prefixes: Vec<_> = prefixes.iter().copied().map(str::to_owned).collect();
        let range = self.keys.spanning(&prefixes);
        let (sender, mut receiver) = mpsc::channel(follower::WAITING);
        let is_closed = Arc::new(AtomicBool::new(false));
        let closed = Arc::new(Notify::new());
        let Connection { client, driver } = self.connection()?;
        let follower = range.map(|range| Follower {
            client,
            keys: self.keys.clone(),
            range,
            prefixes,
            seen: after,
            mark: None,
            sender: sender.clone(),
            is_lost: false,
            name: self.setup.name.clone(),
        });
        let is_over = Arc::clone(&closed);
        driver.handle().spawn(async move {
            let follow = async {
                match follower {
                    Some(follower) => follower.run().await,
                    // Only the closer ends it.
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = is_over.notified() => {}
                () = sender.closed() => {}
                () = follow => {}
            }
        });
        let closer = Closer::new({
            let is_closed = Arc::clone(&is_closed);
            move || {
                is_closed.store(true, Ordering::SeqCst);
                closed.notify_one();
            }
        });
        Ok(Watch::new(closer, move || {
            let next = receiver.blocking_recv();
            next.filter(|_| !is_closed.load(Ordering::SeqCst))
        }))
    }

    fn grant(&self, ttl: Duration) -> Result<Lease, KvError> {
        let whole = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        let request = LeaseGrantRequest { ttl: i64::try_from(whole).unwrap_or(i64::MAX).max(1) };
        // One that is granted in vain ends by itself.
        let granted: LeaseGrantResponse = self.wait("grant a lease in", async move |client| {
            client.repeat(path::LEASE_GRANT, request).await
        })?;
        Ok(Lease::new(u64::try_from(granted.id).unwrap_or_default()))
    }

    fn keep_alive(&self, lease: Lease) -> Result<(), KvError> {
        let request = LeaseRequest { id: id(lease) };
        let kept: LeaseKeepAliveResponse = self
            .wait("keep a lease alive in", async move |client| {
                client.exchange(path::LEASE_KEEP_ALIVE, request).await
            })?;
        if kept.ttl > 0 { Ok(()) } else { Err(KvError::LeaseEnded { lease }) }
    }

    fn revoke(&self, lease: Lease) -> Result<(), KvError> {
        let request = LeaseRequest { id: id(lease) };
        let Connection { client, driver } = self.connection()?;
        let call = async move { client.repeat::<_, Empty>(path::LEASE_REVOKE, request).await };
        let ended = || Err(CallError::Unavailable("its thread has ended".into()));
        let revoked = driver.wait(call).unwrap_or_else(ended);
        revoked.map(drop).map_err(|error| self.lease_error("end a lease in", error, lease))
    }

    fn limits(&self) -> Limits {
        Limits { bytes: LARGEST_REQUEST - FRAMING, ..Limits::PORTABLE }
    }
}
