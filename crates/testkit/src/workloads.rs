//! Namespaces that play hosts, containers and guests.

use std::net::IpAddr;
use std::os::fd::AsRawFd as _;
use std::process::Command;

use anyhow::{Result, ensure};
use imds_linux::link::{End, LOOPBACK};
use imds_linux::route::Destination;
use imds_linux::{Batch, Namespace, Netlink, sysctl};

use crate::eventually;

/// A namespace with loopback up.
pub fn namespace() -> Result<Namespace> {
    let namespace = Namespace::create()?;
    namespace.run(|| Netlink::open()?.commit(Batch::new().up(LOOPBACK)))??;
    Ok(namespace)
}

/// The place of a namespace that this process keeps.
pub fn place(namespace: &Namespace) -> String {
    format!("netns=/proc/{}/fd/{}", std::process::id(), namespace.as_raw_fd())
}

/// Connects `near`, as the router, and `far` by a veth pair, with a network of 256 addresses: 1 is the
/// router's, 2 that of `far`.
pub fn connect(
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
pub fn host_with_container() -> Result<(Namespace, Namespace)> {
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

/// Waits until the kernel has found no duplicate of any IPv6 address.
pub fn wait_for_addresses(namespace: &Namespace) -> Result<()> {
    eventually("addresses that are checked", || {
        let shown = namespace.run(|| Command::new("ip").args(["-6", "address"]).output());
        let text = String::from_utf8(shown.ok()?.ok()?.stdout).ok()?;
        (!text.contains("tentative")).then_some(())
    })
}

/// Everything that `ip` shows of a namespace's network.
pub fn snapshot(namespace: &Namespace) -> Result<String> {
    // The kernel goes on with new addresses by itself.
    wait_for_addresses(namespace)?;
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

/// Fails unless `ip` shows the same as `before`, a [`snapshot`].
pub fn ensure_unchanged(namespace: &Namespace, before: &str) -> Result<()> {
    let after = snapshot(namespace)?;
    let but = |one: &str, other: &str| {
        let lines = one.lines().filter(|line| !other.lines().any(|known| known == *line));
        lines.map(|line| format!("\n  {line}")).collect::<String>()
    };
    let (lost, new) = (but(before, &after), but(&after, before));
    ensure!(after == before, "lost:{lost}\nleft over:{new}");
    Ok(())
}

/// Runs a program in a namespace; it must succeed.
pub fn run(namespace: &Namespace, words: &[&str]) -> Result<()> {
    let output = namespace.run(|| Command::new(words[0]).args(&words[1..]).output())??;
    ensure!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// A host with two guests, each behind a device of its own, `tap0` and `tap1`, and with the same
/// address, 10.0.0.2.
pub fn host_with_guests() -> Result<(Namespace, [Namespace; 2])> {
    let (host, guests) = (namespace()?, [namespace()?, namespace()?]);
    run(&host, &["sysctl", "-qw", "net.ipv4.ip_forward=1"])?;
    for (guest, (name, index)) in guests.iter().zip([("tap0", 60), ("tap1", 61)]) {
        let end = |name, index| End { name, index, mac: None, mtu: 1500 };
        host.run(|| {
            let mut batch = Batch::new();
            batch.veth(end(name, index), end("eth0", 70), guest).up(index);
            Netlink::open()?.commit(&batch)
        })??;
        run(guest, &["ip", "address", "add", "10.0.0.2/24", "dev", "eth0"])?;
        run(guest, &["ip", "link", "set", "eth0", "up"])?;
        run(guest, &["ip", "route", "add", "169.254.169.254", "dev", "eth0"])?;
        host.run(|| Netlink::open()?.commit(Batch::new().settle(index)))??;
    }
    Ok((host, guests))
}
