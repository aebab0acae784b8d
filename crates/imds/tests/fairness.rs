//! Nobody is kept waiting by what others do.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;

use imds_linux::socket::unacknowledged;
use socket2::{Domain, Socket, Type};
use testkit::{
    Context as _, Finished, Need, Process, Result, SOON, Server, Trial, ensure, eventually, imds,
    program, tests,
};

use crate::instances::run_another;

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![
        &[];
        a_crowd_on_one_listener_holds_nobody_on_another_up,
        idle_connections_do_not_shut_the_ec2_api,
    ];
    trials.extend(tests![&[Need::Program("ip")]; a_crowd_of_one_instance_holds_no_other_up]);
    trials.extend(tests![&[Need::Program("prlimit")]; one_listener_does_not_take_all_connections]);
    trials
}

/// How many connections the neighbour has, and how many requests wait on each.
const CROWD: usize = 600;
const REQUESTS: usize = 10;

const GET: &str = "GET /latest/meta-data/instance-id HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SOON))?;
    Ok(stream)
}

/// A connection that the service is known to hold.
fn held(address: SocketAddr) -> Result<TcpStream> {
    asked_once(connect(address)?)
}

fn asked_once(mut stream: TcpStream) -> Result<TcpStream> {
    stream.set_read_timeout(Some(SOON))?;
    stream.write_all(GET.as_bytes())?;
    ensure!(stream.read(&mut [0; 4096])? > 0, "it was closed");
    Ok(stream)
}

/// Has the crowd's requests wait, and behind them one of somebody else: that is among the first to be
/// answered, by the order of the access log. The clock decides nothing.
fn is_answered_before(
    server: &mut Server,
    crowd: &mut [TcpStream],
    good: &mut TcpStream,
    path: &str,
) -> Result<()> {
    let before = server.log_lines(crowd.len() + 1)?.len();
    server.process().signal("STOP")?;
    for stream in crowd.iter_mut() {
        stream.write_all(GET.repeat(REQUESTS).as_bytes())?;
    }
    good.write_all(GET.replace("meta-data/instance-id", path).as_bytes())?;
    // The kernel of a busy machine takes its time, on loopback too.
    eventually("all to have arrived", || {
        let all = crowd.iter().chain([&*good]);
        all.map(unacknowledged).all(|left| left.is_ok_and(|left| left == 0)).then_some(())
    })?;
    server.process().signal("CONT")?;
    let lines = server.log_lines(before + crowd.len() * REQUESTS + 1)?;
    let place = lines[before..].iter().position(|line| line.contains(path));
    let place = place.with_context(|| format!("no {path} in the log"))?;
    // It may come with a later batch of events, and wait for a turn each time.
    ensure!(place < CROWD / 4, "{place} requests of others came first");
    eprintln!("{place} of {} requests of others came first", crowd.len() * REQUESTS);
    Ok(())
}

const FLAGS: [&str; 4] = ["--ami", "al2", "--threads", "1"];

fn a_crowd_on_one_listener_holds_nobody_on_another_up() -> Result<()> {
    let [crowded, quiet] = ["127.0.0.83:1338", "127.0.0.84:1338"].map(str::parse);
    let (crowded, quiet) = (crowded?, quiet?);
    let mut server = Server::start_on(&[crowded, quiet], &FLAGS)?;
    let mut crowd = (0..CROWD).map(|_| held(crowded)).collect::<Result<Vec<_>>>()?;
    let mut good = held(quiet)?;
    is_answered_before(&mut server, &mut crowd, &mut good, "meta-data/ami-id")
}

/// On one listener, where the address says which instance it is.
fn a_crowd_of_one_instance_holds_no_other_up() -> Result<()> {
    const ADDRESS: &str = "172.31.77.9";
    Finished::success(program("ip").args(["address", "add", ADDRESS, "dev", "lo"]))?;
    let mut server = Server::start(&[&FLAGS[..], &["--no-auth"]].concat())?;
    run_another(&server, ADDRESS)?;
    let mut crowd = (0..CROWD).map(|_| held(server.address())).collect::<Result<Vec<_>>>()?;
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&format!("{ADDRESS}:0").parse::<SocketAddr>()?.into())?;
    socket.connect(&server.address().into())?;
    let mut good = asked_once(socket.into())?;
    is_answered_before(&mut server, &mut crowd, &mut good, "meta-data/ami-id")
}

/// More silent connections than there are places.
fn idle_connections_do_not_shut_the_ec2_api() -> Result<()> {
    let server = Server::start(&FLAGS)?;
    let silent = (0..1500).map(|_| connect(server.control())).collect::<Result<Vec<_>>>()?;
    let mut list = imds();
    list.args(["instance", "list"]).env("XDG_STATE_HOME", server.state_home());
    for _ in 0..3 {
        Finished::success(&mut list)?;
    }
    drop(silent);
    Ok(())
}

/// Until nobody else is let in, and then some.
fn one_listener_does_not_take_all_connections() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    let serve = imds();
    let mut command = program("prlimit");
    command.arg("--nofile=512:512").arg(serve.get_program()).arg("serve");
    command.args(["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--access-log", "off"]);
    command.args(FLAGS).args(["--control", "off"]);
    let ready = home.path().join("ready.json");
    command.arg("--ready-file").arg(&ready).env("XDG_STATE_HOME", home.path());
    let _process = Process::start(command.stdout(Stdio::null()))?;
    let text = eventually("the file", || std::fs::read_to_string(&ready).ok())?;
    let ready: serde_json::Value = serde_json::from_str(&text)?;
    let address = |number: usize| -> Result<SocketAddr> {
        Ok(ready["metadata"][number]["address"].as_str().context("an address")?.parse()?)
    };
    let (greedy, other) = (address(0)?, address(1)?);
    let crowd = (0..1000).map(|_| connect(greedy)).collect::<Result<Vec<_>>>()?;
    let mut good = connect(other)?;
    good.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    let mut answer = [0; 12];
    good.read_exact(&mut answer)?;
    ensure!(answer.ends_with(b" 200"), "{}", answer.escape_ascii());
    drop(crowd);
    Ok(())
}
