//! The other end of a connection: which instance its requests are for, and how far away it probably
//! is.

use std::cell::{OnceCell, RefCell};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use imds_core::Endpoint;
use imds_core::reach::routers_crossed;
use imds_core::token::KnownToken;
use imds_linux::socket;

use crate::counters::{InstanceCounters, WorkerCounters};
use crate::faults::{ActiveFault, FaultTable};
use crate::table::{Table, Target};

/// What is known of a connection before its first request.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// What its link says.
    target: Target,
    /// The instance as which it was opened; `None` if that is no more, or there was none.
    instance: Option<Identified>,
    /// The generations of the tables that it and its faults were looked up in.
    generations: Option<(u64, u64)>,
    /// See [`hops_away`](Self::hops_away).
    hops_away: OnceCell<Option<u8>>,
}

/// The instance of a connection, and the counts of its requests on this thread.
pub(crate) struct Identified {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) counters: Arc<InstanceCounters>,
    /// Nearly always `None`.
    pub(crate) faults: Option<Box<[Arc<ActiveFault>]>>,
    /// The token that the client showed last.
    pub(crate) known: RefCell<KnownToken>,
}

impl Peer {
    pub(crate) fn new(address: SocketAddr, target: Target) -> Self {
        Self { address, target, instance: None, generations: None, hops_away: OnceCell::new() }
    }

    /// How many routers lie between, read off the TTL of the first packet of `stream`, its connection. The
    /// client chose that TTL: good for logs and advice, never for a decision.
    pub(crate) fn hops_away(&self, stream: &TcpStream) -> Option<u8> {
        *self.hops_away.get_or_init(|| socket::syn_ttl(stream).map(routers_crossed))
    }

    /// Looks up the instance of the connection. It stays the one that the connection was opened as: an
    /// address may be given to another instance while a connection from its former holder is open, which
    /// must not be answered with the other's metadata.
    pub(crate) fn identify(
        &mut self,
        table: &Table,
        faults: &FaultTable,
        counters: &WorkerCounters,
    ) {
        let generations = (table.generation(), faults.generation());
        if self.generations == Some(generations) {
            return;
        }
        let is_new = self.generations.replace(generations).is_none();
        let found = table.find(&self.target, self.address.ip());
        self.instance = match (found, self.instance.take()) {
            (Some(endpoint), Some(mut same))
                if same.endpoint.instance_id() == endpoint.instance_id() =>
            {
                same.endpoint = Arc::clone(endpoint);
                Some(same)
            }
            (Some(endpoint), None) if is_new => {
                Some(Identified::new(Arc::clone(endpoint), counters))
            }
            _ => None,
        };
        if let Some(instance) = &mut self.instance {
            instance.faults = faults.of(instance.endpoint.instance_id());
        }
    }

    /// The instance of the next request; `None` where the one as which it was opened does not answer.
    pub(crate) fn instance(&self) -> Option<&Identified> {
        self.instance.as_ref()
    }
}

impl Identified {
    fn new(endpoint: Arc<Endpoint>, counters: &WorkerCounters) -> Self {
        let counters = counters.of(endpoint.instance_id());
        counters.connected();
        Self { endpoint, counters, known: RefCell::default(), faults: None }
    }
}

impl Drop for Identified {
    fn drop(&mut self) {
        self.counters.disconnected();
    }
}

#[cfg(test)]
mod tests {
    use imds_account::Source;
    use imds_core::{InstanceId, Launch};

    use super::*;
    use crate::table::{Served, Update};

    fn served(id: &str, source: Source) -> (InstanceId, Option<Served>) {
        let launch = Launch { instance_id: id.parse().ok(), ..Launch::default() };
        let endpoint = Arc::new(Endpoint::new(&launch.resolve().unwrap()));
        (endpoint.instance_id().clone(), Some(Served { endpoint, sources: [source].into() }))
    }

    /// Guards against metadata of the next holder of an address on a connection that the former one opened.
    #[test]
    fn a_connection_is_for_the_instance_that_opened_it_or_for_nobody() {
        let [first, second] = ["i-11111111", "i-22222222"];
        let source = "127.0.0.1".parse().unwrap();
        let gone = |id: &str| (id.parse::<InstanceId>().unwrap(), None);
        let update = |instances| Update { instances, ..Update::default() };
        let its = Table::default().updated(update(vec![served(first, source)]));
        let renewed = its.updated(update(vec![served(first, source)]));
        let nobodys = its.updated(update(vec![gone(first)]));
        let anothers = its.updated(update(vec![gone(first), served(second, source)]));
        let again = nobodys.updated(update(vec![served(first, source)]));

        let (address, counters) = ("127.0.0.1:80".parse().unwrap(), WorkerCounters::default());
        for (tables, expected) in [
            (vec![&its], Some(first)),
            (vec![&its, &renewed], Some(first)),
            (vec![&its, &nobodys], None),
            (vec![&its, &anothers], None),
            (vec![&its, &nobodys, &again], None),
            (vec![&nobodys, &again], None),
            (vec![&anothers], Some(second)),
        ] {
            let mut peer = Peer::new(address, Target::BySource);
            for table in &tables {
                peer.identify(table, &FaultTable::default(), &counters);
            }
            let instance = peer.instance().map(|it| it.endpoint.instance_id().as_str());
            let generations: Vec<_> = tables.iter().map(|table| table.generation()).collect();
            assert_eq!(instance, expected, "{generations:?}");
        }
    }
}
