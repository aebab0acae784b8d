//! The namespace where the metadata addresses are: one IP hop outside of every workload.
//!
//! It has the addresses once, on `lo`; one veth end for each workload; and for each of them listeners
//! that are bound to its device. So workloads may have the same addresses, and none reaches another.
//! Both ends of a pair have the same Ethernet address and no ARP: whatever is sent into one end is
//! for the other, with no neighbour to look for and no route needed for what is behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use imds_linux::link::{End, LOOPBACK};
use imds_linux::route::Destination;
use imds_linux::{Batch, Error, Namespace, Netlink, socket, sysctl};

use crate::lost::{Lost, indices};

/// The metadata address.
pub(crate) const SERVICE_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// The metadata address of IPv6, `fd00:ec2::254`.
pub(crate) const SERVICE_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// Both.
pub(crate) const SERVICES: [IpAddr; 2] = [IpAddr::V4(SERVICE_V4), IpAddr::V6(SERVICE_V6)];

const PORT: u16 = 80;
const MTU: u32 = 1500;
/// The group of our ends; every other device is in group 0.
const GROUP: u32 = 1;
/// Above what tunnel drivers take in every new namespace.
const FIRST_INDEX: u32 = 64;

pub(crate) struct Outside {
    pub(crate) namespace: Namespace,
    /// Tells of lost devices.
    pub(crate) events: Netlink,
    netlink: Netlink,
    next_index: u32,
}

/// The service's end of a veth pair.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Near {
    pub(crate) index: u32,
}

impl Near {
    pub(crate) fn name(self) -> String {
        format!("link{}", self.index)
    }

    /// Locally administered, and the same at both ends.
    fn mac(self) -> [u8; 6] {
        let [_, a, b, c] = self.index.to_be_bytes();
        [0x02, 0xa9, 0xfe, a, b, c]
    }
}

impl Outside {
    /// Makes the namespace, and moves the calling thread into it.
    pub(crate) fn create() -> Result<Self, Error> {
        let namespace = Namespace::unshare()?;
        sysctl::be_a_dead_end()?;
        let (mut netlink, events) = (Netlink::open()?, Netlink::open_link_events()?);
        let mut batch = Batch::new();
        batch.up(LOOPBACK).address(LOOPBACK, SERVICE_V4.into(), 32);
        if sysctl::has_ipv6() {
            batch.address(LOOPBACK, SERVICE_V6.into(), 128);
        }
        netlink.commit(&batch)?;
        Ok(Self { namespace, events, netlink, next_index: FIRST_INDEX })
    }

    /// Makes a pair: our end is ready, the other one, of this name in `workload`, is down.
    pub(crate) fn connect(&mut self, workload: &Namespace, name: &str) -> Result<Near, Error> {
        let near = Near { index: self.next_index };
        self.next_index += 1;
        let end = |name, index| End { name, index, mac: Some(near.mac()), mtu: MTU };
        let mut batch = Batch::new();
        batch.veth(end(&near.name(), near.index), end(name, 0), workload);
        self.netlink.commit(&batch)?;
        let mut batch = Batch::new();
        if sysctl::has_ipv6() {
            batch.no_link_local(near.index);
        }
        batch.group(near.index, GROUP).no_arp(near.index).up(near.index);
        if sysctl::has_ipv6() {
            // IPv4 needs no route: what leaves by a device is for whoever is there.
            batch.on_link_from(Destination::DEFAULT_V6, near.index, None, near.index);
        }
        self.netlink.commit(&batch).inspect_err(|_| drop(self.remove(near)))?;
        Ok(near)
    }

    /// Makes the pair able to carry packets at once, after the other end went up.
    pub(crate) fn settle(&mut self, near: Near) -> Result<(), Error> {
        self.netlink.commit(Batch::new().settle(near.index))
    }

    /// Removes a pair.
    pub(crate) fn remove(&mut self, near: Near) -> Result<(), Error> {
        self.netlink.commit(Batch::new().remove_link(near.index))
    }

    /// Removes all pairs.
    pub(crate) fn remove_all(&mut self) -> Result<(), Error> {
        self.netlink.commit(Batch::new().remove_group(GROUP))
    }

    /// Its devices that were lost since it was asked last.
    pub(crate) fn lost(&mut self) -> Lost {
        let told = self.events.lost_links();
        Lost::of(told, || indices(&mut self.netlink))
    }
}

/// Where the service listens.
pub(crate) fn service_address(ipv6: bool) -> SocketAddr {
    SocketAddr::new(SERVICES[usize::from(ipv6)], PORT)
}

/// Opens the listeners of a device, in the calling thread's namespace, which has the addresses.
pub(crate) fn listen(device: &str, ipv6: bool) -> std::io::Result<Vec<TcpListener>> {
    [false, true]
        .into_iter()
        .filter(|is_ipv6| ipv6 || !is_ipv6)
        .map(|is_ipv6| socket::listen_on_device(service_address(is_ipv6), device))
        .collect()
}
