//! From state to what is served: what is committed to the store is brought into force.
//!
//! 1. [`plan`]: which instances a change is about;
//! 2. `imds_account`: their records become an endpoint each;
//! 3. a new [`table`](crate::table) takes the place of the one in force.

mod plan;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use arc_swap::ArcSwap;
use imds_account::records::Lifecycle;
use imds_account::{Overrides, Store, StoreError, instance, keys};
use imds_core::InstanceId;
use imds_core::instance::SshSigner;
use imds_core::placement::Region;
use imds_kv::{KvError, Revision};

use crate::table::{CurrentTable, Served, Table, Update};
use plan::Plan;

/// How long the agent waits for a change before it looks whether it is to end.
const PATIENCE: Duration = Duration::from_millis(200);

/// Brings changes into force until it is dropped.
pub struct Agent {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Agent {
    /// Brings what is kept into force, and then what changes.
    pub fn start(store: Store, overrides: Overrides) -> Result<(Self, CurrentTable), StoreError> {
        let source = Source { store, overrides };
        let (table, revision) = source.first()?;
        let current: CurrentTable = Arc::new(ArcSwap::from_pointee(table));
        let stop = Arc::new(AtomicBool::new(false));
        let follower =
            Follower { source, revision, current: Arc::clone(&current), stop: Arc::clone(&stop) };
        let thread = thread::Builder::new().name("agent".to_owned());
        let thread = thread.spawn(move || follower.run()).map_err(cannot_start)?;
        Ok((Self { stop, thread: Some(thread) }, current))
    }

    /// Ends, and waits until the store is let go: whoever holds it last tidies it up.
    pub fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that panicked has let go of it as well.
            let _ = thread.join();
        }
    }
}

fn cannot_start(source: io::Error) -> StoreError {
    StoreError::Kv(KvError::Unavailable {
        operation: "start the thread that follows",
        path: "state".into(),
        source,
    })
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It looks before long, and holds nothing that needs an end.
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Follower {
    source: Source,
    revision: Revision,
    current: CurrentTable,
    stop: Arc<AtomicBool>,
}

impl Follower {
    fn run(mut self) {
        while !self.stop.load(Ordering::Relaxed) {
            if let Err(error) = self.step() {
                // What is in force stays in force; a change that cannot be read is tried again.
                tracing::error!(%error, "cannot follow changes of the state");
                thread::park_timeout(PATIENCE);
            }
        }
    }

    /// Waits for changes, and brings them into force.
    fn step(&mut self) -> Result<(), StoreError> {
        let changes = match self.source.store.kv().changes(self.revision, PATIENCE) {
            Err(KvError::Compacted { .. }) => {
                let (table, revision) = self.source.first()?;
                self.current.store(Arc::new(table.later_than(&self.current.load())));
                self.revision = revision;
                return Ok(());
            }
            changes => changes?,
        };
        let plan = Plan::of(&changes);
        if plan != Plan::default() {
            let update = self.source.carry_out(&plan)?;
            self.current.store(Arc::new(self.current.load().updated(update)));
        }
        self.revision = changes.revision;
        Ok(())
    }
}

/// Where instances come from.
struct Source {
    store: Store,
    overrides: Overrides,
}

impl Source {
    /// The table of all that is kept, and the revision at which it was so.
    fn first(&self) -> Result<(Table, Revision), StoreError> {
        // Listed first: what changes between this and the reading below is looked at twice.
        let listing = self.store.kv().list(keys::every_instance().as_str())?;
        let places = listing
            .entries
            .iter()
            .filter_map(|entry| plan::instance(keys::every_instance().rest(&entry.key)?));
        let plan = Plan { instances: places.collect(), default: true };
        Ok((Table::default().updated(self.carry_out(&plan)?), listing.revision))
    }

    fn carry_out(&self, plan: &Plan) -> Result<Update, StoreError> {
        let mut instances = Vec::with_capacity(plan.instances.len());
        for (region, id) in &plan.instances {
            match self.served(region, id) {
                Ok(served) => instances.push((id.clone(), served)),
                // Reading it again would not mend it, and the others must not wait for it: what is
                // in force of it stays so.
                Err(error @ StoreError::Unreadable { .. }) => {
                    tracing::error!(%id, %error, "what is kept of an instance cannot be read");
                }
                Err(error) => return Err(error),
            }
        }
        let default = self.store.read(&keys::default_instance())?;
        Ok(Update { instances, default: default.map(|kept| kept.record.instance) })
    }

    /// An instance as it is to be served; `None` unless it runs.
    fn served(&self, region: &Region, id: &InstanceId) -> Result<Option<Served>, StoreError> {
        let kept = self.store.read(&keys::instance(region, id.as_str()))?;
        let Some(kept) = kept.filter(|kept| kept.record.lifecycle == Lifecycle::Running) else {
            return Ok(None);
        };
        let tags = self.store.read(&keys::tags(region, id.as_str()))?;
        let tags = tags.map(|kept| kept.record).unwrap_or_default();
        let mut instance = instance::instance(id, &kept.record, &tags, &self.overrides);
        if let Ok(instance) = &mut instance
            && !kept.record.events.ssh_keys.is_empty()
        {
            let signer = self.store.read(&keys::ssh_signer(region))?.map(|kept| kept.record);
            instance.ssh_signer =
                signer.map(|it| SshSigner { certificates: it.certificates, ocsp: it.ocsp });
        }
        // Whoever wrote it has settled it: only another release could have meant something else.
        let instance = instance.inspect_err(|error| {
            tracing::error!(%id, %error, "what is kept of an instance makes none");
        });
        Ok(instance.ok().map(|instance| Served::new(&instance)))
    }
}

#[cfg(test)]
mod tests {
    use imds_account::{Network, Transaction, launch};
    use imds_core::Launch;

    use super::*;

    const IDS: [&str; 2] = ["i-11111111", "i-22222222"];

    /// Keeps an instance as a launch does; the transaction and the place of its record.
    fn launched(id: &str) -> (Transaction, String) {
        let launch = Launch { instance_id: id.parse().ok(), ..Launch::default() };
        let network = Network::of(&launch);
        let instance = launch.settle().unwrap();
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
        let source = Source { store: store.clone(), overrides: Overrides::default() };
        let (table, revision) = source.first().unwrap();
        assert_eq!(are_served(&table), [true, false]);

        let current: CurrentTable = Arc::new(ArcSwap::from_pointee(table));
        let stop = Arc::new(AtomicBool::new(false));
        let mut follower = Follower { source, revision, current: Arc::clone(&current), stop };
        let unreadable = imds_kv::Transaction::new().put(&place, b"of another release".to_vec());
        store.kv().commit(unreadable).unwrap();
        store.commit(second).unwrap();
        follower.step().unwrap();
        assert_eq!(are_served(&current.load()), [true, true], "what was in force stays");

        let (anew, _) = follower.source.first().unwrap();
        assert_eq!(are_served(&anew), [false, true], "after a restart");
    }
}
