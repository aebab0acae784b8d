//! The namespaces between the service and the program, and the cables that join them.
//!
//! Namespace 0 is the service, 1 the instance, the last one the program's; link *k* joins namespaces
//! *k* and *k + 1*. No address makes a route: each namespace is told whom it reaches, and refuses
//! everything else at once. So nothing ever waits for a neighbour that is not there.

mod plan;

use std::net::IpAddr;

use imds_linux::link::{End, LOOPBACK};
use imds_linux::route::Destination;
use imds_linux::{Batch, Error, Namespace, Netlink, sysctl};

use crate::egress::NEVER;
use crate::names::RESOLVER;
use crate::request::{ExecRequest, SERVICE_V4, SERVICE_V6};
use plan::{Link, Side};

/// Interface indices, above those that tunnel drivers take in every new namespace.
const UPSTREAM: u32 = 64;
const DOWNSTREAM: u32 = 65;

/// The built network. The process that built it is left in the service's namespace.
pub(super) struct Network {
    /// Where the program runs.
    pub(super) program: Namespace,
    /// Those between it and the service. No process is in them: they last as long as this.
    pub(super) routers: Vec<Namespace>,
}

impl Network {
    /// Builds it around the calling thread, which must be the process's only one.
    pub(super) fn build(request: &ExecRequest) -> Result<Self, Error> {
        let links = plan::links(&request.instance, request.hops, request.ipv6);
        let has_ipv6 = sysctl::has_ipv6();

        let (mut namespaces, mut sockets) = (Vec::new(), Vec::new());
        for position in 0..=links.len() {
            namespaces.push(Namespace::unshare()?);
            sockets.push(Netlink::open()?);
            let is_router = 0 < position && position < links.len();
            if is_router {
                forward(request.ipv6)?;
            } else if request.ipv6 {
                // There are none: this saves a few packets, not worth a failure.
                let _ = sysctl::ignore_ipv6_routers();
            }
        }
        namespaces[0].enter()?;

        for (position, socket) in sockets.iter_mut().enumerate() {
            let mut batch = Batch::new();
            batch.up(LOOPBACK);
            if let Some(above) = position.checked_sub(1) {
                bring_up(&mut batch, UPSTREAM, has_ipv6);
                join_upstream(&mut batch, &links[..=above]);
                refuse_the_rest(&mut batch, &links[above], request.egress, has_ipv6);
            }
            if let Some(link) = links.get(position) {
                lay(&mut batch, link, &namespaces[position + 1]);
                bring_up(&mut batch, DOWNSTREAM, has_ipv6);
                join_downstream(&mut batch, position, &links[position..], request.egress);
            }
            socket.commit(&batch)?;
        }
        // Both ends of every cable are up now; the nearer one went up first and may not know it.
        for socket in &mut sockets[..links.len()] {
            socket.commit(Batch::new().settle(DOWNSTREAM))?;
        }
        let program = namespaces.swap_remove(links.len());
        // The service's own lasts as long as the calling process, which is in it.
        namespaces.swap_remove(0);
        Ok(Self { program, routers: namespaces })
    }
}

fn forward(ipv6: bool) -> Result<(), Error> {
    sysctl::forward_ipv4()?;
    sysctl::unlimited_icmp_errors_ipv4()?;
    if ipv6 {
        sysctl::forward_ipv6()?;
        sysctl::unlimited_icmp_errors_ipv6()?;
    }
    Ok(())
}

/// Lays the cable to the next namespace.
fn lay(batch: &mut Batch, link: &Link, next: &Namespace) {
    let end = |side: &Side, index| End { name: side.name, index, mac: side.mac, mtu: link.mtu };
    batch.veth(end(&link.near, DOWNSTREAM), end(&link.far, UPSTREAM), next);
}

fn bring_up(batch: &mut Batch, index: u32, has_ipv6: bool) {
    if has_ipv6 {
        batch.no_link_local(index);
    }
    batch.up(index);
}

/// Addresses on the link towards the service, and routes over it. The last of `links` is that link.
fn join_upstream(batch: &mut Batch, links: &[Link]) {
    let Some((link, above)) = links.split_last() else { return };
    link.far.add_addresses(batch, link, UPSTREAM);

    let mut services: Vec<IpAddr> = vec![SERVICE_V4.into(), RESOLVER.into()];
    services.extend(link.near.v6.map(|_| IpAddr::from(SERVICE_V6)));
    if above.is_empty() {
        for service in services {
            batch.on_link(Destination::host(service), UPSTREAM);
        }
        return;
    }
    for gateway in link.near.addresses() {
        batch.on_link(Destination::host(gateway), UPSTREAM);
        let instance = above[0].far.addresses();
        for address in services.iter().copied().chain(instance) {
            if address.is_ipv4() == gateway.is_ipv4() {
                batch.via(Destination::host(address), gateway, UPSTREAM);
            }
        }
    }
}

/// Decides on everything that no route leads to so far.
fn refuse_the_rest(batch: &mut Batch, link: &Link, egress: bool, has_ipv6: bool) {
    if egress {
        for network in NEVER {
            if network.address.is_ipv4() || has_ipv6 {
                batch.unreachable(network);
            }
        }
        batch.via(Destination::DEFAULT_V4, link.near.v4.into(), UPSTREAM);
    } else {
        batch.unreachable(Destination::DEFAULT_V4);
    }
    if has_ipv6 {
        batch.unreachable(Destination::DEFAULT_V6);
    }
}

/// Addresses on the link away from the service, and routes over it. The first of `links` is that
/// link.
fn join_downstream(batch: &mut Batch, position: usize, links: &[Link], egress: bool) {
    let Some((link, below)) = links.split_first() else { return };
    link.near.add_addresses(batch, link, DOWNSTREAM);
    let is_service = position == 0;
    if is_service && !egress {
        batch.address(DOWNSTREAM, RESOLVER.into(), 32);
    }
    for gateway in link.far.addresses() {
        batch.on_link(Destination::host(gateway), DOWNSTREAM);
        if is_service && (!egress || gateway.is_ipv6()) {
            // The service answers whoever asks, and everybody is behind the instance.
            batch.via(default_like(gateway), gateway, DOWNSTREAM);
            continue;
        }
        for network in below.iter().flat_map(Link::networks) {
            if network.address.is_ipv4() == gateway.is_ipv4() {
                batch.via(network, gateway, DOWNSTREAM);
            }
        }
    }
}

fn default_like(address: IpAddr) -> Destination {
    if address.is_ipv4() { Destination::DEFAULT_V4 } else { Destination::DEFAULT_V6 }
}
