//! How the service ends: what was sent before is answered, and nothing holds the end up.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{fs, thread};

use socket2::{Domain, Socket, Type};
use testkit::http::Response;
use testkit::{
    Context as _, Need, Process, Result, SOON, Server, Trial, anyhow, ensure, eventually, tests,
};

const GET: &str = "GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![
        &[];
        what_was_sent_before_is_answered,
        nobody_new_is_let_in_during_a_stop,
        clients_that_do_nothing_hold_no_end_up,
        other_signals_do_not_end_it,
        a_restart_with_sockets_of_a_service_manager_loses_nothing,
        a_passed_socket_that_nobody_wants_is_refused,
    ];
    trials.extend(tests![&[Need::Root]; a_passed_socket_is_not_the_helpers]);
    trials
}

fn sent(address: SocketAddr, request: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SOON))?;
    stream.write_all(request.as_bytes())?;
    Ok(stream)
}

/// What comes until the other side closes; a reset is an error.
fn answer(stream: &mut TcpStream) -> Result<Response> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Response::parse(&bytes)
}

/// While the process is stopped, requests gather in the kernel, most on connections that it has not
/// accepted yet.
fn what_was_sent_before_is_answered() -> Result<()> {
    const CLIENTS: usize = 160;
    for (signal, threads) in [("TERM", "1"), ("TERM", "4"), ("INT", "4")] {
        let mut server = Server::start(&["--ami", "al2", "--no-auth", "--threads", threads])?;
        let (address, api) = (server.address(), server.control());
        let mut idle = sent(address, GET)?;
        let mut first = [0; 12];
        idle.read_exact(&mut first)?;
        server.process().signal("STOP")?;
        let mut clients: Vec<_> =
            (0..CLIENTS).map(|_| sent(address, GET)).collect::<Result<_>>()?;
        let call = format!(
            "GET /?Action=DescribeInstances&Version=2016-11-15 HTTP/1.1\r\nHost: {api}\r\n\r\n"
        );
        let mut calls: Vec<_> = (0..16).map(|_| sent(api, &call)).collect::<Result<_>>()?;
        server.process().signal(signal)?;
        server.process().signal("CONT")?;
        for (number, client) in clients.iter_mut().chain(&mut calls).enumerate() {
            let answer = answer(client);
            let is_fine = answer.as_ref().is_ok_and(|answer| answer.status() == 200);
            ensure!(is_fine, "SIG{signal}, {threads} threads, client {number}: {answer:?}");
        }
        // Its connection is closed without a reset.
        idle.read_to_end(&mut Vec::new())?;
        let status = server.process().ended()?;
        ensure!(status.code() == Some(0), "{status}");
        ensure!(TcpStream::connect(address).is_err(), "somebody still listens");
    }
    Ok(())
}

/// Who comes while an answer is still to be given hears nothing, as where its packet was lost, and is refused
/// once the service has ended.
fn nobody_new_is_let_in_during_a_stop() -> Result<()> {
    // Below the time that a stop may take.
    let mut server = Server::start(&["--ami", "al2", "--fault", "latency=4s,count=1"])?;
    let mut slow = sent(server.address(), GET)?;
    server.log_lines(1)?;
    server.process().signal("TERM")?;
    let is_shut = || {
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
        client.set_nonblocking(true).ok()?;
        let begun = client.connect(&server.address().into()).err()?;
        // On loopback it would be connected by now.
        let is_dropped =
            begun.kind() != io::ErrorKind::ConnectionRefused && client.peer_addr().is_err();
        is_dropped.then_some(client)
    };
    let late = eventually("a SYN that is dropped", is_shut)?;
    ensure!(answer(&mut slow)?.status() == 200, "it is not answered");
    ensure!(server.process().ended()?.code() == Some(0));
    let refused = eventually("its second SYN", || late.take_error().ok().flatten())?;
    ensure!(refused.kind() == io::ErrorKind::ConnectionRefused, "{refused}");
    Ok(())
}

