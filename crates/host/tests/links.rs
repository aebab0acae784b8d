//! Links that come and go while the service runs, seen by its clients.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::io::{Error, ErrorKind, Read as _, Result, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use imds_account::{Network, Store};
use imds_core::options::{HttpTokens, Preferences};
use imds_core::response::{ImdsVersion, Status};
use imds_core::{InstanceId, Launch};
use imds_dataplane::{Link, LinkId, Target};
use imds_host::{Account, Host, HostSettings};

const GET: &[u8] =
    b"GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n";

/// A host of one instance, with two threads, that answers without a token.
fn host() -> (Host, InstanceId) {
    let options = Preferences { http_tokens: Some(HttpTokens::Optional), ..<_>::default() };
    let launch = Launch { options, ..Launch::default() };
    let network = Network::of(&launch);
    let account = Account::open(Store::in_memory(), &launch, network).unwrap();
    let id = account.instance().id.clone();
    let threads = NonZeroUsize::new(2).unwrap();
    let host = Host::start(account, HostSettings { threads, ..HostSettings::default() }).unwrap();
    (host, id)
}

fn attach(host: &Host, target: Target) -> (LinkId, SocketAddr) {
    let link = Link::bind("127.0.0.1:0".parse().unwrap(), target).unwrap();
    let address = link.address().unwrap();
    (host.attach(link).unwrap(), address)
}

/// Asks once on an open connection; the body.
fn ask(stream: &mut TcpStream) -> Result<String> {
    stream.write_all(GET)?;
    let mut response = Vec::new();
    let mut room = [0; 1024];
    loop {
        let count = stream.read(&mut room)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        response.extend_from_slice(&room[..count]);
        let text = String::from_utf8_lossy(&response);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
        });
        if length.is_some_and(|length| body.len() >= length) {
            return Ok(body.to_owned());
        }
    }
}

fn is_reset(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof
    )
}

#[test]
fn nobody_else_notices_links_that_come_and_go() {
    const ROUNDS: usize = 200;
    let (host, id) = host();
    let (_, steady) = attach(&host, Target::BySource);
    let is_over = AtomicBool::new(false);
    let asked: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut stream = TcpStream::connect(steady).unwrap();
                    let mut count = 0;
                    while !is_over.load(Ordering::Relaxed) {
                        assert_eq!(ask(&mut stream).unwrap(), id.as_str(), "after {count}");
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let mut on_others = 0;
        for _ in 0..ROUNDS {
            let (link, address) = attach(&host, Target::Instance(id.clone()));
            let mut streams: Vec<_> =
                (0..3).map(|_| TcpStream::connect(address).unwrap()).collect();
            for stream in &mut streams {
                assert_eq!(ask(stream).unwrap(), id.as_str());
                on_others += 1;
            }
            let counts = host.counters().links[&link];
            assert_eq!([counts.connections, counts.open, counts.requests, counts.v1], [3; 4]);
            host.detach(link).unwrap();
            assert!(!host.counters().links.contains_key(&link));
            assert!(host.detach(link).is_err(), "it is gone already");
            for stream in &mut streams {
                let error = ask(stream).unwrap_err();
                assert!(is_reset(&error), "{error}");
            }
            let refused = TcpStream::connect(address).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        }
        is_over.store(true, Ordering::Relaxed);
        on_others + clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>()
    });
    let counts = host.instance_counts(&id).unwrap();
    assert_eq!(counts.requests(ImdsVersion::V1, Status::Ok), asked as u64);
    assert_eq!(counts.total(), asked as u64);
    assert_eq!(counts.connections, (4 + 3 * ROUNDS) as u64);
    host.drain();
}

#[test]
fn a_link_of_an_instance_that_does_not_run_is_answered_by_nobody() {
    let (host, id) = host();
    let (_, address) = attach(&host, Target::Instance("i-99999999".parse().unwrap()));
    let mut stream = TcpStream::connect(address).unwrap();
    assert!(is_reset(&ask(&mut stream).unwrap_err()));
    assert!(host.instance_counts(&id).is_none());
}

#[test]
fn subscribers_see_each_request_with_its_link() {
    let (host, id) = host();
    let (first, second) = (host.subscribe(16), host.subscribe(1));
    let (one, one_address) = attach(&host, Target::BySource);
    let (other, other_address) = attach(&host, Target::BySource);
    for address in [one_address, other_address, one_address] {
        ask(&mut TcpStream::connect(address).unwrap()).unwrap();
    }
    let links: Vec<_> = (0..3).map(|_| first.next().unwrap()).map(|it| it.link).collect();
    assert_eq!(links.iter().filter(|link| **link == one).count(), 2);
    assert_eq!(links.iter().filter(|link| **link == other).count(), 1);
    let record = second.next().unwrap();
    assert_eq!((record.endpoint.instance_id(), record.version), (&id, ImdsVersion::V1));
    assert_eq!(second.take_dropped(), 2, "its queue has room for one");
    // A subscription ends with the service.
    drop(host);
    assert!(first.next().is_none());
}
