//! A host's name, which one process has at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use imds_account::clock::{boot_ms, unix_ms};
use imds_account::records::{Follows, HostClaim, Notice, Watermark, WhenCutOff};
use imds_account::{HostName, Revision, Store, StoreError, Stored, Transaction, hosts, keys};
use imds_kv::{KvError, Lease};

use crate::error::HostError;

/// How long a host is waited for that says nothing any more.
const TTL: Duration = Duration::from_secs(15);

/// How much sooner than its lease this host takes it for ended. Clocks of machines differ by far less in that
/// time.
const MARGIN: Duration = Duration::from_secs(1);

/// How long is waited for a process of the same name to be taken for dead, and how often that is looked at.
const TAKEOVER: (Duration, Duration) = (Duration::from_secs(20), Duration::from_millis(200));

/// A host's name, held under a lease.
pub(crate) struct Claim {
    pub(super) store: Store,
    host: HostName,
    lease: Lease,
    record: HostClaim,
    /// The commit that made it.
    pub(super) revision: Revision,
    /// Until when the lease lasts at the least, by [`boot_ms`].
    end: u64,
    registration: Registration,
}

/// What a start writes of a host that has never had the state: unless it is settled when the host gives its
/// name up, it is forgotten. Cheap to clone.
#[derive(Clone)]
pub(super) struct Registration(Arc<AtomicBool>);

impl Registration {
    /// The host has started.
    pub(super) fn settle(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn is_settled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

impl Claim {
    /// Takes the name of this host; `None` where it does not share its state. A process that died without a
    /// word has it until its lease ends.
    ///
    /// # Errors
    /// [`HostError::NameInUse`] if another process has the name and lives.
    pub(crate) fn take(store: &Store) -> Result<Option<Self>, HostError> {
        let Some(host) = store.host().cloned() else { return Ok(None) };
        let release = env!("CARGO_PKG_VERSION").to_owned();
        let record = HostClaim { release, since: unix_ms() / 1000, tells: true };
        let (began, mut is_waiting) = (Instant::now(), false);
        loop {
            let asked = boot_ms();
            let lease = store.kv().grant(TTL).map_err(store_error)?;
            let end = asked + least_time();
            match write(store, &host, lease, &record) {
                Ok(revision) => {
                    let store = store.clone();
                    // Whoever has the name is the only one that writes what is its own.
                    let is_settled = !hosts::is_new(&store)?;
                    let registration = Registration(Arc::new(is_settled.into()));
                    let claim = Self { store, host, lease, record, revision, end, registration };
                    return Ok(Some(claim));
                }
                Err(StoreError::Conflict { .. }) => {
                    // One that is not revoked ends by itself.
                    let _ = store.kv().revoke(lease);
                    if began.elapsed() >= TAKEOVER.0 {
                        return Err(HostError::NameInUse(host));
                    }
                    if !std::mem::replace(&mut is_waiting, true) {
                        tracing::warn!(%host, "waiting for the end of another process with this name");
                    }
                    thread::park_timeout(TAKEOVER.1);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What becomes of it if the start fails.
    pub(super) fn registration(&self) -> Registration {
        self.registration.clone()
    }

    /// Until when the lease lasts at the least, by [`boot_ms`].
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Has the lease last for longer.
    pub(super) fn keep_alive(&mut self) -> Result<(), KvError> {
        let asked = boot_ms();
        self.store.kv().keep_alive(self.lease)?;
        self.end = asked + least_time();
        Ok(())
    }

    /// Takes the name again, under another lease.
    pub(super) fn renew(&mut self) -> Result<(), StoreError> {
        // An earlier claim may be there, which would be in the way.
        match self.store.kv().revoke(self.lease) {
            Ok(()) | Err(KvError::LeaseEnded { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let asked = boot_ms();
        self.lease = self.store.kv().grant(TTL)?;
        self.revision = write(&self.store, &self.host, self.lease, &self.record)?;
        self.end = asked + least_time();
        Ok(())
    }

    /// Has an agent that sees nothing but notices see how far the state has come by now.
    pub(super) fn notice(&self) -> Result<(), StoreError> {
        let key = keys::claim_notice(&self.host);
        let notice = Notice::default();
        self.store.commit(Transaction::new().write_for(self.lease, &key, &notice)).map(drop)
    }

    /// Says how far the agent has come.
    pub(super) fn report(
        &self,
        reached: Revision,
        when_cut_off: WhenCutOff,
        follows: Follows,
    ) -> Result<(), StoreError> {
        let watermark = Watermark { revision: reached.get(), when_cut_off, follows };
        let key = keys::watermark(&self.host);
        self.store.commit(Transaction::new().write_for(self.lease, &key, &watermark)).map(drop)
    }
}

/// Gives the name up: nobody has to wait for this host any more.
impl Drop for Claim {
    fn drop(&mut self) {
        // First: nobody else has the name meanwhile.
        let claim = Stored { record: self.record.clone(), revision: self.revision };
        if !self.registration.is_settled()
            && let Err(error) = hosts::forget(&self.store, &claim)
        {
            tracing::warn!(%error, host = %self.host, "cannot forget a host that has not started");
        }
        // One that cannot be revoked ends by itself.
        let _ = self.store.kv().revoke(self.lease);
    }
}

/// Writes a claim where there is none, and beside it that nothing is in force yet.
fn write(
    store: &Store,
    host: &HostName,
    lease: Lease,
    record: &HostClaim,
) -> Result<Revision, StoreError> {
    let (claim, watermark) = (keys::host_claim(host), keys::watermark(host));
    let nothing =
        Watermark { revision: 0, when_cut_off: WhenCutOff::default(), follows: Follows::default() };
    let transaction = Transaction::new()
        .if_unchanged(&claim, None)
        .write_for(lease, &claim, record)
        .write_for(lease, &watermark, &nothing)
        .write_for(lease, &keys::claim_notice(host), &Notice::default());
    store.commit(transaction)
}

/// How long a lease lasts at the least, in milliseconds since it was asked for.
fn least_time() -> u64 {
    u64::try_from(TTL.saturating_sub(MARGIN).as_millis()).unwrap_or_default()
}

fn store_error(error: KvError) -> HostError {
    HostError::Store(error.into())
}
