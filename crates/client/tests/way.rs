//! A service and a client with routers between them, each in a network namespace of its own.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::Duration;

use imds_client::{Client, Settings};
use imds_linux::link::{End, LOOPBACK};
use imds_linux::route::Destination;
use imds_linux::{Batch, Namespace, Netlink, sysctl};
use testkit::{Context as _, Process, Result, imds};

const UPSTREAM: u32 = 64;
const DOWNSTREAM: u32 = 65;

/// Namespace 0 is the service's, the last one the client's; those between are routers.
pub(crate) struct Way {
    namespaces: Vec<Namespace>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Family {
    V4,
    V6,
}

pub(crate) const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

impl Way {
    pub(crate) fn build(routers: u8) -> Result<Self> {
        let namespaces: Vec<_> =
            (0..routers + 2).map(|_| Namespace::create()).collect::<Result<_, _>>()?;
        for (position, namespace) in (0_u8..).zip(&namespaces) {
            let is_router = 0 < position && position <= routers;
            let next = namespaces.get(usize::from(position) + 1);
            namespace.run(|| join(position, routers, is_router, next))??;
        }
        for namespace in &namespaces[..=usize::from(routers)] {
            namespace.run(|| Netlink::open()?.commit(Batch::new().settle(DOWNSTREAM)))??;
        }
        Ok(Self { namespaces })
    }

    /// Where the service is.
    pub(crate) fn service(family: Family, port: u16) -> SocketAddr {
        (end(family, 0, 1), port).into()
    }

    /// An address that the way leads to, and where nobody is.
    pub(crate) fn nobody(family: Family) -> SocketAddr {
        (end(family, 0, 9), 80).into()
    }

    /// A listening socket of the service's.
    pub(crate) fn listen(&self, family: Family, port: u16) -> Result<TcpListener> {
        Ok(self.namespaces[0].run(|| TcpListener::bind(Self::service(family, port)))??)
    }

    /// Starts the real service.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Result<Process> {
        let addresses = FAMILIES.map(|family| Self::service(family, 80).to_string());
        let mut command = imds();
        command.args(["serve", "--access-log", "off", "--listen", &addresses[0], "--listen"]);
        command.args([
            &*addresses[1],
            "--instance-type",
            "t3.micro",
            "--http-protocol-ipv6",
            "enabled",
        ]);
        command.args(arguments).stdout(Stdio::piped());
        // Needed while it starts only: it has read its key by the time it serves.
        let home = tempfile::tempdir()?;
        command.env("XDG_STATE_HOME", home.path());
        let mut process = self.namespaces[0].run(|| Process::start(&mut command))??;
        let stdout = process.child().stdout.take().context("standard output is piped")?;
        // It serves once it says so.
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(stdout));
        lines.next().context("the service ended")??;
        Ok(process)
    }

    /// Runs `work` where the client is, on a Tokio runtime.
    pub(crate) fn client<T: Send>(&self, work: impl AsyncFnOnce() -> T + Send) -> Result<T> {
        let last = self.namespaces.last().context("there are two at least")?;
        last.run(|| -> Result<T> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            Ok(runtime.block_on(work()))
        })?
    }
}

/// Settings for a service at this address.
pub(crate) fn settings(address: SocketAddr) -> Result<Settings> {
    let mut settings = Settings::default();
    let text = format!("http://{address}");
    settings.endpoint = text.parse().map_err(|problem: &str| testkit::anyhow!(problem))?;
    Ok(settings)
}

/// A client of a service at this address.
pub(crate) fn client(address: SocketAddr) -> Result<Client> {
    Ok(Client::new(settings(address)?))
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Both ends of link `link`: `host` 1 is nearer to the service, 2 to the client.
fn end(family: Family, link: u8, host: u8) -> IpAddr {
    match family {
        Family::V4 => [10, 77, link, host].into(),
        Family::V6 => [0xfd77, 0, 0, link.into(), 0, 0, 0, host.into()].into(),
    }
}

fn mac(link: u8, host: u8) -> [u8; 6] {
    [2, 0, 0, 0, link, host]
}

fn join(position: u8, routers: u8, is_router: bool, next: Option<&Namespace>) -> Result<()> {
    if is_router {
        sysctl::forward_ipv4()?;
        sysctl::forward_ipv6()?;
        sysctl::unlimited_icmp_errors_ipv4()?;
        sysctl::unlimited_icmp_errors_ipv6()?;
    } else {
        sysctl::ignore_ipv6_routers()?;
    }
    let mut batch = Batch::new();
    batch.up(LOOPBACK);
    if let Some(next) = next {
        let end =
            |name, index, host| End { name, index, mac: Some(mac(position, host)), mtu: 1500 };
        batch.veth(end("down", DOWNSTREAM, 1), end("up", UPSTREAM, 2), next);
        connect(&mut batch, DOWNSTREAM, position, [1, 2]);
        for family in FAMILIES {
            let client = Destination::host(self::end(family, routers, 2));
            batch.via(client, self::end(family, position, 2), DOWNSTREAM);
        }
    }
    if let Some(above) = position.checked_sub(1) {
        connect(&mut batch, UPSTREAM, above, [2, 1]);
        for family in FAMILIES {
            for host in [1, 9] {
                let service = Destination::host(self::end(family, 0, host));
                batch.via(service, self::end(family, above, 1), UPSTREAM);
            }
        }
    }
    Ok(Netlink::open()?.commit(&batch)?)
}

/// Brings an end of a link up; `own` and `other` are its hosts.
fn connect(batch: &mut Batch, index: u32, link: u8, [own, other]: [u8; 2]) {
    batch.no_link_local(index).up(index);
    for (family, prefix_len) in [(Family::V4, 24), (Family::V6, 64)] {
        batch.address(index, end(family, link, own), prefix_len);
        batch.neighbour(end(family, link, other), mac(link, other), index);
    }
}
