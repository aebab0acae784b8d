//! From state to what is served: what is committed to the store is brought into force.
//!
//! 1. [`plan`]: which instances a change is about;
//! 2. `imds_account`: their records become an endpoint each;
//! 3. a new [`table`](crate::table) takes the place of the one in force.

pub(crate) mod health;
mod launches;
mod plan;
pub(crate) mod progress;
mod source;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwap;
use imds_account::records::Follows;
use imds_account::{Overrides, Store, StoreError};
use imds_core::extra::Extra;
use imds_kv::{Changes, Closer, KvError, Revision, Watch};

use crate::table::CurrentTable;
use health::{AgentHealth, HealthRecord};
use plan::Plan;
use progress::Progress;
use source::AccountSource;

/// How long the agent waits after an error before it tries again.
const PAUSE: Duration = Duration::from_millis(200);

/// Why there is no agent.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The account cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no thread.
    #[error("cannot start the thread that follows the state")]
    Thread(#[source] io::Error),
}

/// Brings changes into force until it is dropped.
pub struct Agent {
    mailbox: Arc<Mailbox>,
    health: HealthRecord,
    progress: Progress,
    thread: Option<JoinHandle<()>>,
}

/// What the follower is told. It waits for a watch, which is closed so that it looks here.
#[derive(Default)]
struct Mailbox {
    is_stopped: AtomicBool,
    /// The operator's values from now on.
    extra: Mutex<Option<Vec<Extra>>>,
    closer: Mutex<Option<Closer>>,
}

impl Agent {
    /// Brings the account into force, or of a state that hosts share what `follows` says, and then each
    /// change of it. `has_default` says whether an address that never was an instance's is answered as the
    /// default instance.
    pub fn start(
        store: Store,
        overrides: Overrides,
        follows: Follows,
        has_default: bool,
    ) -> Result<(Self, CurrentTable), AgentError> {
        let mut source = AccountSource::new(store, overrides, follows, has_default);
        let (table, revision) = source.table()?;
        let current: CurrentTable = Arc::new(ArcSwap::from_pointee(table));
        let mailbox = Arc::new(Mailbox::default());
        let health = HealthRecord::default();
        let progress = Progress::default();
        progress.advance(revision, false);
        let mut follower = Follower {
            source,
            current: Arc::clone(&current),
            health: health.clone(),
            progress: progress.clone(),
        };
        let watch = follower.watch(revision, &mailbox)?;
        let thread = thread::Builder::new().name("agent".to_owned());
        let thread = {
            let mailbox = Arc::clone(&mailbox);
            thread.spawn(move || follower.run(watch, &mailbox)).map_err(AgentError::Thread)?
        };
        Ok((Self { mailbox, health, progress, thread: Some(thread) }, current))
    }

    /// What it has done so far, also for another thread.
    pub fn health(&self) -> impl Fn() -> AgentHealth + Send + Sync + use<> {
        let health = self.health.clone();
        move || health.read()
    }

    /// Up to where it has brought the account into force, also for another thread.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Replaces the operator's values over the default instance's metadata
    /// ([`Overrides::of`]); returns before they are in force.
    pub fn set_extra(&self, extra: Vec<Extra>) {
        *self.mailbox.extra.lock().unwrap_or_else(PoisonError::into_inner) = Some(extra);
        self.mailbox.close_watch();
    }
}

/// Ends, and waits until the store is let go: whoever holds it last tidies it up.
impl Drop for Agent {
    fn drop(&mut self) {
        self.mailbox.stop();
        if let Some(thread) = self.thread.take() {
            // One that panicked has let go of it as well.
            let _ = thread.join();
        }
    }
}

