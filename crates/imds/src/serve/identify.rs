//! Whose request it is, and how far away the client probably is.

use std::net::SocketAddr;
use std::sync::Arc;

use imds_core::Endpoint;
use imds_core::reach::routers_crossed;
use imds_linux::socket;
use tokio::net::TcpStream;

/// What is known of a connection before its first request.
pub(super) struct Caller {
    pub(super) address: SocketAddr,
    /// The instance it speaks to: the one that its listener belongs to.
    pub(super) endpoint: Arc<Endpoint>,
    /// How many routers lie between, read off the TTL of its first packet. The client chose that
    /// TTL: good for logs and advice, never for a decision.
    pub(super) hops_away: Option<u8>,
}

impl Caller {
    pub(super) fn new(stream: &TcpStream, address: SocketAddr, endpoint: &Arc<Endpoint>) -> Self {
        Self {
            address,
            endpoint: Arc::clone(endpoint),
            hops_away: socket::syn_ttl(stream).map(routers_crossed),
        }
    }
}
