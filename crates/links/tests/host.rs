//! Namespaces that play hosts, containers and guests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd as _;
use std::process::Command;
use std::time::Duration;

use imds_linux::link::{End, LOOPBACK};
use imds_linux::route::Destination;
use imds_linux::{Batch, Namespace, Netlink, sysctl};
use testkit::{Context as _, Result, SOON, ensure, eventually};

/// The metadata addresses with their port.
pub(crate) const V4: &str = "169.254.169.254:80";
pub(crate) const V6: &str = "[fd00:ec2::254]:80";

/// How long a client waits for what is not to come.
const NEVER: Duration = Duration::from_millis(400);

/// A namespace with loopback up.
pub(crate) fn namespace() -> Result<Namespace> {
    let namespace = Namespace::create()?;
    namespace.run(|| Netlink::open()?.commit(Batch::new().up(LOOPBACK)))??;
    Ok(namespace)
}

/// The place of a namespace that this process keeps.
pub(crate) fn place(namespace: &Namespace) -> String {
    format!("netns=/proc/{}/fd/{}", std::process::id(), namespace.as_raw_fd())
}

/// Connects `near`, as the router, and `far` by a veth pair, with a network of 256 addresses: 1 is the
/// router's, 2 that of `far`.
pub(crate) fn connect(
    near: (&Namespace, &str, u32),
    far: (&Namespace, &str, u32),
    network: [u8; 3],
) -> Result<()> {
    let [a, b, c] = network;
    let (router, own) = (IpAddr::from([a, b, c, 1]), IpAddr::from([a, b, c, 2]));
    let end = |name, index| End { name, index, mac: None, mtu: 1500 };
    let (namespace, name, index) = near;
    namespace.run(|| {
        let mut batch = Batch::new();
        batch.veth(end(name, index), end(far.1, far.2), far.0).address(index, router, 24);
        batch.up(index).on_link(Destination::host(own), index);
        Netlink::open()?.commit(&batch)
    })??;
    far.0.run(|| {
        let mut batch = Batch::new();
        batch.address(far.2, own, 24).up(far.2).on_link(Destination::host(router), far.2);
        batch.via(Destination::DEFAULT_V4, router, far.2);
        Netlink::open()?.commit(&batch)
    })??;
    namespace.run(|| Netlink::open()?.commit(Batch::new().settle(index)))??;
    Ok(())
}

/// A host with an address of its own, 10.0.0.2, and a container behind it, 172.17.0.2, which it
/// forwards for.
pub(crate) fn host_with_container() -> Result<(Namespace, Namespace)> {
    let (host, container) = (namespace()?, namespace()?);
    host.run(sysctl::forward_ipv4)??;
    host.run(|| {
        let end = |name, index| End { name, index, mac: None, mtu: 1500 };
        let own = Namespace::current()?;
        let mut batch = Batch::new();
        batch.veth(end("eth0", 40), end("cable", 41), &own).up(40).up(41);
        batch.address(40, [10, 0, 0, 2].into(), 24);
        Netlink::open()?.commit(&batch)
    })??;
    connect((&host, "docker0", 50), (&container, "eth0", 51), [172, 17, 0])?;
    Ok((host, container))
}

/// What a client in `namespace` is told that asks to be answered with `ttl`: which link, and from where.
pub(crate) fn ask(namespace: &Namespace, service: &str, ttl: u8) -> Result<String> {
    ask_within(namespace, service, ttl, SOON)
}

/// Fails unless a client gets a connection and no answer.
pub(crate) fn assert_lost(namespace: &Namespace, service: &str, ttl: u8) -> Result<()> {
    let error = ask_within(namespace, service, ttl, NEVER).err().context("it was answered")?;
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    ensure!(kind == Some(std::io::ErrorKind::WouldBlock), "{error:?}");
    Ok(())
}

fn ask_within(namespace: &Namespace, service: &str, ttl: u8, patience: Duration) -> Result<String> {
    let address: SocketAddr = service.parse()?;
    namespace.run(|| {
        let mut stream = TcpStream::connect_timeout(&address, SOON)?;
        stream.set_read_timeout(Some(patience))?;
        writeln!(stream, "{ttl}")?;
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    })?
}

/// Waits until the kernel has found no duplicate of any IPv6 address.
pub(crate) fn wait_for_addresses(namespace: &Namespace) -> Result<()> {
    eventually("addresses that are checked", || {
        let shown = namespace.run(|| Command::new("ip").args(["-6", "address"]).output());
        let text = String::from_utf8(shown.ok()?.ok()?.stdout).ok()?;
        (!text.contains("tentative")).then_some(())
    })
}

/// Everything that `ip` shows of a namespace's network.
pub(crate) fn snapshot(namespace: &Namespace) -> Result<String> {
    namespace.run(|| {
        let mut text = String::new();
        for arguments in [
            &["-o", "link"][..],
            &["-o", "address"],
            &["route", "show", "table", "all"],
            &["-6", "route", "show", "table", "all"],
            &["rule"],
            &["neigh", "show", "nud", "permanent"],
        ] {
            let output = Command::new("ip").args(arguments).output()?;
            text += &String::from_utf8_lossy(&output.stdout);
        }
        Ok(text)
    })?
}

/// Runs a program in a namespace; it must succeed.
pub(crate) fn run(namespace: &Namespace, words: &[&str]) -> Result<()> {
    let output = namespace.run(|| Command::new(words[0]).args(&words[1..]).output())??;
    ensure!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
