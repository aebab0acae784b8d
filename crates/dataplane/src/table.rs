//! Who is served: one immutable table, replaced whole, so that a request sees all of a change or none.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use imds_account::{Applied, Revision, Source};
use imds_core::network::Ipv6Cidr;
use imds_core::options::MetadataOptions;
use imds_core::{Endpoint, Instance, InstanceId, Moment};

use crate::shards::Shards;

/// The table in force. Reading it takes no lock.
pub type CurrentTable = Arc<ArcSwap<Table>>;

/// Which endpoint is whose.
#[derive(Default)]
pub struct Table {
    /// Grows with each table that comes into force.
    generation: u64,
    instances: Shards<InstanceId, Served>,
    /// `None` stands for a source that belongs, or once belonged, to an instance that does not run:
    /// nobody answers it, least of all the default instance.
    sources: Shards<Source, Option<Arc<Endpoint>>>,
    /// The sizes of blocks among the sources; on EC2 all are of 80 bits.
    block_prefixes: BTreeSet<u8>,
    default: Option<Arc<Endpoint>>,
}

/// An instance that is served, and the sources of its requests.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) sources: Box<[Source]>,
}

impl Served {
    pub(crate) fn new(instance: &Instance, sources: impl Iterator<Item = Source>) -> Self {
        Self { endpoint: Arc::new(Endpoint::new(instance)), sources: sources.collect() }
    }
}

/// The difference between two tables.
#[derive(Default)]
pub(crate) struct Update {
    /// Instances that are served otherwise from now on, or not at all.
    pub(crate) instances: Vec<(InstanceId, Option<Served>)>,
    /// Sources that are or were an instance's. Unless one that runs has them, they are nobody's.
    pub(crate) assigned: Vec<Source>,
    /// Who is the default from now on.
    pub(crate) default: Option<InstanceId>,
}

/// The instance that the requests of a link are for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// This one: whoever comes this way speaks to it.
    Instance(InstanceId),
    /// The one with the request's source address; the default instance if the address was never an
    /// instance's.
    BySource,
}

impl Table {
    /// A table in which everybody speaks to `endpoint`.
    pub fn of_one(endpoint: Arc<Endpoint>) -> Self {
        Self { default: Some(endpoint), ..Self::default() }
    }

    /// The table after `update`.
    pub(crate) fn updated(&self, update: Update) -> Self {
        let mut instances = self.instances.clone();
        let mut sources = self.sources.clone();
        // Those that go first: an address may move from one instance to another.
        for (id, _) in &update.instances {
            for source in instances.remove(id).iter().flat_map(|before: &Served| &before.sources) {
                sources.insert(*source, None);
            }
        }
        let mut block_prefixes = self.block_prefixes.clone();
        let mut note = |source: &Source| {
            if let Source::Block(block) = source {
                block_prefixes.insert(block.prefix());
            }
        };
        for (id, served) in update.instances {
            let Some(served) = served else { continue };
            for source in &served.sources {
                note(source);
                sources.insert(*source, Some(Arc::clone(&served.endpoint)));
            }
            instances.insert(id, served);
        }
        for source in update.assigned {
            note(&source);
            if sources.get(&source).is_none() {
                sources.insert(source, None);
            }
        }
        let default = update.default.as_ref().and_then(|id| instances.get(id));
        let default = default.map(|served| Arc::clone(&served.endpoint));
        Self { generation: self.generation + 1, instances, sources, block_prefixes, default }
    }

    /// The same table, made anew to take the place of `other`.
    pub(crate) fn later_than(mut self, other: &Self) -> Self {
        self.generation = other.generation + 1;
        self
    }

    /// The endpoint that a request is for; `None` where that is no instance that runs.
    pub fn find(&self, target: &Target, source: IpAddr) -> Option<&Arc<Endpoint>> {
        let source = source.to_canonical();
        let endpoint = match target {
            Target::Instance(id) => self.instance(id),
            Target::BySource => match self.holder(source) {
                Some(holder) => holder.as_ref(),
                None => self.default.as_ref(),
            },
        };
        // The IPv6 endpoint comes and goes with its option.
        endpoint.filter(|found| source.is_ipv4() || found.options().http_protocol_ipv6.is_enabled())
    }

    /// Whose `address` is; `None` where it never was an instance's.
    fn holder(&self, address: IpAddr) -> Option<&Option<Arc<Endpoint>>> {
        self.sources.get(&Source::Address(address)).or_else(|| {
            let IpAddr::V6(address) = address else { return None };
            let blocks = self.block_prefixes.iter().rev();
            let mut blocks = blocks.map(|&prefix| Ipv6Cidr::around(address, prefix));
            blocks.find_map(|block| self.sources.get(&Source::Block(block)))
        })
    }

