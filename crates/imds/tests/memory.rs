//! Bounds on memory, with clients that take as much as they can.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use rustix::net::sockopt;
use testkit::{
    Context as _, MemoryCgroup, Need, Process, Result, SOON, Server, Trial, ensure, eventually,
    tests,
};

use crate::robustness::resident_kib;

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![
        &[];
        large_heads_are_bounded_in_all_and_given_back,
        clients_that_take_nothing_share_one_copy,
        bodies_of_nobody_known_are_bounded_in_all,
    ];
    trials.extend(tests![&[Need::MemoryCgroup]; ten_thousand_hostile_clients_leave_it_alive]);
    trials
}

/// The word that makes this binary a crowd of hostile clients.
pub(crate) const HOSTILE: &str = "--hostile";

/// How many connections the crowd makes to the metadata service.
const CROWD: usize = 9_000;

/// How many it makes to the EC2 API.
const CALLERS: usize = 1_000;

const GET: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

/// How many bytes the large value has.
const VALUE: usize = 4 << 20;

/// An overlay with a large value.
fn large_value() -> Result<tempfile::TempDir> {
    let overlay = tempfile::TempDir::new()?;
    fs::create_dir(overlay.path().join("meta-data"))?;
    fs::write(overlay.path().join("meta-data/large"), vec![b'x'; VALUE])?;
    Ok(overlay)
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SOON))?;
    stream.set_write_timeout(Some(SOON))?;
    Ok(stream)
}

fn good_client(server: &Server) -> Result<()> {
    let answer = server.exchange(GET)?;
    ensure!(answer[8..].starts_with(b" 200 "), "{}", answer.escape_ascii());
    Ok(())
}

/// 4,000 heads of nearly 16 KiB would be 64 MB, and 130 MB in buffers of powers of two.
fn large_heads_are_bounded_in_all_and_given_back() -> Result<()> {
    const CLIENTS: usize = 4_000;
    const MOST_KIB: usize = 16 * 1024 + CLIENTS * 8;
    let mut server = Server::start(&["--ami", "al2", "--threads", "1"])?;
    let before = resident_kib(&mut server)?;
    let head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(15 * 1024));
    let mut held = Vec::new();
    for _ in 0..CLIENTS {
        let mut stream = connect(server.address())?;
        // Some are closed, because others hold too much.
        let _ = stream.write_all(head.as_bytes());
        held.push(stream);
    }
    good_client(&server)?;
    let grown = resident_kib(&mut server)?.saturating_sub(before);
    ensure!(grown < MOST_KIB, "{CLIENTS} heads take {grown} KiB");
    let mut answered = 0;
    for stream in &mut held {
        let mut answer = [0; 12];
        let sent = stream.write_all(b"\r\n\r\n").and_then(|()| stream.read_exact(&mut answer));
        answered += usize::from(sent.is_ok() && answer.ends_with(b" 200"));
    }
    ensure!(answered >= 256, "only {answered} were answered");
    drop(held);
    // What was taken is free for others.
    let mut stream = connect(server.address())?;
    stream.write_all(format!("{head}\r\n\r\n").as_bytes())?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    ensure!(answer.ends_with(b" 200"), "{}", answer.escape_ascii());
    eprintln!("{CLIENTS} unfinished heads of 15 KiB: {grown} KiB, {answered} answered");
    Ok(())
}

/// 200 copies of a value of 4 MiB would be 0.8 GB; the kernel's queues as much again.
fn clients_that_take_nothing_share_one_copy() -> Result<()> {
    const CLIENTS: usize = 200;
    /// Less than two more copies, with what 200 connections and the allocator of each thread take.
    const MOST_KIB: usize = 2 * VALUE / 1024;
    /// What the kernel may hold of answers for each client: the send buffer, with its bookkeeping.
    const MOST_QUEUED: usize = 64 << 10;
    let overlay = large_value()?;
    let directory = overlay.path().to_str().context("a path in UTF-8")?;
    let mut server = Server::start(&["--ami", "al2", "--overlay", directory])?;
    let before = resident_kib(&mut server)?;
    let mut held = Vec::new();
    for _ in 0..CLIENTS {
        let mut stream = connect(server.address())?;
        sockopt::set_socket_recv_buffer_size(&stream, 4096)?;
        stream.write_all(b"GET /latest/meta-data/large HTTP/1.1\r\n\r\n")?;
        held.push(stream);
    }
    for stream in &mut held {
        stream.read_exact(&mut [0])?;
    }
    good_client(&server)?;
    let grown = resident_kib(&mut server)?.saturating_sub(before);
    ensure!(grown < MOST_KIB, "{CLIENTS} readers of one value take {grown} KiB");
    let queued = queued(server.address())?;
    ensure!(queued < CLIENTS * MOST_QUEUED, "the kernel holds {queued} bytes");
    eprintln!("{CLIENTS} readers that take nothing: {grown} KiB, {queued} bytes in the kernel");
    // One that takes it has all of it.
    let answer = server.exchange("GET /latest/meta-data/large HTTP/1.1\r\n\r\n")?;
    let body = answer.len() - answer.iter().rev().take_while(|byte| **byte == b'x').count();
    ensure!(answer.len() - body == VALUE, "it has {} bytes", answer.len() - body);
    Ok(())
}

