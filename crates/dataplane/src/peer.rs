//! The other end of a connection: which instance its requests are for, and how far away it probably
//! is.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use imds_core::Endpoint;
use imds_core::reach::routers_crossed;
use imds_linux::socket;

use crate::counters::{InstanceCounters, WorkerCounters};
use crate::table::{Table, Target};

/// What is known of a connection before its first request.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// What its link says.
    target: Target,
    /// The instance of its last request.
    instance: Option<Identified>,
    /// The generation of the table that it was looked up in.
    generation: Option<u64>,
    /// How many routers lie between, read off the TTL of its first packet. The client chose that
    /// TTL: good for logs and advice, never for a decision.
    pub(crate) hops_away: Option<u8>,
}

/// An instance, and the counts of its requests on this thread.
pub(crate) struct Identified {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) counters: Arc<InstanceCounters>,
}

impl Peer {
    pub(crate) fn new(stream: &TcpStream, address: SocketAddr, target: Target) -> Self {
        Self {
            address,
            target,
            instance: None,
            generation: None,
            hops_away: socket::syn_ttl(stream).map(routers_crossed),
        }
    }

    /// Looks up the instance of the next request: a connection may outlive a change.
    pub(crate) fn identify(&mut self, table: &Table, counters: &WorkerCounters) {
        if self.generation == Some(table.generation()) {
            return;
        }
        self.generation = Some(table.generation());
        let found = table.find(&self.target, self.address.ip());
        self.instance = match (found, self.instance.take()) {
            (Some(endpoint), Some(mut same))
                if same.endpoint.instance_id() == endpoint.instance_id() =>
            {
                same.endpoint = Arc::clone(endpoint);
                Some(same)
            }
            (Some(endpoint), _) => Some(Identified::new(Arc::clone(endpoint), counters)),
            (None, _) => None,
        };
    }

    /// The instance of the next request; `None` where no running instance has this client.
    pub(crate) fn instance(&self) -> Option<&Identified> {
        self.instance.as_ref()
    }
}

impl Identified {
    fn new(endpoint: Arc<Endpoint>, counters: &WorkerCounters) -> Self {
        let counters = counters.of(endpoint.instance_id());
        counters.connected();
        Self { endpoint, counters }
    }
}

impl Drop for Identified {
    fn drop(&mut self) {
        self.counters.disconnected();
    }
}
