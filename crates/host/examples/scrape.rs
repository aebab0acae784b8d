//! How long a scrape of the metrics takes, and how large it is, with 100,000 instances that all used `IMDSv1`.
//!
//! `cargo run --release --package imds-host --example scrape`
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::time::Instant;

use imds_account::launch::{keep, record, resolve};
use imds_account::{Network, Store, Transaction, keys};
use imds_core::launch::LaunchInterface;
use imds_core::network::PrivateIpv4;
use imds_core::options::{HttpTokens, MetadataDefaults, Preferences};
use imds_core::{InstanceId, Launch};
use imds_dataplane::{Link, Target};
use imds_host::{Account, Host, HostSettings, MetricsSocket};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

const INSTANCES: u32 = 100_000;

/// How many are written at once.
const BATCH: u32 = 500;

const SCRAPES: usize = 51;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let launch = Launch::default();
    let network = Network::of(&launch);
    let account = Account::open(Store::in_memory(), &launch, network.clone())?;
    let store = account.store().clone();
    fill(&store, &network)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let metrics = listener.local_addr()?;
    let settings = HostSettings { metrics: Some(MetricsSocket { listener }), ..<_>::default() };
    let host = Host::start(account, settings)?;
    let link = Link::bind("127.0.0.1:0".parse()?, Target::BySource)?;
    let SocketAddr::V4(service) = link.address()? else { return Err("not IPv4".into()) };
    host.attach(link)?;
    for number in 0..INSTANCES {
        let answer = exchange(stream(address(number), service)?, "/latest/meta-data/mac")?;
        if !answer.contains(" 200 ") {
            return Err(answer.into());
        }
    }
    let scrape = || -> Outcome<(f64, usize)> {
        let start = Instant::now();
        let text = exchange(TcpStream::connect(metrics)?, "/metrics")?;
        Ok((start.elapsed().as_secs_f64() * 1000.0, text.len()))
    };
    let (first, length) = scrape()?;
    let mut times = (1..SCRAPES).map(|_| Ok(scrape()?.0)).collect::<Outcome<Vec<_>>>()?;
    times.sort_by(f64::total_cmp);
    let counted = host.counters();
    println!("{} instances, {} requests with IMDSv1", counted.served, counted.all.total());
    let gone = keys::instance(&"us-east-1".parse()?, id(0)?.as_str());
    store.commit(Transaction::new().remove(&gone))?;
    // The reading that sees it looks for what else is gone.
    let changed = loop {
        let start = Instant::now();
        if host.counters().served < counted.served {
            break start.elapsed().as_secs_f64() * 1000.0;
        }
        std::thread::yield_now();
    };
    println!(
        "  a scrape    {:6.1} ms, at most {:.1} (goal: 50)",
        times[SCRAPES / 2],
        times[SCRAPES - 2]
    );
    println!("  the first   {first:6.1} ms, the counters alone after a change {changed:.1}");
    println!("  its size    {:6} KiB (goal: at most 1024)", length / 1024);
    Ok(())
}

fn id(number: u32) -> Outcome<InstanceId> {
    Ok(format!("i-{number:017x}").parse()?)
}

/// Keeps instances whose addresses are of the loopback network, so that each can be asked from its own.
fn fill(store: &Store, network: &Network) -> Outcome<()> {
    let options = Preferences { http_tokens: Some(HttpTokens::Optional), ..<_>::default() };
    for batch in 0..INSTANCES / BATCH {
        let mut transaction = Transaction::new();
        for number in batch * BATCH..(batch + 1) * BATCH {
            let ipv4 = vec![PrivateIpv4 { address: address(number), public: None }];
            let launch = Launch {
                instance_id: Some(id(number)?),
                interfaces: vec![LaunchInterface { ipv4, ..<_>::default() }],
                options,
                ..Launch::default()
            };
            let instance = resolve(launch, MetadataDefaults::default())?;
            let record = record(&instance, network, || format!("iip-assoc-{number:017x}"));
            transaction = keep(transaction, &instance, &record);
        }
        store.commit(transaction)?;
    }
    Ok(())
}

fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 64, 0, 0)) + number)
}

/// A connection from an address.
fn stream(from: Ipv4Addr, to: SocketAddrV4) -> Outcome<TcpStream> {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&socket, &SocketAddrV4::new(from, 0))?;
    connect(&socket, &to)?;
    Ok(socket.into())
}

fn exchange(mut stream: TcpStream, path: &str) -> Outcome<String> {
    let accept = "Accept: application/openmetrics-text";
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n{accept}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