fn clients_that_do_nothing_hold_no_end_up() -> Result<()> {
    let mut server = Server::start(&["--ami", "al2"])?;
    let half = ["", "GET / HT", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"];
    let addresses = [server.address(), server.control()];
    let held: Vec<_> = addresses
        .iter()
        .flat_map(|address| half.iter().map(|request| sent(*address, request)))
        .collect::<Result<_>>()?;
    server.process().signal("TERM")?;
    let status = server.process().ended()?;
    // After the time that the documentation says it ends with another code, by its own clock.
    ensure!(status.code() == Some(0), "{status}: {}", server.messages());
    drop(held);
    Ok(())
}

/// `imds serve` with this socket as a service manager passes it.
fn serve_on(listener: &TcpListener, home: &Path, listen: SocketAddr) -> Result<Process> {
    let mut command = testkit::program("sh");
    command.args(["-c", "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"", "sh"]);
    command.arg(testkit::binary()).args(["serve", "--control", "off", "--access-log", "off"]);
    command.args(["--ami", "al2", "--listen", &listen.to_string()]);
    let socket = OwnedFd::from(listener.try_clone()?);
    command.stdin(socket).stdout(Stdio::piped()).stderr(Stdio::piped());
    Process::start(command.env("XDG_STATE_HOME", home))
}

/// Has clients ask all the time while `act` runs, which is told how many answers there were so far; none is lost.
pub(crate) fn while_clients_ask<T>(
    address: SocketAddr,
    act: impl FnOnce(&AtomicUsize) -> Result<T>,
) -> Result<T> {
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let outcome = thread::scope(|scope| {
        let client = || -> Result<()> {
            while !is_over.load(Ordering::Relaxed) {
                let answer = answer(&mut sent(address, "GET / HTTP/1.1\r\n\r\n")?)?;
                ensure!(answer.status() == 200, "{answer:?}");
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(client)).collect();
        let outcome = act(&answered);
        is_over.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        outcome
    })?;
    eprintln!("{} requests, none lost", answered.into_inner());
    Ok(outcome)
}

/// Waits for a thousand answers more, or for twenty thousand where the tests soak.
pub(crate) fn many_more(answered: &AtomicUsize) -> Result<()> {
    let count = if std::env::var_os("IMDS_SOAK_MINUTES").is_some() { 20_000 } else { 1_000 };
    let until = answered.load(Ordering::Relaxed) + count;
    eventually("many answers", || (answered.load(Ordering::Relaxed) > until).then_some(()))
}

/// Clients that come while nobody accepts wait in the socket, which the test keeps, as systemd does.
fn a_restart_with_sockets_of_a_service_manager_loses_nothing() -> Result<()> {
    const RESTARTS: usize = 5;
    let home = tempfile::TempDir::new()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let start = || serve_on(&listener, home.path(), address);
    let _last = while_clients_ask(address, |answered| {
        for _ in 0..RESTARTS {
            let mut process = start()?;
            many_more(answered)?;
            process.signal("TERM")?;
            let status = process.ended()?;
            ensure!(status.code() == Some(0), "{status}");
        }
        // Those that wait now are answered by one more.
        start()
    })?;
    Ok(())
}

fn a_passed_socket_that_nobody_wants_is_refused() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut process = serve_on(&listener, home.path(), "127.0.0.1:0".parse()?)?;
    let status = process.ended()?;
    let mut message = String::new();
    process.child().stderr.as_mut().context("a pipe")?.read_to_string(&mut message)?;
    ensure!(status.code() == Some(2), "{status}: {message}");
    let address = listener.local_addr()?;
    ensure!(message.contains(&format!("hint: --listen {address} for metadata")), "{message}");
    Ok(())
}

/// Guards against clients that wait for a process which never accepts.
fn a_passed_socket_is_not_the_helpers() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let mut process = serve_on(&listener, home.path(), address)?;
    ensure!(answer(&mut sent(address, "GET / HTTP/1.1\r\n\r\n")?)?.status() == 200);
    let socket = fs::read_link(format!("/proc/self/fd/{}", listener.as_raw_fd()))?;
    let service = process.child().id();
    let children = fs::read_to_string(format!("/proc/{service}/task/{service}/children"))?;
    let helper = children.split_whitespace().next().context("root's service has a helper")?;
    let holds_it = |process: &str| -> Result<bool> {
        let descriptors = fs::read_dir(format!("/proc/{process}/fd"))?;
        Ok(descriptors.flatten().any(|it| fs::read_link(it.path()).is_ok_and(|it| it == socket)))
    };
    ensure!(holds_it(&service.to_string())?, "the service has another socket");
    ensure!(!holds_it(helper)?, "the helper has it");
    Ok(())
}

fn other_signals_do_not_end_it() -> Result<()> {
    let mut server = Server::start(&["--ami", "al2"])?;
    for signal in ["HUP", "USR1", "USR2", "PIPE"] {
        server.process().signal(signal)?;
        ensure!(server.request("GET", "/", &[])?.status() == 200, "SIG{signal} ended it");
    }
    Ok(())
}
