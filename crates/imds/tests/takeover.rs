//! `--takeover`: what clients and the running service notice of a successor, also of one that fails, dies, is not
//! alone or is another user's.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, thread};

use imds_linux::handover;
use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;
use socket2::{Domain, SockAddr, Socket, Type};
use tempfile::TempDir;
use testkit::http::Response;
use testkit::{
    Context as _, Finished, Need, Process, Result, SOON, Server, Trial, anyhow, ensure, eventually,
    tests,
};

use crate::ending::{many_more, while_clients_ask};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![
        &[];
        a_takeover_loses_nothing,
        a_successor_that_fails_changes_nothing,
        of_two_successors_one_fails,
        a_service_that_dies_while_it_is_taken_over_is_replaced,
        who_takes_over_needs_a_state_and_starts_without_a_predecessor,
    ];
    trials.extend(tests![&[Need::Root]; another_user_neither_gets_nor_gives_sockets]);
    trials
}

/// Services with one state and one address.
struct Services {
    home: TempDir,
    address: SocketAddr,
}

impl Services {
    fn at(address: &str) -> Result<Self> {
        Ok(Self { home: TempDir::new()?, address: address.parse()? })
    }

    fn state(&self) -> PathBuf {
        self.home.path().join("state.db")
    }

    fn command(&self) -> Command {
        let mut command = testkit::imds();
        command.args(["serve", "--takeover", "--access-log", "off", "--ami", "al2"]);
        let api = SocketAddr::new(self.address.ip(), self.address.port() + 1);
        command.args(["--listen", &self.address.to_string(), "--control", &api.to_string()]);
        command.arg("--state").arg(self.state());
        command
    }

    fn start(&self) -> Result<Process> {
        Process::start(self.command().stdout(Stdio::null()).stderr(Stdio::inherit()))
    }

    /// Has a client of its own answered.
    fn answer(&self) -> Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(SOON))?;
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        let answer = Response::parse(&bytes)?;
        ensure!(answer.status() == 200, "{answer:?}");
        Ok(())
    }

    /// Starts the first, which is ready to be taken over once this returns.
    fn start_first(&self) -> Result<Process> {
        let process = self.start()?;
        eventually("the first", || self.answer().ok())?;
        Ok(process)
    }

    /// Takes the sockets as a successor does.
    fn take_over(&self) -> Result<(Vec<TcpListener>, handover::Predecessor)> {
        let taken = handover::take_over(&name(&self.state())?)?;
        taken.ok_or_else(|| anyhow!("nobody can be taken over"))
    }
}

/// Where services with this state meet.
fn name(state: &Path) -> Result<String> {
    let file = fs::metadata(state)?;
    Ok(format!("imds-takeover-{}-{}", file.dev(), file.ino()))
}

/// Each of these services ends because the next one asks it to.
fn a_takeover_loses_nothing() -> Result<()> {
    const TAKEOVERS: usize = 5;
    let services = Services::at("127.0.0.85:1338")?;
    let mut running = services.start_first()?;
    let mut running = while_clients_ask(services.address, |answered| {
        for _ in 0..TAKEOVERS {
            let mut before = std::mem::replace(&mut running, services.start()?);
            let status = before.ended()?;
            ensure!(status.code() == Some(0), "{status}");
            many_more(answered)?;
        }
        Ok(running)
    })?;
    // The last one ends as usual, and lets nobody wait for it.
    running.signal("TERM")?;
    ensure!(running.ended()?.code() == Some(0));
    ensure!(TcpStream::connect(services.address).is_err(), "somebody still listens");
    Ok(())
}

