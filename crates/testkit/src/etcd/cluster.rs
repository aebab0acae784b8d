//! Three members, each in a network namespace of its own, with a link each to a namespace between them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use imds_linux::link::{End, LOOPBACK};
use imds_linux::route::Destination;
use imds_linux::{Batch, Namespace, Netlink, sysctl};
use rustix::process::Signal;
use serde_json::json;

use super::disk::Disk;
use super::fault::Fault;
use super::{Member, Place, call, calls, compact};
use crate::eventually;

const MEMBERS: u8 = 3;
const CLIENT_PORT: u16 = 2379;
const PEER_PORT: u16 = 2380;

/// How many megabytes a member's disk has: files of its log have 64 each, two from the start.
const DISK: u16 = 384;

/// Has a member remove files of its log soon, so that they never fill its disk.
const SHORT_LOG: [&str; 3] = ["--max-wals=1", "--max-snapshots=1", "--snapshot-count=5000"];

/// The member's end of its link.
const UPLINK: u32 = 64;
const UP: &str = "up";

/// A cluster; gone when it is dropped.
#[derive(Debug)]
pub struct EtcdCluster {
    hub: Namespace,
    /// A namespace goes with its last process and handle.
    namespaces: Vec<Namespace>,
    members: Vec<Member>,
}

impl EtcdCluster {
    /// Starts three members with these flags, and waits until each answers.
    pub fn start(flags: &[&str]) -> Result<Self> {
        Self::start_with(flags, |_| Ok(()))
    }

    /// The same without flags of yours, and each has a disk that can be filled.
    pub fn start_on_small_disks() -> Result<Self> {
        Self::start_with(&SHORT_LOG, |member| {
            member.disk = Some(Disk::make(&member.data(), DISK)?);
            Ok(())
        })
    }

    fn start_with(flags: &[&str], prepare: fn(&mut Member) -> Result<()>) -> Result<Self> {
        let hub = Namespace::create()?;
        hub.run(|| {
            sysctl::forward_ipv4()?;
            Netlink::open()?.commit(Batch::new().up(LOOPBACK))
        })??;
        let places: Vec<_> = (0..MEMBERS).map(place).collect();
        let cluster = places.iter().map(Place::in_cluster).collect::<Vec<_>>().join(",");
        let mut all = Self { hub, namespaces: Vec::new(), members: Vec::new() };
        for (number, place) in (0..MEMBERS).zip(places) {
            let namespace = Namespace::create()?;
            connect(&all.hub, &namespace, number)?;
            let flags = flags.iter().copied().map(str::to_owned).collect();
            let mut member = Member::new(place, cluster.clone(), flags)?;
            prepare(&mut member)?;
            namespace.run(|| member.start())??;
            all.namespaces.push(namespace);
            all.members.push(member);
        }
        all.wait_until_healthy()?;
        Ok(all)
    }

    /// Where clients are: threads that speak with the cluster are started there.
    pub fn hub(&self) -> &Namespace {
        &self.hub
    }

    /// `HOST:PORT` of each member, with commas between them, the numbered one first.
    pub fn addresses(&self, first: u8) -> String {
        let addresses = self.members.iter().map(|member| member.place.client.to_string());
        let mut addresses: Vec<_> = addresses.collect();
        addresses.rotate_left(first.into());
        addresses.join(",")
    }

    /// The number of the member that leads.
    pub fn leader(&self) -> Result<u8> {
        let leader = self.hub.run(|| {
            eventually("a leader", || {
                self.members.iter().position(|member| {
                    let status = call(member.place.client, "/v3/maintenance/status", &json!({}));
                    status.is_ok_and(|it| {
                        it["leader"] == it["header"]["member_id"] && it["leader"].is_string()
                    })
                })
            })
        })??;
        Ok(u8::try_from(leader)?)
    }

    /// Waits until each member answers.
    pub fn wait_until_healthy(&self) -> Result<()> {
        self.hub.run(|| self.members.iter().try_for_each(Member::wait_until_healthy))?
    }

    /// Waits until one of the members answers, which most of them must live for.
    pub fn wait_until_one_answers(&self) -> Result<()> {
        let answers = || self.members.iter().any(Member::is_healthy).then_some(());
        self.hub.run(|| eventually("a member to answer", answers))?
    }