/// How many bytes wait in the kernel to be taken by clients of `address`.
fn queued(address: SocketAddr) -> Result<usize> {
    let port = format!(":{:04X}", address.port());
    let table = fs::read_to_string("/proc/thread-self/net/tcp")?;
    let queues = table.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        let ours = words.next().filter(|local| local.ends_with(&port));
        let queue = ours.and(words.nth(2))?.split(':').next()?;
        usize::from_str_radix(queue, 16).ok()
    });
    Ok(queues.sum())
}

/// 1,000 unfinished bodies of nearly 1 MiB would be 1 GB.
fn bodies_of_nobody_known_are_bounded_in_all() -> Result<()> {
    const CLIENTS: usize = 900;
    const BODY: usize = 1_000_000;
    /// 20 MiB of bodies, and what the connections and their buffers take.
    const MOST_KIB: usize = 20 * 1024 + CLIENTS * 32;
    let mut server = Server::start(&["--ami", "al2"])?;
    let before = resident_kib(&mut server)?;
    let head =
        format!("POST / HTTP/1.1\r\nHost: {}\r\nContent-Length: {BODY}\r\n\r\n", server.control());
    let body = vec![b'x'; BODY - 1];
    let mut held = Vec::new();
    for _ in 0..CLIENTS {
        let mut stream = connect(server.control())?;
        stream.write_all(head.as_bytes())?;
        // Most are refused before they have sent all.
        let _ = stream.write_all(&body);
        held.push(stream);
    }
    let grown = resident_kib(&mut server)?.saturating_sub(before);
    ensure!(grown < MOST_KIB, "{CLIENTS} bodies take {grown} KiB");
    // Small calls go on.
    let mut environment = testkit::imds();
    environment.args(["instance", "list"]).env("XDG_STATE_HOME", server.state_home());
    testkit::Finished::success(&mut environment)?;
    drop(held);
    eventually("large bodies to be taken again", || {
        let mut stream = connect(server.control()).ok()?;
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(&vec![b'x'; BODY]).ok()?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).ok()?;
        // Read whole, and refused for what it says.
        answer[8..].starts_with(b" 4").then_some(())
    })?;
    eprintln!("{CLIENTS} unfinished bodies of 1 MB: {grown} KiB");
    Ok(())
}

/// With a fraction of the memory that they could take, were they not bounded. A debug build needs up to
/// 128 MiB, files that it reads included; the rest is so that the test does not fail by chance.
fn ten_thousand_hostile_clients_leave_it_alive() -> Result<()> {
    const LIMIT: u64 = 160 << 20;
    const REQUESTS: usize = 500;
    let overlay = large_value()?;
    let directory = overlay.path().to_str().context("a path in UTF-8")?;
    let group = MemoryCgroup::make(LIMIT)?;
    let mut server = Server::start_in(&group, &["--ami", "al2", "--overlay", directory])?;
    let before = resident_kib(&mut server)?;
    let mut crowd = Command::new(std::env::current_exe()?);
    crowd.args([HOSTILE, &server.address().to_string(), &server.control().to_string()]);
    let mut crowd = Process::start(crowd.stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    let stdout = crowd.child().stdout.take().context("standard output is piped")?;
    let mut told = String::new();
    BufReader::new(stdout).read_line(&mut told)?;
    ensure!(told.starts_with("connected"), "{told:?}");
    for _ in 0..REQUESTS {
        good_client(&server)?;
    }
    let ended = server.process().child().try_wait()?;
    ensure!(ended.is_none(), "it has ended: {ended:?}");
    let peak = group.peak()?;
    ensure!(peak <= LIMIT, "{peak} bytes");
    eprintln!("{}: at most {} KiB", told.trim(), peak >> 10);
    drop(crowd);
    good_client(&server)?;
    eventually("memory to be given back", || {
        (resident_kib(&mut server).ok()? < before + 24 * 1024).then_some(())
    })?;
    server.process().child().kill()?;
    server.process().child().wait()?;
    Ok(())
}

/// Connects in all ways that take memory, says so, and stays until standard input ends.
pub(crate) fn be_hostile() -> Result<()> {
    let mut addresses = std::env::args().skip(2).map(|address| address.parse());
    let metadata: SocketAddr = addresses.next().context("an address")??;
    let api: SocketAddr = addresses.next().context("another address")??;
    let head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(15 * 1024));
    let many =
        "GET /latest/dynamic/instance-identity/document HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";
    let large = "GET /latest/meta-data/large HTTP/1.1\r\n\r\n";
    let ways = ["", "GET / HTTP/1.1\r\nHost: half", &head, &many.repeat(200), large];
    let body = format!("POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n{}", "x".repeat(900_000));
    let calls = ["", "POST / HT", &body, &body[..15_000]];
    let connect = |address: SocketAddr, bytes: &str| {
        let mut stream = TcpStream::connect(address)?;
        stream.set_write_timeout(Some(std::time::Duration::from_millis(20)))?;
        // It may be closed, or take no more.
        let _ = stream.write_all(bytes.as_bytes());
        std::io::Result::Ok(stream)
    };
    let crowd = (0..CROWD).map(|number| connect(metadata, ways[number % ways.len()]));
    let callers = (0..CALLERS).map(|number| connect(api, calls[number % calls.len()]));
    let held = crowd.chain(callers).collect::<std::io::Result<Vec<_>>>()?;
    writeln!(std::io::stdout(), "connected {} times", held.len())?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
