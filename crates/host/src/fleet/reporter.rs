//! Says how far this host's agent has come, as long as it lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use imds_account::clock::unix_ms;
use imds_account::records::{self, Watermark};
use imds_account::{HostName, Revision, Store, keys};
use imds_dataplane::Progress;
use imds_kv::{KvError, Lease, Transaction};

use crate::error::HostError;

/// How long a host is waited for that says nothing any more.
pub(super) const TTL: Duration = Duration::from_secs(15);

/// How often it says that it lives.
const KEEP: Duration = Duration::from_secs(5);

/// How long is waited for a process of the same name to be taken for dead, and how often that is looked at.
const TAKEOVER: (Duration, Duration) = (Duration::from_secs(20), Duration::from_millis(200));

/// Reports until it is dropped.
pub(super) struct Reporter {
    progress: Progress,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    is_over: AtomicBool,
    is_cut_off: AtomicBool,
}

/// What is reported, and under which lease.
struct Report {
    store: Store,
    host: HostName,
    lease: Lease,
    watermark: Watermark,
}

impl Reporter {
    pub(super) fn start(
        store: Store,
        host: HostName,
        progress: Progress,
        release: &str,
    ) -> Result<Self, HostError> {
        let lease = store.kv().grant(TTL).map_err(store_error)?;
        let watermark = Watermark {
            revision: progress.revision().get(),
            release: release.to_owned(),
            since: unix_ms() / 1000,
        };
        let report = Report { store, host, lease, watermark };
        report.claim()?;
        let state = Arc::new(State::default());
        let thread = thread::Builder::new().name("watermark".to_owned()).spawn({
            let (progress, state) = (progress.clone(), Arc::clone(&state));
            move || report.run(&progress, &state)
        });
        let thread = Some(thread.map_err(HostError::Start)?);
        Ok(Self { progress, state, thread })
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::SeqCst);
        self.progress.wake();
        if let Some(thread) = self.thread.take() {
            // One that waits for a state that does not answer is not waited for.
            if !self.state.is_cut_off.load(Ordering::SeqCst) {
                let _ = thread.join();
            }
        }
    }
}

impl Report {
    /// Takes the host's name. A process that died without a word has it until its lease ends.
    fn claim(&self) -> Result<(), HostError> {
        let began = Instant::now();
        loop {
            match self.put(self.transaction().if_revision(self.key(), None)) {
                Ok(()) => return Ok(()),
                Err(KvError::Conflict { .. }) if began.elapsed() < TAKEOVER.0 => {
                    self.store.kv().keep_alive(self.lease).map_err(store_error)?;
                    thread::park_timeout(TAKEOVER.1);
                }
                Err(KvError::Conflict { .. }) => {
                    return Err(HostError::NameInUse(self.host.clone()));
                }
                Err(error) => return Err(store_error(error)),
            }
        }
    }

    fn run(mut self, progress: &Progress, state: &State) {
        let mut kept_alive = Instant::now();
        let is_over = || state.is_over.load(Ordering::SeqCst);
        while !is_over() {
            let reported = Revision::new(self.watermark.revision);
            let wait = KEEP.saturating_sub(kept_alive.elapsed());
            let reached = progress.wait_beyond(reported, wait);
            let mut done = Ok(());
            if reached != reported {
                self.watermark.revision = reached.get();
                done = self.put(self.transaction());
            }
            if done.is_ok() && kept_alive.elapsed() >= KEEP {
                done = self.store.kv().keep_alive(self.lease);
                kept_alive = Instant::now();
            }
            if let Err(error) = done {
                state.is_cut_off.store(true, Ordering::SeqCst);
                tracing::warn!(%error, "other hosts no longer wait for this one: what it serves may be old");
                while !is_over() && self.begin_again(progress).is_err() {
                    thread::park_timeout(TAKEOVER.1);
                }
                kept_alive = Instant::now();
                state.is_cut_off.store(false, Ordering::SeqCst);
                tracing::info!("other hosts wait for this one again");
            }
        }
        // What cannot be revoked ends by itself.
        let _ = self.store.kv().revoke(self.lease);
    }

    /// Reports under another lease: the one before may have ended.
    fn begin_again(&mut self, progress: &Progress) -> Result<(), KvError> {
        self.lease = self.store.kv().grant(TTL)?;
        self.watermark.revision = progress.revision().get();
        self.put(self.transaction())
    }

    fn key(&self) -> String {
        keys::watermark(&self.host).as_str().to_owned()
    }

    fn transaction(&self) -> Transaction {
        Transaction::new().put_for(self.lease, self.key(), records::encode(&self.watermark))
    }

    fn put(&self, transaction: Transaction) -> Result<(), KvError> {
        self.store.kv().commit(transaction).map(drop)
    }
}

fn store_error(error: KvError) -> HostError {
    HostError::Store(error.into())
}