    /// The endpoint of an instance; `None` while it is not served.
    pub fn instance(&self, id: &InstanceId) -> Option<&Arc<Endpoint>> {
        self.instances.get(id).map(|served| &served.endpoint)
    }

    /// The instances that are served, in parts.
    pub(crate) fn instance_parts(&self) -> &[Arc<HashMap<InstanceId, Served>>] {
        self.instances.parts()
    }

    /// The endpoints of all instances that are served, in no order.
    pub fn endpoints(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.instances.iter().map(|(_, served)| &served.endpoint)
    }

    /// How many instances are served.
    pub fn len(&self) -> usize {
        self.instances.len().max(self.default.is_some().into())
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells one table from another.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

/// The table in force, as the EC2 API asks about it.
pub struct AppliedTable(pub CurrentTable);

/// How long a call waits for the agent, which needs about a millisecond, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_micros(200);

impl Applied for AppliedTable {
    fn wait_for(&self, instance: &InstanceId) {
        let began = Instant::now();
        while self.0.load().instance(instance).is_none() && began.elapsed() < PATIENCE {
            thread::park_timeout(PAUSE);
        }
    }

    fn options(&self, instance: &InstanceId) -> Option<MetadataOptions> {
        self.0.load().instance(instance).map(|endpoint| *endpoint.options())
    }

    fn is_everywhere(&self, _instance: &InstanceId, _revision: Revision) -> bool {
        true
    }

    fn has_role(&self, instance: &InstanceId, role: &str, now: u64) -> Option<bool> {
        let path = format!("latest/meta-data/iam/security-credentials/{role}");
        let now = now.saturating_mul(1000);
        let now = Moment { unix_ms: now, steady_ms: now, serial: 0 };
        let table = self.0.load();
        table.instance(instance).map(|endpoint| endpoint.tree().find(&path, now).is_some())
    }
}

#[cfg(test)]
mod tests {
    use imds_core::Launch;
    use imds_core::options::{Preferences, Switch};

    use super::*;

    fn served(id: &str, sources: &[Source]) -> (InstanceId, Option<Served>) {
        let launch = Launch { instance_id: id.parse().ok(), ..Launch::default() };
        let endpoint = Arc::new(Endpoint::new(&launch.resolve().unwrap()));
        let id = endpoint.instance_id().clone();
        (id, Some(Served { endpoint, sources: sources.into() }))
    }

    fn found<'a>(table: &'a Table, target: &Target, source: &str) -> Option<&'a str> {
        let endpoint = table.find(target, source.parse().unwrap())?;
        Some(endpoint.instance_id().as_str())
    }

    #[test]
    fn a_bound_listener_wins_over_the_source_address_and_that_over_the_default() {
        let [bound, addressed, default] = ["i-11111111", "i-22222222", "i-33333333"];
        let address = "172.31.0.9".parse().unwrap();
        let table = Table::default().updated(Update {
            instances: vec![
                served(bound, &[]),
                served(addressed, &[address]),
                served(default, &[]),
            ],
            default: default.parse().ok(),
            ..Update::default()
        });
        let target = Target::Instance(bound.parse().unwrap());
        for (target, source, expected) in [
            (&target, "172.31.0.9", bound),
            (&target, "127.0.0.1", bound),
            (&Target::BySource, "172.31.0.9", addressed),
            (&Target::BySource, "::ffff:172.31.0.9", addressed),
            (&Target::BySource, "127.0.0.1", default),
        ] {
            assert_eq!(found(&table, target, source), Some(expected), "{target:?} {source}");
        }
        let stopped = Target::Instance("i-44444444".parse().unwrap());
        assert_eq!(found(&table, &stopped, "172.31.0.9"), None, "there is no substitute");
    }

    #[test]
    fn an_instance_takes_its_addresses_with_it() {
        let (here, there) = ("172.31.0.9", "172.31.0.10");
        let at = |address: &str| served("i-11111111", &[address.parse().unwrap()]);
        let update = |instance| Update { instances: vec![instance], ..Update::default() };
        let table = Table::default().updated(update(at(here)));
        let moved = table.updated(update(at(there)));
        assert_ne!(moved.generation(), table.generation());
        assert_eq!(found(&moved, &Target::BySource, here), None);
        assert_eq!(found(&moved, &Target::BySource, there), Some("i-11111111"));
        let handed_over = moved.updated(Update {
            instances: vec![served("i-22222222", &[there.parse().unwrap()]), at(here)],
            ..Update::default()
        });
        assert_eq!(found(&handed_over, &Target::BySource, there), Some("i-22222222"));
        let id: InstanceId = "i-11111111".parse().unwrap();
        let gone = moved.updated(update((id.clone(), None)));
        assert_eq!(found(&gone, &Target::BySource, there), None);
        assert!(gone.instance(&id).is_none());
    }