impl Mailbox {
    fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.close_watch();
    }

    fn close_watch(&self) {
        if let Some(closer) = &*self.closer.lock().unwrap_or_else(PoisonError::into_inner) {
            closer.close();
        }
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }

    fn has_extra(&self) -> bool {
        self.extra.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn take_extra(&self) -> Option<Vec<Extra>> {
        self.extra.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Follows the account.
struct Follower {
    source: AccountSource,
    current: CurrentTable,
    health: HealthRecord,
    progress: Progress,
}

impl Follower {
    /// Watches for changes after `revision`, until there is mail.
    fn watch(&mut self, revision: Revision, mailbox: &Mailbox) -> Result<Watch, StoreError> {
        let watch = self.source.watch(revision)?;
        *mailbox.closer.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch.closer());
        if mailbox.is_stopped() || mailbox.has_extra() {
            watch.closer().close();
        }
        Ok(watch)
    }

    fn run(mut self, mut watch: Watch, mailbox: &Mailbox) {
        loop {
            let done = match watch.next() {
                Some(Ok(changes)) => self.apply(&changes),
                // It goes on from the same place: not every host reads all again after an outage.
                Some(Err(error @ KvError::Unavailable { retry: true, .. })) => {
                    if self.health.failed() {
                        let error: &(dyn std::error::Error + 'static) = &error;
                        tracing::error!(error, "cannot follow changes of the state");
                    }
                    thread::park_timeout(PAUSE);
                    continue;
                }
                Some(Err(KvError::Compacted { .. })) => {
                    self.begin_again(mailbox).map(|it| watch = it)
                }
                Some(Err(error)) => Err(error.into()),
                None if mailbox.is_stopped() => return,
                // There may be no mail: what was told while another watch began is taken already.
                None => {
                    if let Some(extra) = mailbox.take_extra() {
                        self.source.set_extra(extra);
                    }
                    self.begin_again(mailbox).map(|it| watch = it)
                }
            };
            if let Err(error) = done {
                let Some(next) = self.recover(&error, mailbox) else { return };
                watch = next;
            }
            if self.health.follows_again() {
                tracing::info!("follows changes of the state again");
            }
        }
    }

    /// Reads all until that succeeds: a change that could not be read may have been missed. What is in force stays
    /// in force meanwhile. `None` if the agent is to end.
    fn recover(&mut self, error: &StoreError, mailbox: &Mailbox) -> Option<Watch> {
        self.health.failed();
        tracing::error!(%error, "cannot follow changes of the state");
        loop {
            if mailbox.is_stopped() {
                return None;
            }
            thread::park_timeout(PAUSE);
            match self.begin_again(mailbox) {
                Ok(next) => return Some(next),
                Err(error) => {
                    self.health.failed();
                    tracing::error!(%error, "cannot read the state");
                }
            }
        }
    }

    /// Brings changes into force.
    fn apply(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let plan = self.source.plan(changes);
        if plan != Plan::default() {
            let update = self.source.update(&plan)?;
            self.current.store(Arc::new(self.current.load().updated(update)));
            self.health.changed();
        }
        self.progress.advance(changes.revision, plan.is_change());
        Ok(())
    }

    /// Brings all of the account into force, and watches from there.
    fn begin_again(&mut self, mailbox: &Mailbox) -> Result<Watch, StoreError> {
        let revision = self.anew()?;
        self.watch(revision, mailbox)
    }

    /// Brings all of the account into force, as it is at the revision that is returned.
    fn anew(&mut self) -> Result<Revision, StoreError> {
        let (table, revision) = self.source.table()?;
        self.current.store(Arc::new(table.later_than(&self.current.load())));
        self.health.changed();
        self.progress.advance(revision, false);
        Ok(revision)
    }
}

#[cfg(test)]
mod tests {
    use imds_account::{Network, Transaction, keys, launch};
    use imds_core::{Launch, Moment};

    use super::*;
    use crate::table::Table;

    const IDS: [&str; 2] = ["i-11111111", "i-22222222"];

    /// Keeps an instance as a launch does; the transaction and the place of its record.
    fn launched(id: &str) -> (Transaction, String) {
        let launch = Launch { instance_id: id.parse().ok(), ..Launch::default() };
        let network = Network::of(&launch);
        let instance = launch.resolve().unwrap();
        let record = launch::record(&instance, &network, || "eipassoc-1".to_owned());
        let place = keys::instance(instance.zone.region(), instance.id.as_str());
        (launch::keep(Transaction::new(), &instance, &record), place.as_str().to_owned())
    }

    fn are_served(table: &Table) -> [bool; 2] {
        IDS.map(|id| table.instance(&id.parse().unwrap()).is_some())
    }

    /// Guards against a record that nobody can read holding up the changes of all others.
    #[test]
    fn an_unreadable_record_concerns_its_instance_alone() {
        let store = Store::in_memory();
        let [(first, place), (second, _)] = IDS.map(launched);
        store.commit(first).unwrap();
        let mut source =
            AccountSource::new(store.clone(), Overrides::default(), Follows::All, true);
        let (table, revision) = source.table().unwrap();
        assert_eq!(are_served(&table), [true, false]);

        let current: CurrentTable = Arc::new(ArcSwap::from_pointee(table));
        let (health, progress) = (HealthRecord::default(), Progress::default());
        let mut follower = Follower { source, current: Arc::clone(&current), health, progress };
        let mut watch = follower.watch(revision, &Mailbox::default()).unwrap();
        let unreadable = imds_kv::Transaction::new().put(&place, b"of another release".to_vec());
        store.kv().commit(unreadable).unwrap();
        store.commit(second).unwrap();
        while !are_served(&current.load())[1] {
            let changes = watch.next().unwrap().unwrap();
            follower.apply(&changes).unwrap();
        }
        assert_eq!(are_served(&current.load()), [true, true], "what was in force stays");

        let (anew, _) = follower.source.table().unwrap();
        assert_eq!(are_served(&anew), [false, true], "after a restart");
    }

    /// Nothing waits for a timer: an agent that is dropped ends at once, whatever it waits for.
    #[test]
    fn an_agent_follows_until_it_is_dropped() {
        let store = Store::in_memory();
        let [(first, _), (second, _)] = IDS.map(launched);
        let (agent, current) =
            Agent::start(store.clone(), Overrides::default(), Follows::All, true).unwrap();
        store.commit(first).unwrap();
        while !are_served(&current.load())[0] {
            thread::yield_now();
        }
        drop(agent);
        store.commit(second).unwrap();
        assert_eq!(are_served(&current.load()), [true, false]);
    }

    #[test]
    fn the_operators_values_are_replaced_while_it_follows() {
        let store = Store::in_memory();
        let [(first, _), (second, _)] = IDS.map(launched);
        store.commit(first).unwrap();
        let overrides = Overrides::of(&Launch::default(), &IDS[0].parse().unwrap());
        let (agent, current) = Agent::start(store.clone(), overrides, Follows::All, true).unwrap();
        let value = || {
            let table = current.load();
            let endpoint = table.instance(&IDS[0].parse().unwrap())?;
            let now = Moment { unix_ms: 0, steady_ms: 0, serial: 0 };
            Some(endpoint.tree().find("latest/rack", now)?.body.into_owned())
        };
        for expected in ["7", "8"] {
            let (path, value_then) = ("rack".parse().unwrap(), expected.as_bytes().to_vec());
            agent.set_extra(vec![Extra { path, value: value_then }]);
            while value().as_deref() != Some(expected.as_bytes()) {
                thread::yield_now();
            }
        }
        store.commit(second).unwrap();
        while !are_served(&current.load())[1] {
            thread::yield_now();
        }
        agent.set_extra(Vec::new());
        while value().is_some() {
            thread::yield_now();
        }

        // A watch that is closed for mail which was taken already does not end it.
        agent.mailbox.close_watch();
        let (path, value_then) = ("rack".parse().unwrap(), b"9".to_vec());
        agent.set_extra(vec![Extra { path, value: value_then }]);
        while value().as_deref() != Some(b"9") {
            thread::yield_now();
        }
    }
}
