//! `service ⟷ [router ⟷ …] client`: the real service, in a network of its own, as far away as a
//! test wants it. As on EC2, the service's addresses are one IP hop outside of the first machine,
//! the instance; all that is behind the instance is behind a router.

mod family;
mod network;
mod relay;
mod tap;

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use imds_linux::{Namespace, counters};

use crate::{Server, eventually};
use family::{SERVICE_V4, SERVICE_V6};

pub use family::Family;
pub use network::Network;
pub use relay::Loss;
pub use tap::Tap;

/// A service, and routers between it and a client; gone when it is dropped.
#[derive(Debug)]
pub struct Lab {
    server: Server,
    /// What leaves the service, and what comes to it.
    pub near_service: Tap,
    /// What crosses the last link, the client's.
    pub near_client: Tap,
    network: Network,
}

impl Lab {
    /// Puts `routers` routers between a client and `imds serve`, started with `arguments` and, so
    /// that there is an IPv6 endpoint, as a Nitro type.
    pub fn start(routers: u8, arguments: &[&str]) -> Result<Self> {
        let nitro = ["--instance-type", "t3.micro", "--http-protocol-ipv6", "enabled"];
        Self::start_as(&nitro, &[SERVICE_V4, SERVICE_V6], routers, arguments)
    }

    /// The same as a Xen type, which has no IPv6 endpoint.
    pub fn start_xen(routers: u8, arguments: &[&str]) -> Result<Self> {
        Self::start_as(&["--instance-type", "t2.micro"], &[SERVICE_V4], routers, arguments)
    }

    fn start_as(
        instance: &[&str],
        listen: &[SocketAddr],
        routers: u8,
        arguments: &[&str],
    ) -> Result<Self> {
        let network = Network::build(routers)?;
        let near_service = Tap::start(network.service(), network::DOWNSTREAM_NAME)?;
        let near_client = Tap::start(network.client(), network::UPSTREAM_NAME)?;
        let arguments = [instance, arguments].concat();
        let server = network
            .service()
            .run(|| Server::start_on(listen, &arguments))?
            .with_context(|| format!("a lab with {routers} routers"))?;
        Ok(Self { server, near_service, near_client, network })
    }

    /// The service.
    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// Waits for the access log's line of a client that made one request, and gives it.
    pub fn log_line_of(&self, port: u16) -> Result<String> {
        let peer = format!(":{port}");
        let is_of_peer =
            |line: &&str| line.split(&[' ', '"', ','][..]).any(|word| word.ends_with(&peer));
        eventually(&format!("a log line of port {port}"), || {
            let log = self.server.log();
            // What has no line end is not written in whole.
            let (whole, _) = log.rsplit_once('\n')?;
            whole.lines().find(is_of_peer).map(str::to_owned)
        })
    }

    /// The service's own namespace.
    pub fn service(&self) -> &Namespace {
        self.network.service()
    }

    /// Where the client is.
    pub fn client(&self) -> &Namespace {
        self.network.client()
    }

    /// The instance: no router is between it and the service. It is the first router of all behind.
    pub fn instance(&self) -> &Namespace {
        self.network.instance()
    }

    /// How many packets each router refused because their hop limit ran out, nearest to the service
    /// first.
    pub fn time_exceeded(&self, family: Family) -> Result<Vec<u64>> {
        let count = match family {
            Family::Ipv4 => counters::time_exceeded_ipv4,
            Family::Ipv6 => counters::time_exceeded_ipv6,
        };
        self.network.routers().iter().map(|router| Ok(router.run(count)??)).collect()
    }
}
