//! Who is served: one immutable table, replaced whole, so that a request sees all of a change or none.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use imds_core::{Endpoint, InstanceId};

/// The table in force. Reading it takes no lock.
pub(crate) type Current = Arc<ArcSwap<Table>>;

/// Which endpoint is whose.
#[derive(Default)]
pub(crate) struct Table {
    /// Grows with each table that comes into force.
    generation: u64,
    instances: HashMap<InstanceId, Arc<Endpoint>>,
    addresses: HashMap<IpAddr, Arc<Endpoint>>,
    default: Option<Arc<Endpoint>>,
}

/// Whom a listener belongs to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Link {
    /// To one instance: whoever comes this way speaks to it.
    Instance(InstanceId),
    /// To no one: the source address decides, and where it is nobody's, the default is meant.
    Shared,
}

impl Table {
    /// A table in which everybody speaks to `endpoint`.
    pub(crate) fn of_one(endpoint: Arc<Endpoint>) -> Self {
        Self { default: Some(endpoint), ..Self::default() }
    }

    /// The endpoint that a request is for, if any; such as no instance that runs gets no answer.
    pub(crate) fn find(&self, link: &Link, source: IpAddr) -> Option<&Arc<Endpoint>> {
        match link {
            Link::Instance(id) => self.instances.get(id),
            Link::Shared => self.addresses.get(&source.to_canonical()).or(self.default.as_ref()),
        }
    }

    /// The endpoint of an instance; `None` while it is not served.
    pub(crate) fn instance(&self, id: &InstanceId) -> Option<&Arc<Endpoint>> {
        self.instances.get(id)
    }

    /// Tells one table from another.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }
}

#[cfg(test)]
mod tests {
    use imds_core::Launch;

    use super::*;

    fn endpoint(id: &str) -> Arc<Endpoint> {
        let launch = Launch { instance_id: id.parse().ok(), ..Launch::default() };
        Arc::new(Endpoint::new(&launch.settle().unwrap()))
    }

    #[test]
    fn a_bound_listener_wins_over_the_source_address_and_that_over_the_default() {
        let ids = ["i-11111111", "i-22222222", "i-33333333"];
        let [bound, addressed, default] = ids.map(endpoint);
        let address: IpAddr = "172.31.0.9".parse().unwrap();
        let mut table = Table {
            generation: 1,
            instances: [bound, addressed.clone(), default.clone()]
                .map(|endpoint| (endpoint.instance_id().clone(), endpoint))
                .into(),
            addresses: [(address, addressed)].into(),
            default: Some(default),
        };
        let link = Link::Instance("i-11111111".parse().unwrap());
        let elsewhere: IpAddr = "127.0.0.1".parse().unwrap();
        let mapped: IpAddr = "::ffff:172.31.0.9".parse().unwrap();
        for (link, source, expected) in [
            (&link, address, Some(ids[0])),
            (&link, elsewhere, Some(ids[0])),
            (&Link::Shared, address, Some(ids[1])),
            (&Link::Shared, mapped, Some(ids[1])),
            (&Link::Shared, elsewhere, Some(ids[2])),
        ] {
            let found = table.find(link, source).map(|found| found.instance_id().as_str());
            assert_eq!(found, expected, "{link:?} {source}");
        }
        table.default = None;
        assert!(table.find(&Link::Shared, elsewhere).is_none());
        let stopped = Link::Instance("i-44444444".parse().unwrap());
        assert!(table.find(&stopped, address).is_none(), "a bound listener has no substitute");
    }
}
