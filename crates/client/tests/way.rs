//! A service of the test's own, and a client with routers between them.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use imds_client::{Client, Settings};
use testkit::{Family, Loss, Network, Result, Server};

pub(crate) struct Way(Network);

impl Way {
    pub(crate) fn build(routers: u8) -> Result<Self> {
        Ok(Self(Network::build(routers)?))
    }

    /// The same, but the client's link loses packets.
    pub(crate) fn with_loss(routers: u8, loss: Loss) -> Result<Self> {
        Ok(Self(Network::with_loss(routers, loss)?))
    }

    pub(crate) fn network(&self) -> &Network {
        &self.0
    }

    /// A listening socket of the service's.
    pub(crate) fn listen(&self, family: Family) -> Result<TcpListener> {
        Ok(self.0.service().run(|| TcpListener::bind(family.service()))??)
    }

    /// Starts the real service.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Result<Server> {
        let nitro = ["--instance-type", "t3.micro", "--http-protocol-ipv6", "enabled"];
        let arguments = [&nitro, arguments].concat();
        let addresses = Family::ALL.map(Family::service);
        self.0.service().run(|| Server::start_on(&addresses, &arguments))?
    }

    /// Runs `work` where the client is, on a Tokio runtime.
    pub(crate) fn client<T: Send>(&self, work: impl AsyncFnOnce() -> T + Send) -> Result<T> {
        self.0.client().run(|| run(work()))?
    }
}

/// Runs `work` on a Tokio runtime.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work))
}

/// Settings for a service at this address.
pub(crate) fn settings(address: SocketAddr) -> Result<Settings> {
    let mut settings = Settings::default();
    let text = format!("http://{address}");
    settings.endpoint = text.parse()?;
    Ok(settings)
}

/// A client of a service at this address.
pub(crate) fn client(address: SocketAddr) -> Result<Client> {
    Ok(Client::new(settings(address)?))
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
