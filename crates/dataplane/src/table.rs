//! Who is served: one immutable table, replaced whole, so that a request sees all of a change or none.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use imds_account::Applied;
use imds_core::network::Ipv4Cidr;
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
    addresses: Shards<IpAddr, Arc<Endpoint>>,
    default: Option<Arc<Endpoint>>,
}

/// An instance that is served, and the source addresses of its requests.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) addresses: Box<[IpAddr]>,
}

impl Served {
    /// An instance, and all addresses that its requests may come from.
    pub(crate) fn new(instance: &Instance) -> Self {
        let addresses = instance.interfaces.iter().flat_map(|interface| {
            let blocks = interface.ipv4_prefixes.iter().copied().flat_map(Ipv4Cidr::addresses);
            let ipv4 = interface.ipv4.iter().map(|ipv4| ipv4.address).chain(blocks);
            ipv4.map(IpAddr::from).chain(interface.ipv6.iter().copied().map(IpAddr::from))
        });
        Self { endpoint: Arc::new(Endpoint::new(instance)), addresses: addresses.collect() }
    }
}

/// The difference between two tables.
#[derive(Default)]
pub(crate) struct Update {
    /// Instances that are served otherwise from now on, or not at all.
    pub(crate) instances: Vec<(InstanceId, Option<Served>)>,
    /// Who is the default from now on.
    pub(crate) default: Option<InstanceId>,
}

/// The instance that the requests of a link are for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// This one: whoever comes this way speaks to it.
    Instance(InstanceId),
    /// The one with the request's source address, else the default instance.
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
        let mut addresses = self.addresses.clone();
        // Those that go first: an address may move from one instance to another.
        for (id, _) in &update.instances {
            for address in instances.remove(id).iter().flat_map(|before: &Served| &before.addresses)
            {
                addresses.remove(address);
            }
        }
        for (id, served) in update.instances {
            let Some(served) = served else { continue };
            let endpoint = &served.endpoint;
            for address in &served.addresses {
                addresses.insert(*address, Arc::clone(endpoint));
            }
            instances.insert(id, served);
        }
        let default = update.default.as_ref().and_then(|id| instances.get(id));
        let default = default.map(|served| Arc::clone(&served.endpoint));
        Self { generation: self.generation + 1, instances, addresses, default }
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
            Target::BySource => self.addresses.get(&source).or(self.default.as_ref()),
        };
        // The IPv6 endpoint comes and goes with its option.
        endpoint.filter(|found| source.is_ipv4() || found.options().http_protocol_ipv6.is_enabled())
    }

    /// The endpoint of an instance; `None` while it is not served.
    pub fn instance(&self, id: &InstanceId) -> Option<&Arc<Endpoint>> {
        self.instances.get(id).map(|served| &served.endpoint)
    }

    /// Tells one table from another.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

/// The table in force, as the EC2 API asks about it.
pub struct AppliedTable(pub CurrentTable);

impl Applied for AppliedTable {
    fn options(&self, instance: &InstanceId) -> Option<MetadataOptions> {
        self.0.load().instance(instance).map(|endpoint| *endpoint.options())
    }

    fn has_role(&self, instance: &InstanceId, role: &str, now: u64) -> Option<bool> {
        let path = format!("latest/meta-data/iam/security-credentials/{role}");
        let now = Moment { unix_ms: now.saturating_mul(1000), serial: 0 };
        let table = self.0.load();
        table.instance(instance).map(|endpoint| endpoint.tree().find(&path, now).is_some())
    }
}

#[cfg(test)]
mod tests {
    use imds_core::Launch;

    use super::*;

    fn served(id: &str, addresses: &[IpAddr]) -> (InstanceId, Option<Served>) {
        let launch = Launch { instance_id: id.parse().ok(), ..Launch::default() };
        let endpoint = Arc::new(Endpoint::new(&launch.resolve().unwrap()));
        let id = endpoint.instance_id().clone();
        (id, Some(Served { endpoint, addresses: addresses.into() }))
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
        let update = |instance| Update { instances: vec![instance], default: None };
        let table = Table::default().updated(update(at(here)));
        let moved = table.updated(update(at(there)));
        assert_ne!(moved.generation(), table.generation());
        assert_eq!(found(&moved, &Target::BySource, here), None);
        assert_eq!(found(&moved, &Target::BySource, there), Some("i-11111111"));
        let handed_over = moved.updated(Update {
            instances: vec![served("i-22222222", &[there.parse().unwrap()]), at(here)],
            default: None,
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
        let update = |instances| Update { instances, default: Some(id.clone()) };
        let table = Table::default().updated(update(Vec::new()));
        assert_eq!(found(&table, &Target::BySource, "127.0.0.1"), None, "it does not run yet");
        let table = table.updated(update(vec![served("i-11111111", &[])]));
        assert_eq!(found(&table, &Target::BySource, "127.0.0.1"), Some("i-11111111"));
        let stopped = table.updated(update(vec![(id.clone(), None)]));
        assert_eq!(found(&stopped, &Target::BySource, "127.0.0.1"), None);
    }
}
