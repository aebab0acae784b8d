//! The namespaces between the service and the program, and the veth pairs that connect them.
//!
//! Namespace 0 is the service, 1 the instance, the last one the program's; link *k* joins namespaces
//! *k* and *k + 1*. Routes are explicit: each namespace has routes to the addresses that it reaches, and
//! rejects all others at once. So no program waits for a neighbour that does not exist.

mod more;
mod plan;

use std::net::IpAddr;

use imds_linux::link::{End, LOOPBACK};
use imds_linux::route::Destination;
use imds_linux::{Batch, Error, Namespace, Netlink, sysctl};

use crate::egress::LINK_LOCAL;
use crate::names::RESOLVER;
use crate::request::{ExecRequest, InstanceFacts, SERVICE_V4, SERVICE_V6};
use more::More;
use plan::{DOWNSTREAM, Link, Side, UPSTREAM, bring_up};

/// The network. The process that built it is in the service's namespace.
pub(super) struct Network {
    /// The namespaces between the program and the service. They have no process and end with this value.
    _routers: Vec<Namespace>,
}

/// What is to be built.
pub(super) struct Shape {
    links: Vec<Link>,
    instance: InstanceFacts,
    ipv6: bool,
    egress: bool,
}

impl Shape {
    pub(super) fn of(request: &ExecRequest) -> Self {
        let links = plan::links(&request.instance, request.hops, request.ipv6);
        let instance = request.instance.clone();
        Self { links, instance, ipv6: request.ipv6, egress: request.egress }
    }
}

impl Network {
    /// Builds the network up to the program's namespace. The calling thread must be the process's only one.
    pub(super) fn build(shape: &Shape, program: Namespace) -> Result<Self, Error> {
        let Shape { links, instance, ipv6, egress } = shape;
        let (ipv6, egress) = (*ipv6, *egress);
        let has_ipv6 = sysctl::has_ipv6();
        let more = More::of(instance, has_ipv6);

        let (mut namespaces, mut sockets) = (Vec::new(), Vec::new());
        let mut program = Some(program);
        for position in 0..=links.len() {
            let is_last = position == links.len();
            let namespace = match program.take_if(|_| is_last) {
                Some(program) => program.enter().map(|()| program)?,
                None => Namespace::unshare()?,
            };
            namespaces.push(namespace);
            sockets.push(Netlink::open()?);
            let is_router = 0 < position && position < links.len();
            if is_router {
                forward(ipv6)?;
            } else if ipv6 {
                // There are no routers: this only saves a few packets.
                let _ = sysctl::ignore_ipv6_routers();
            }
        }
        namespaces[0].enter()?;

        for (position, socket) in sockets.iter_mut().enumerate() {
            let mut batch = Batch::new();
            batch.up(LOOPBACK);
            if let Some(above) = position.checked_sub(1) {
                bring_up(&mut batch, UPSTREAM, has_ipv6);
                join_upstream(&mut batch, &links[..=above], &more);
                add_default_routes(&mut batch, &links[above], egress, has_ipv6);
                if above == 0 {
                    more.join(&mut batch, has_ipv6);
                }
            }
            if let Some(link) = links.get(position) {
                connect(&mut batch, link, &namespaces[position + 1]);
                bring_up(&mut batch, DOWNSTREAM, has_ipv6);
                join_downstream(&mut batch, position, &links[position..], egress);
                if position == 0 {
                    more.connect(&mut batch, link, &namespaces[1], has_ipv6);
                }
            }
            socket.commit(&batch)?;
        }
        // Both ends of every link are up now; the near end went up first and may not have noticed.
        for socket in &mut sockets[..links.len()] {
            socket.commit(Batch::new().settle(DOWNSTREAM))?;
        }
        // The first and the last last as long as the processes in them.
        namespaces.pop();
        namespaces.swap_remove(0);
        Ok(Self { _routers: namespaces })
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

/// Connects the namespace to the next one.
fn connect(batch: &mut Batch, link: &Link, next: &Namespace) {
    let end = |side: &Side, index| End { name: side.name, index, mac: side.mac, mtu: link.mtu };
    batch.veth(end(&link.near, DOWNSTREAM), end(&link.far, UPSTREAM), next);
}

/// Adds addresses and routes on the link towards the service, which is the last of `links`.
fn join_upstream(batch: &mut Batch, links: &[Link], more: &More) {
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
        for address in services.iter().copied().chain(instance).chain(more.all()) {
            if address.is_ipv4() == gateway.is_ipv4() {
                batch.via(Destination::host(address), gateway, UPSTREAM);
            }
        }
    }
}

/// Adds the routes for all other destinations: rejected, or towards the service if there is egress.
fn add_default_routes(batch: &mut Batch, link: &Link, egress: bool, has_ipv6: bool) {
    if egress {
        for network in LINK_LOCAL {
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

/// Adds addresses and routes on the link away from the service, which is the first of `links`.
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
            // All clients of the service are behind the instance.
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