    #[test]
    fn the_default_comes_and_goes_with_its_instance() {
        let id: InstanceId = "i-11111111".parse().unwrap();
        let update =
            |instances| Update { instances, default: Some(id.clone()), ..Update::default() };
        let table = Table::default().updated(update(Vec::new()));
        assert_eq!(found(&table, &Target::BySource, "127.0.0.1"), None, "it does not run yet");
        let table = table.updated(update(vec![served("i-11111111", &[])]));
        assert_eq!(found(&table, &Target::BySource, "127.0.0.1"), Some("i-11111111"));
        let stopped = table.updated(update(vec![(id.clone(), None)]));
        assert_eq!(found(&stopped, &Target::BySource, "127.0.0.1"), None);
    }

    #[test]
    fn an_address_that_was_ever_an_instances_is_not_answered_by_the_default() {
        let default: InstanceId = "i-33333333".parse().unwrap();
        let [stopped, swept, never]: [IpAddr; 3] =
            ["127.0.0.7", "127.0.0.8", "127.0.0.9"].map(|address| address.parse().unwrap());
        let id: InstanceId = "i-11111111".parse().unwrap();
        let update =
            |instances, assigned| Update { instances, assigned, default: Some(default.clone()) };
        let at = || served("i-11111111", &[Source::Address(stopped)]);
        let found = |table: &Table, source: IpAddr| {
            let endpoint = table.find(&Target::BySource, source)?;
            Some(endpoint.instance_id().to_string())
        };
        let (default_id, this) = (Some("i-33333333".to_owned()), Some("i-11111111".to_owned()));

        let instances = vec![served("i-33333333", &[]), at()];
        let table = Table::default().updated(update(
            instances,
            vec![stopped, swept].into_iter().map(Source::Address).collect(),
        ));
        assert_eq!(found(&table, stopped), this);
        assert_eq!(found(&table, swept), None, "of an instance that is forgotten");
        assert_eq!(found(&table, never), default_id);
        let table = table.updated(update(vec![(id.clone(), None)], vec![Source::Address(stopped)]));
        assert_eq!(found(&table, stopped), None, "it does not run");
        let table = table.updated(update(vec![at()], vec![]));
        assert_eq!(found(&table, stopped), this, "it runs again");
        let again = vec![(id, None), served("i-22222222", &[Source::Address(stopped)])];
        let table = table.updated(update(again, vec![Source::Address(stopped)]));
        assert_eq!(found(&table, stopped), Some("i-22222222".to_owned()), "assigned again");
        assert_eq!(found(&table, never), default_id);
    }

    #[test]
    fn a_block_is_its_instances_with_all_its_addresses() {
        let [one, default] = ["i-11111111", "i-33333333"];
        let over_ipv6 = |id: &str, sources: &[Source]| {
            let ipv6 = Some(Switch::Enabled);
            let launch = Launch {
                instance_id: id.parse().ok(),
                instance_type: "t3.micro".parse().ok(),
                options: Preferences { http_protocol_ipv6: ipv6, ..Preferences::default() },
                ..Launch::default()
            };
            let endpoint = Arc::new(Endpoint::new(&launch.resolve().unwrap()));
            (endpoint.instance_id().clone(), Some(Served { endpoint, sources: sources.into() }))
        };
        let block = "2001:db8:0:0:1::/80".parse().unwrap();
        let (inside, outside) = ("2001:db8:0:0:1::9", "2001:db8:0:0:2::9");
        let update =
            |instances| Update { instances, default: default.parse().ok(), ..Update::default() };
        let instances = vec![over_ipv6(one, &[block]), over_ipv6(default, &[])];
        let table = Table::default().updated(update(instances));
        assert_eq!(found(&table, &Target::BySource, inside), Some(one));
        assert_eq!(found(&table, &Target::BySource, outside), Some(default));
        let table = table.updated(update(vec![(one.parse().unwrap(), None)]));
        assert_eq!(found(&table, &Target::BySource, inside), None, "it does not run");
        let table = Table::default().updated(Update {
            instances: vec![over_ipv6(default, &[])],
            assigned: vec![block],
            default: default.parse().ok(),
        });
        assert_eq!(found(&table, &Target::BySource, inside), None, "it is forgotten");
        assert_eq!(found(&table, &Target::BySource, outside), Some(default));
    }
}
