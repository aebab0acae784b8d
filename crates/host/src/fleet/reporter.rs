//! Says how far this host's agent has come, as long as it lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use imds_account::clock::boot_ms;
use imds_account::records::{Follows, WhenCutOff};
use imds_account::{Revision, StoreError};
use imds_dataplane::{Progress, ServingLease};
use imds_kv::KvError;

use super::claim::Claim;
use crate::error::HostError;

/// How often it says that it lives.
const KEEP: Duration = Duration::from_secs(4);

/// How often an agent that sees nothing but notices gets one. Whoever is asked about older changes need not
/// look up who serves each instance.
const NOTICE: Duration = Duration::from_secs(60);

/// How long is waited after an error, and at most after several.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));

/// Reports until it is dropped.
pub(super) struct Reporter {
    progress: Progress,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    is_ending: AtomicBool,
    /// Whether the last attempt to report failed.
    is_failing: AtomicBool,
}

/// What is reported, and what depends on it.
struct Report {
    claim: Claim,
    progress: Progress,
    reported: Revision,
    /// When the lease was kept alive last.
    kept: Instant,
    /// When the agent got a notice last.
    noticed: Instant,
    lease: ServingLease,
    when_cut_off: WhenCutOff,
    follows: Follows,
    state: Arc<State>,
}

impl Reporter {
    pub(super) fn start(
        claim: Claim,
        progress: Progress,
        lease: ServingLease,
        when_cut_off: WhenCutOff,
        follows: Follows,
    ) -> Result<Self, HostError> {
        let (state, reported) = (Arc::new(State::default()), progress.revision());
        let mut report = Report {
            claim,
            progress: progress.clone(),
            reported,
            kept: Instant::now(),
            noticed: Instant::now(),
            lease,
            when_cut_off,
            follows,
            state: Arc::clone(&state),
        };
        // What came before may have taken longer than the lease.
        report.try_again()?;
        let thread = thread::Builder::new().name("watermark".to_owned());
        let thread = thread.spawn(move || report.run()).map_err(HostError::Start)?;
        Ok(Self { progress, state, thread: Some(thread) })
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.state.is_ending.store(true, Ordering::SeqCst);
        self.progress.wake();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // One that waits for a state that does not answer is not waited for: its lease ends by itself.
            if !self.state.is_failing.load(Ordering::SeqCst) {
                let _ = thread.join();
            }
        }
    }
}

impl Report {
    fn run(mut self) {
        while !self.is_ending() {
            if let Err(error) = self.turn() {
                self.recover(&error);
            }
        }
    }

    fn is_ending(&self) -> bool {
        self.state.is_ending.load(Ordering::SeqCst)
    }

    /// Waits until there is something to say, and says it.
    fn turn(&mut self) -> Result<(), StoreError> {
        let reached =
            self.progress.wait_beyond(self.reported, KEEP.saturating_sub(self.kept.elapsed()));
        if reached != self.reported {
            self.claim.report(reached, self.when_cut_off, self.follows)?;
            self.reported = reached;
        }
        if self.kept.elapsed() >= KEEP {
            self.claim.keep_alive()?;
            self.kept = Instant::now();
            self.prolong();
        }
        if self.follows == Follows::Linked && self.noticed.elapsed() >= NOTICE {
            self.claim.notice()?;
            self.noticed = Instant::now();
        }
        Ok(())
    }

    /// Tries until others know again how far this host has come. Their knowledge ends with the lease.
    fn recover(&mut self, error: &StoreError) {
        self.state.is_failing.store(true, Ordering::SeqCst);
        let error: &(dyn std::error::Error + 'static) = error;
        tracing::warn!(error, "cannot tell other hosts how far this one has come");
        let (mut is_cut_off, mut pause) = (false, PAUSE.0);
        while !self.is_ending() {
            if !is_cut_off && boot_ms() >= self.claim.end() {
                is_cut_off = true;
                self.log_cut_off();
            }
            match self.try_again() {
                Ok(()) => {
                    tracing::info!("other hosts know again how far this one has come");
                    break;
                }
                Err(_) => thread::park_timeout(pause),
            }
            pause = (pause * 2).min(PAUSE.1);
        }
        self.state.is_failing.store(false, Ordering::SeqCst);
    }

    fn log_cut_off(&self) {
        match self.when_cut_off {
            WhenCutOff::Serve => tracing::error!(
                "cut off from the state: other hosts no longer wait for this one, which goes on serving \
                 what it has"
            ),
            WhenCutOff::Refuse => tracing::error!(
                "cut off from the state: other hosts no longer wait for this one, which refuses requests \
                 for metadata"
            ),
        }
    }

    /// Goes on under the same lease, or under another one if it has ended.
    fn try_again(&mut self) -> Result<(), StoreError> {
        match self.claim.keep_alive() {
            Ok(()) => {}
            Err(KvError::LeaseEnded { .. }) => self.begin_again()?,
            Err(error) => return Err(error.into()),
        }
        if !self.progress.wait_for(self.claim.revision, PAUSE.0) {
            let what = "cannot follow the state".to_owned();
            let source = "the agent has not come to this host's claim yet".into();
            return Err(KvError::Unavailable { what, retry: true, source }.into());
        }
        // Others wait for this host by now, also where they cannot be told how far it has come: etcd is full.
        self.kept = Instant::now();
        self.prolong();
        let reached = self.progress.revision();
        self.claim.report(reached, self.when_cut_off, self.follows)?;
        self.reported = reached;
        Ok(())
    }

    /// Takes the name again. Until now others did not wait for this host, so its lease to serve is over until
    /// the agent has come to the new claim.
    fn begin_again(&mut self) -> Result<(), StoreError> {
        self.lease.set_end(0);
        self.claim.renew()
    }

    fn prolong(&self) {
        self.lease.set_end(self.claim.end());
    }
}
