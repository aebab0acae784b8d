//! Namespaces, cables, routes, counters and capture, put together: a hop limit that runs out at a
//! router. Takes a privileged user; without one there is nothing that could be tried.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use imds_linux::capture::Capture;
use imds_linux::link::{End, LOOPBACK};
use imds_linux::route::Destination;
use imds_linux::{Batch, Error, Namespace, Netlink, counters, sysctl, user_namespace};

const PATIENCE: Duration = Duration::from_secs(10);
const UP: u32 = 64;
const DOWN: u32 = 65;

fn end(name: &str, index: u32) -> End<'_> {
    End { name, index, mac: None, mtu: 1500 }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Whether there is anything to try; what is left out is said, and CI must leave nothing out.
fn may_make_networks() -> bool {
    let may = user_namespace::is_needless();
    if !may {
        assert!(std::env::var_os("CI").is_none(), "needed here: root");
        eprintln!("skipped: only a privileged user can make networks");
    }
    may
}

/// `near (10.0.0.1, fd00::1) - router - far (10.0.1.2, fd00:1::2)`
fn lab() -> Result<[Namespace; 3], Error> {
    let [near, router, far] = [Namespace::create()?, Namespace::create()?, Namespace::create()?];
    let here = [address("10.0.0.1"), address("fd00::1")];
    let middle = [address("10.0.0.2"), address("fd00::2")];
    let beyond = [address("10.0.1.1"), address("fd00:1::1")];
    let there = [address("10.0.1.2"), address("fd00:1::2")];
    near.run(|| {
        let mut batch = Batch::new();
        batch.up(LOOPBACK).veth(end("down", DOWN), end("up", UP), &router).up(DOWN);
        for (index, own) in here.into_iter().enumerate() {
            batch.address(DOWN, own, 24).on_link(Destination::host(middle[index]), DOWN);
            batch.via(Destination::host(there[index]), middle[index], DOWN);
        }
        Netlink::open()?.commit(&batch)
    })??;
    router.run(|| {
        sysctl::forward_ipv4()?;
        sysctl::forward_ipv6()?;
        let mut batch = Batch::new();
        batch.up(UP).veth(end("down", DOWN), end("up", UP), &far).up(DOWN);
        for index in 0..2 {
            batch.address(UP, middle[index], 24).on_link(Destination::host(here[index]), UP);
            batch.address(DOWN, beyond[index], 24).on_link(Destination::host(there[index]), DOWN);
        }
        Netlink::open()?.commit(&batch)
    })??;
    far.run(|| {
        let mut batch = Batch::new();
        batch.up(UP);
        for (index, own) in there.into_iter().enumerate() {
            batch.address(UP, own, 24).on_link(Destination::host(beyond[index]), UP);
            batch.via(Destination::host(here[index]), beyond[index], UP);
        }
        batch.unreachable(Destination::DEFAULT_V4).unreachable(Destination::DEFAULT_V6);
        Netlink::open()?.commit(&batch)
    })??;
    for namespace in [&near, &router] {
        namespace.run(|| Netlink::open()?.commit(Batch::new().settle(DOWN)))??;
    }
    Ok([near, router, far])
}

fn holds(frames: &[Vec<u8>], text: &[u8]) -> bool {
    frames.iter().any(|frame| frame.windows(text.len()).any(|window| window == text))
}

#[test]
fn a_packet_whose_hop_limit_runs_out_dies_at_the_router() {
    if !may_make_networks() {
        return;
    }
    let [near, router, far] = lab().unwrap();
    let mut capture = far.run(|| Capture::start("up")).unwrap().unwrap();

    let socket = near.run(|| UdpSocket::bind("10.0.0.1:0")).unwrap().unwrap();
    socket.set_ttl(1).unwrap();
    socket.send_to(b"too short", "10.0.1.2:9").unwrap();
    socket.set_ttl(2).unwrap();
    socket.send_to(b"far enough", "10.0.1.2:9").unwrap();

    assert!(capture.wait_for(PATIENCE, |frames| holds(frames, b"far enough")).unwrap());
    assert!(!holds(capture.frames().unwrap(), b"too short"));
    assert_eq!(router.run(counters::time_exceeded_ipv4).unwrap().unwrap(), 1);
    assert_eq!(far.run(counters::time_exceeded_ipv4).unwrap().unwrap(), 0);
    assert_eq!(router.run(counters::time_exceeded_ipv6).unwrap().unwrap(), 0);
}

#[test]
fn what_has_no_route_is_refused_at_once() {
    if !may_make_networks() {
        return;
    }
    let [_near, _router, far] = lab().unwrap();
    for (own, foreign) in [("10.0.1.2:0", "192.0.2.1:9"), ("[fd00:1::2]:0", "[2001:db8::1]:9")] {
        let socket = far.run(|| UdpSocket::bind(own)).unwrap().unwrap();
        let error = socket.connect(foreign).unwrap_err();
        assert!(matches!(error.raw_os_error(), Some(libc::EHOSTUNREACH)), "{error}");
    }
}

#[test]
fn a_refused_change_is_named() {
    if !may_make_networks() {
        return;
    }
    let namespace = Namespace::create().unwrap();
    let refused = namespace
        .run(|| Netlink::open()?.commit(Batch::new().up(LOOPBACK).up(99).up(98)))
        .unwrap()
        .unwrap_err();
    assert_eq!(refused.to_string(), "cannot bring interface 99 up");
    assert_eq!(refused.io().and_then(std::io::Error::raw_os_error), Some(libc::ENODEV));
}

#[test]
fn links_and_addresses_are_listed() {
    if !may_make_networks() {
        return;
    }
    let [_near, router, _far] = lab().unwrap();
    let (links, addresses) = router
        .run(|| {
            let mut socket = Netlink::open()?;
            Ok::<_, Error>((socket.links()?, socket.addresses()?))
        })
        .unwrap()
        .unwrap();
    assert!(links.contains(&("up".into(), UP)) && links.contains(&("down".into(), DOWN)));
    assert!(addresses.contains(&address("10.0.0.2")));
    assert!(addresses.contains(&address("fd00:1::1")));
}