    /// How many calls clients have begun, of each method such as `Range`, since the members were started.
    pub fn calls(&self) -> Result<BTreeMap<String, u64>> {
        let mut all = BTreeMap::new();
        for member in &self.members {
            for (method, count) in self.hub.run(|| calls(member.place.client))?? {
                *all.entry(method).or_default() += count;
            }
        }
        Ok(all)
    }

    /// Forgets what was before the newest revision.
    pub fn compact(&self) -> Result<()> {
        let first = self.members.first().context("no member")?;
        self.hub.run(|| compact(first.place.client))?
    }

    /// Has a fault befall a member.
    pub fn inflict(&mut self, fault: Fault, member: u8) -> Result<()> {
        let one = &mut self.members[usize::from(member)];
        match fault {
            Fault::Killed => {
                one.kill();
                Ok(())
            }
            Fault::Stopped => one.signal(Signal::STOP),
            Fault::CutOff => run(&self.hub, "ip", &["link", "set", &name(member), "down"]),
            Fault::Slow => {
                let rate = ["tbf", "rate", "1mbit", "burst", "4kb", "latency", "400ms"];
                self.shape(member, "replace", &rate)
            }
            Fault::FullDisk => one.disk()?.fill(),
        }
    }

    /// Ends a fault.
    pub fn end(&mut self, fault: Fault, member: u8) -> Result<()> {
        let one = &mut self.members[usize::from(member)];
        match fault {
            Fault::Killed => self.start_again(member),
            Fault::Stopped => one.signal(Signal::CONT),
            Fault::CutOff => self.hub.run(|| join(member))?,
            Fault::Slow => self.shape(member, "delete", &[]),
            Fault::FullDisk => {
                one.disk()?.empty()?;
                // It may have ended by itself.
                one.kill();
                self.start_again(member)
            }
        }
    }

    fn start_again(&mut self, member: u8) -> Result<()> {
        let Self { namespaces, members, .. } = self;
        let member = usize::from(member);
        namespaces[member].run(|| members[member].start())?
    }

    fn shape(&self, member: u8, action: &str, discipline: &[&str]) -> Result<()> {
        let ends = [(&self.hub, name(member)), (&self.namespaces[usize::from(member)], UP.into())];
        ends.into_iter().try_for_each(|(namespace, device)| {
            let words = ["qdisc", action, "dev", &device, "root"];
            run(namespace, "tc", &[&words, discipline].concat())
        })
    }
}

/// Runs a program in a namespace.
fn run(namespace: &Namespace, program: &str, words: &[&str]) -> Result<()> {
    let status = namespace.run(|| Command::new(program).args(words).status())??;
    ensure!(status.success(), "{program} {words:?}: {status}");
    Ok(())
}

fn place(number: u8) -> Place {
    let host = address(number, 2);
    Place {
        client: SocketAddr::new(host, CLIENT_PORT),
        peer: SocketAddr::new(host, PEER_PORT),
        name: name(number),
    }
}

/// An address on a member's link: host 1 is the hub, 2 the member.
fn address(number: u8, host: u8) -> IpAddr {
    Ipv4Addr::new(10, 9, number, host).into()
}

fn connect(hub: &Namespace, member: &Namespace, number: u8) -> Result<()> {
    hub.run(|| {
        let mut batch = Batch::new();
        batch.veth(end(&name(number), index(number)), end(UP, UPLINK), member);
        batch.address(index(number), address(number, 1), 24);
        Netlink::open()?.commit(&batch)?;
        join(number)
    })??;
    member.run(|| {
        let mut batch = Batch::new();
        batch.up(LOOPBACK).up(UPLINK).address(UPLINK, address(number, 2), 24);
        batch.via(Destination::DEFAULT_V4, address(number, 1), UPLINK);
        Netlink::open()?.commit(&batch)
    })??;
    Ok(())
}

/// Brings the hub's end of a link up, with the route that goes with it each time it is cut.
fn join(number: u8) -> Result<()> {
    let network = Destination { address: address(number, 0), prefix_len: 24 };
    let mut batch = Batch::new();
    batch.up(index(number)).settle(index(number)).on_link(network, index(number));
    Ok(Netlink::open()?.commit(&batch)?)
}

/// The hub's end of a link.
fn index(number: u8) -> u32 {
    64 + u32::from(number)
}

fn name(number: u8) -> String {
    format!("m{number}")
}

fn end(name: &str, index: u32) -> End<'_> {
    End { name, index, mac: None, mtu: 1500 }
}
