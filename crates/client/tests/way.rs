//! A service of the test's own, and a client with routers between them.

use std::cell::Cell;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::{Duration, Instant};

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

    /// A listening socket at the service's address, with a port of its own.
    pub(crate) fn listen_beside(&self, family: Family) -> Result<TcpListener> {
        Ok(self.0.service().run(|| TcpListener::bind((family.service().ip(), 0)))??)
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

/// A clock that stops with the client: it counts only the time during which the client's runtime got
/// its turn. On a busy machine the client cannot know of the rest, so nothing is judged by it.
#[derive(Clone, Default)]
pub(crate) struct ClientClock(Rc<Cell<Duration>>);

impl ClientClock {
    /// How often the runtime's turn is noted, and how late it may be without having stood still.
    const TICK: Duration = Duration::from_millis(2);
    const MAX_STEP: Duration = Duration::from_millis(10);

    /// Runs `work` with a clock, on a runtime of one thread.
    pub(crate) async fn with<T>(work: impl AsyncFnOnce(ClientClock) -> T) -> T {
        let clock = Self::default();
        let tick = async {
            let mut last = Instant::now();
            loop {
                tokio::time::sleep(Self::TICK).await;
                clock.0.set(clock.0.get() + last.elapsed().min(Self::MAX_STEP));
                last = Instant::now();
            }
        };
        tokio::select! {
            value = work(clock.clone()) => value,
            () = tick => unreachable!("the clock never ends"),
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.0.get()
    }
}

/// How many TCP connections the calling thread's network namespace has begun.
pub(crate) fn connections_begun() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/net/snmp")?;
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let names = lines.next().unwrap_or_default().split_whitespace();
    let values = lines.next().unwrap_or_default().split_whitespace();
    let begun = names.zip(values).find(|(name, _)| *name == "ActiveOpens");
    Ok(begun.map_or("", |(_, value)| value).parse()?)
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
