//! From state to what is served: what is committed to the store is brought into force.
//!
//! 1. [`plan`]: which instances a change is about;
//! 2. `imds_account`: their records become an endpoint each;
//! 3. a new [`table`](crate::table) takes the place of the one in force.

pub(crate) mod health;
mod plan;
mod source;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwap;
use imds_account::{Overrides, Store, StoreError};
use imds_kv::{Changes, Closer, KvError, Revision, Watch};

use crate::table::CurrentTable;
use health::{AgentHealth, HealthRecord};
use plan::Plan;
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
    stop: Arc<Stop>,
    health: HealthRecord,
    thread: Option<JoinHandle<()>>,
}

/// Ends the follower, whichever watch it waits for.
#[derive(Default)]
struct Stop {
    is_set: AtomicBool,
    closer: Mutex<Option<Closer>>,
}

impl Agent {
    /// Brings the account into force, and then each change of it. `has_default` says whether an
    /// address that never was an instance's is answered as the default instance.
    pub fn start(
        store: Store,
        overrides: Overrides,
        has_default: bool,
    ) -> Result<(Self, CurrentTable), AgentError> {
        let source = AccountSource::new(store, overrides, has_default);
        let (table, revision) = source.table()?;
        let current: CurrentTable = Arc::new(ArcSwap::from_pointee(table));
        let stop = Arc::new(Stop::default());
        let health = HealthRecord::default();
        let mut follower =
            Follower { source, current: Arc::clone(&current), health: health.clone() };
        let watch = follower.watch(revision, &stop)?;
        let thread = thread::Builder::new().name("agent".to_owned());
        let thread = {
            let stop = Arc::clone(&stop);
            thread.spawn(move || follower.run(watch, &stop)).map_err(AgentError::Thread)?
        };
        Ok((Self { stop, health, thread: Some(thread) }, current))
    }

    /// What it has done so far, also for another thread.
    pub fn health(&self) -> impl Fn() -> AgentHealth + Send + Sync + use<> {
        let health = self.health.clone();
        move || health.read()
    }
}

/// Ends, and waits until the store is let go: whoever holds it last tidies it up.
impl Drop for Agent {
    fn drop(&mut self) {
        self.stop.set();
        if let Some(thread) = self.thread.take() {
            // One that panicked has let go of it as well.
            let _ = thread.join();
        }
    }
}

impl Stop {
    fn set(&self) {
        self.is_set.store(true, Ordering::SeqCst);
        if let Some(closer) = &*self.closer.lock().unwrap_or_else(PoisonError::into_inner) {
            closer.close();
        }
    }

    fn is_set(&self) -> bool {
        self.is_set.load(Ordering::SeqCst)
    }
}

/// Follows the account.
struct Follower {
    source: AccountSource,
    current: CurrentTable,
    health: HealthRecord,
}

impl Follower {
    /// Watches for changes after `revision`, until `stop` is set.
    fn watch(&mut self, revision: Revision, stop: &Stop) -> Result<Watch, StoreError> {
        let watch = self.source.watch(revision)?;
        *stop.closer.lock().unwrap_or_else(PoisonError::into_inner) = Some(watch.closer());
        if stop.is_set() {
            watch.closer().close();
        }
        Ok(watch)
    }

    fn run(mut self, mut watch: Watch, stop: &Stop) {
        while let Some(item) = watch.next() {
            let done = match item {
                Ok(changes) => self.apply(&changes),
                Err(KvError::Compacted { .. }) => {
                    self.anew().and_then(|revision| self.watch(revision, stop)).map(|it| watch = it)
                }
                Err(error) => Err(error.into()),
            };
            let Err(error) = done else { continue };
            // What is in force stays in force. A change that could not be read may have been missed, so
            // all is read again.
            self.health.failed();
            tracing::error!(%error, "cannot follow changes of the state");
            loop {
                if stop.is_set() {
                    return;
                }
                thread::park_timeout(PAUSE);
                match self.anew().and_then(|revision| self.watch(revision, stop)) {
                    Ok(next) => break watch = next,
                    Err(error) => {
                        self.health.failed();
                        tracing::error!(%error, "cannot read the state");
                    }
                }
            }
            self.health.follows_again();
        }
    }

    /// Brings changes into force.
    fn apply(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let plan = Plan::of(changes);
        if plan != Plan::default() {
            let update = self.source.update(&plan)?;
            self.current.store(Arc::new(self.current.load().updated(update)));
            self.health.changed();
        }
        Ok(())
    }

    /// Brings all of the account into force, as it is at the revision that is returned.
    fn anew(&mut self) -> Result<Revision, StoreError> {
        let (table, revision) = self.source.table()?;
        self.current.store(Arc::new(table.later_than(&self.current.load())));
        Ok(revision)
    }
}

#[cfg(test)]
mod tests {
    use imds_account::{Network, Transaction, keys, launch};
    use imds_core::Launch;

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
        let source = AccountSource::new(store.clone(), Overrides::default(), true);
        let (table, revision) = source.table().unwrap();
        assert_eq!(are_served(&table), [true, false]);

        let current: CurrentTable = Arc::new(ArcSwap::from_pointee(table));
        let health = HealthRecord::default();
        let mut follower = Follower { source, current: Arc::clone(&current), health };
        let mut watch = follower.watch(revision, &Stop::default()).unwrap();
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
        let (agent, current) = Agent::start(store.clone(), Overrides::default(), true).unwrap();
        store.commit(first).unwrap();
        while !are_served(&current.load())[0] {
            thread::yield_now();
        }
        drop(agent);
        store.commit(second).unwrap();
        assert_eq!(are_served(&current.load()), [true, false]);
    }
}
