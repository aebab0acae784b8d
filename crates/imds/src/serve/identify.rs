//! Whose request it is, and how far away the client probably is.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use imds_core::Endpoint;
use imds_core::reach::routers_crossed;
use imds_linux::socket;

use crate::agent::{Link, Table};

/// What is known of a connection before its first request.
pub(super) struct Caller {
    pub(super) address: SocketAddr,
    /// Whom its listener belongs to.
    link: Link,
    /// Whom it spoke to last, and the table that said so.
    endpoint: Option<Arc<Endpoint>>,
    generation: Option<u64>,
    /// How many routers lie between, read off the TTL of its first packet. The client chose that
    /// TTL: good for logs and advice, never for a decision.
    pub(super) hops_away: Option<u8>,
}

impl Caller {
    pub(super) fn new(stream: &TcpStream, address: SocketAddr, link: Link) -> Self {
        Self {
            address,
            link,
            endpoint: None,
            generation: None,
            hops_away: socket::syn_ttl(stream).map(routers_crossed),
        }
    }

    /// Looks up whom the next request is for: a connection may outlive a change.
    pub(super) fn identify(&mut self, table: &Table) {
        if self.generation != Some(table.generation()) {
            self.endpoint = table.find(&self.link, self.address.ip()).cloned();
            self.generation = Some(table.generation());
        }
    }

    /// Whom the next request is for; `None` where no instance that runs has this client.
    pub(super) fn endpoint(&self) -> Option<&Arc<Endpoint>> {
        self.endpoint.as_ref()
    }
}