/// The running service answers on, and the next one can still take its place.
fn a_successor_that_fails_changes_nothing() -> Result<()> {
    let services = Services::at("127.0.0.86:1338")?;
    let mut running = services.start_first()?;
    let busy = TcpListener::bind("127.0.0.86:0")?;
    let busy = busy.local_addr()?.to_string();
    for _ in 0..2 {
        let failed = Finished::of(services.command().args(["--listen", &busy]))?.expect_code(4)?;
        ensure!(failed.stderr.contains(&format!("cannot listen on {busy}")), "{failed:?}");
        services.answer()?;
        // As one that dies when it has the sockets.
        let (sockets, _predecessor) = services.take_over()?;
        ensure!(sockets.iter().any(|it| it.local_addr().is_ok_and(|it| it == services.address)));
        services.answer()?;
    }
    let _last = services.start()?;
    ensure!(running.ended()?.code() == Some(0));
    services.answer()?;
    Ok(())
}

/// The first one that says so has the place. The other says that it has not, and changes nothing.
fn of_two_successors_one_fails() -> Result<()> {
    let services = Services::at("127.0.0.87:1338")?;
    let mut running = services.start_first()?;
    let (sockets, predecessor) = services.take_over()?;
    let mut second =
        Process::start(services.command().stdout(Stdio::null()).stderr(Stdio::piped()))?;
    // The service's, our end's and the second's.
    let name = name(&services.state())?;
    eventually("the second to ask", || {
        let sockets = fs::read_to_string("/proc/thread-self/net/unix").ok()?;
        (sockets.matches(&name).count() == 3).then_some(())
    })?;
    predecessor.end()?;
    ensure!(running.ended()?.code() == Some(0));
    ensure!(second.ended()?.code() == Some(4));
    let mut says = String::new();
    second.child().stderr.as_mut().context("a pipe")?.read_to_string(&mut says)?;
    ensure!(says.contains("it ended before it gave its sockets"), "{says}");
    let waiting = TcpStream::connect(services.address)?;
    ensure!(sockets.iter().any(|it| it.accept().is_ok()), "its clients are the first one's");
    drop((waiting, sockets));
    services.start_first()?;
    Ok(())
}

fn a_service_that_dies_while_it_is_taken_over_is_replaced() -> Result<()> {
    let services = Services::at("127.0.0.92:1338")?;
    let mut running = services.start_first()?;
    let (sockets, predecessor) = services.take_over()?;
    running.signal("KILL")?;
    running.ended()?;
    predecessor.end()?;
    let _waiting = TcpStream::connect(services.address)?;
    ensure!(sockets.iter().any(|it| it.accept().is_ok()), "its clients are lost");
    Ok(())
}

fn another_user_neither_gets_nor_gives_sockets() -> Result<()> {
    let services = Services::at("127.0.0.93:1338")?;
    let _running = services.start_first()?;
    let name = name(&services.state())?;
    // It is of one thread alone.
    let as_nobody = || -> Result<()> {
        let nobody = Uid::from_raw(65534);
        set_thread_res_uid(nobody, nobody, nobody)?;
        let refused = handover::take_over(&name).map(|taken| taken.is_some());
        let refused = refused.err().map(|error| format!("{:#}", anyhow!(error)));
        let why = "a process of another user has the name";
        ensure!(refused.as_ref().is_some_and(|it| it.contains(why)), "{refused:?}");
        // As a program that does not look who it meets.
        let socket = Socket::new(Domain::UNIX, Type::SEQPACKET, None)?;
        socket.connect(&SockAddr::unix(format!("\0{name}"))?)?;
        ensure!((&socket).read(&mut [0; 16])? == 0, "it gets something");
        Ok(())
    };
    thread::scope(|scope| scope.spawn(as_nobody).join()).map_err(|_| anyhow!("it panicked"))??;
    services.answer()?;
    // Its user can.
    services.take_over()?;
    Ok(())
}

fn who_takes_over_needs_a_state_and_starts_without_a_predecessor() -> Result<()> {
    let mut server = Server::start(&["--takeover"])?;
    server.process().signal("TERM")?;
    ensure!(server.process().ended()?.success());
    let mut command = testkit::imds();
    let finished = Finished::of(command.args(["serve", "--takeover", "--state", "memory"]))?;
    let finished = finished.expect_code(2)?;
    ensure!(finished.stderr.contains("--takeover needs a state"), "{finished:?}");
    Ok(())
}
