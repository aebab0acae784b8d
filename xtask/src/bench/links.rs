//! A thousand namespaces that are linked: what they cost, and what they cost each other.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::AsRawFd as _;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use imds_linux::link::LOOPBACK;
use imds_linux::{Batch, Namespace, Netlink};

use super::load::Load;
use super::measure::{IMDS, ROUNDS, median, time};
use super::server::{Server, token};

const NAMESPACES: u32 = 1000;
/// In the namespace that plays the host.
const LISTENER: &str = "127.0.0.1:1338";
const API: &str = "127.0.0.1:1339";
const LINK: &str = "169.254.169.254:80";
/// How long everything may take to be as it should be.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn measure() -> Result<()> {
    println!("{NAMESPACES} namespaces that are linked");
    let host = namespace()?;
    let state = std::path::absolute("target/bench-links")?;
    if state.exists() {
        fs::remove_dir_all(&state)?;
    }
    let serve = || {
        let arguments = ["--control", API, "--no-auth", "--access-log", "off"];
        Server::imds(&IMDS, LISTENER, &state, &arguments)
    };
    let server = host.run(serve)??;
    let mut workloads = (0..NAMESPACES).map(|_| namespace()).collect::<Result<Vec<_>>>()?;
    let (ours, kernel) = (server.memory_with_children()?, slab()?);

    let added = host.run(|| workloads.iter().map(add).collect::<Result<Vec<_>>>())??;
    println!("  added               {:6.2} ms each (goal: at most 5)", median(added));
    let each = |bytes: f64| bytes / f64::from(NAMESPACES) / 1024.0;
    let used = each(server.memory_with_children()? - ours);
    println!("  memory of ours      {used:6.1} KiB each (goal: at most 16)");
    println!("  memory of the kernel {:5.1} KiB each", each(slab()? - kernel));

    let list = || -> Result<f64> {
        time(
            Command::new(&*IMDS)
                .args(["link", "list"])
                .env("XDG_STATE_HOME", &state)
                .stdout(fs::File::create("/dev/null")?),
        )
    };
    let listed = host.run(|| (0..ROUNDS).map(|_| list()).collect::<Result<Vec<_>>>())??;
    println!("  imds link list      {:6.1} ms (goal: at most 100)", median(listed));

    compare_load(&server, &host, workloads.last().context("no namespace")?)?;
    notice_ends(&host, &mut workloads)?;

    drop(server);
    let start = Instant::now();
    let server = host.run(serve)??;
    while host.run(attached)?? < workloads.len() {
        ensure!(start.elapsed() < PATIENCE, "some links are not attached again");
    }
    let left = u32::try_from(workloads.len())?;
    let again = start.elapsed().as_secs_f64() * 1000.0 / f64::from(left);
    println!("  after a restart     {again:6.2} ms each\n");
    drop(server);
    Ok(())
}

/// A `GET` by a link, beside the same at an address of the host.
fn compare_load(server: &Server, host: &Namespace, workload: &Namespace) -> Result<()> {
    let (mut by_link, mut by_listener) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        by_listener.push(host.run(|| server.load(LISTENER, &token(LISTENER)?, Load::KEPT_ALIVE))??);
        by_link.push(workload.run(|| server.load(LINK, &token(LINK)?, Load::KEPT_ALIVE))??);
    }
    let (by_link, by_listener) = (median(by_link), median(by_listener));
    println!(
        "  tokened GET         {by_link:6.2} µs of processor time, {by_listener:.2} at --listen"
    );
    println!("    rate              {:6.2} of that (goal: at least 0.95)", by_listener / by_link);
    Ok(())
}

/// How long it takes until the end of a namespace shows.
fn notice_ends(host: &Namespace, workloads: &mut Vec<Namespace>) -> Result<()> {
    let noticed = (0..ROUNDS).map(|_| {
        let gone = workloads.pop().context("no namespace")?;
        let start = Instant::now();
        let before = host.run(waiting)??;
        drop(gone);
        while host.run(waiting)?? == before {
            ensure!(start.elapsed() < PATIENCE, "the end of a namespace is not noticed");
        }
        Ok(start.elapsed().as_secs_f64() * 1000.0)
    });
    let noticed = median(noticed.collect::<Result<_>>()?);
    println!("  one ends: noticed   {noticed:6.1} ms (goal: at most 1000)");
    Ok(())
}

fn namespace() -> Result<Namespace> {
    let namespace = Namespace::create()?;
    namespace.run(|| Netlink::open()?.commit(Batch::new().up(LOOPBACK)))??;
    Ok(namespace)
}

/// Adds a link; milliseconds until it was attached.
fn add(workload: &Namespace) -> Result<f64> {
    let place = format!("netns=/proc/{}/fd/{}", std::process::id(), workload.as_raw_fd());
    let start = Instant::now();
    let answer = ask(&format!(r#"{{"action":"AddLink","place":"{place}","instance":null}}"#))?;
    ensure!(answer.contains(r#""state":"attached""#), "{answer}");
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}

fn waiting() -> Result<usize> {
    Ok(ask(r#"{"action":"ListLinks"}"#)?.matches(r#""state":"waiting""#).count())
}

fn attached() -> Result<usize> {
    Ok(ask(r#"{"action":"ListLinks"}"#)?.matches(r#""state":"attached""#).count())
}

/// A request of `imds link` to the service, without the start of a program.
fn ask(body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(API)?;
    let length = body.len();
    write!(
        stream,
        "POST /imds HTTP/1.1\r\nHost: {API}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{body}: {answer}");
    Ok(answer)
}

/// What the kernel's objects take of the machine, in bytes: of others, too.
fn slab() -> Result<f64> {
    let memory = fs::read_to_string("/proc/meminfo")?;
    let slab = memory.lines().find_map(|line| line.strip_prefix("Slab:")).context("no Slab")?;
    let kib: f64 = slab.split_whitespace().next().context("no Slab")?.parse()?;
    Ok(kib * 1024.0)
}
