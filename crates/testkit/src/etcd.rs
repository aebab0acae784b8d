//! Real etcd, as `cargo xtask test` unpacks it: one member on loopback, or three, each in a network
//! namespace of its own.

mod cluster;
mod disk;
mod fault;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::mem;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::eventually;
use crate::http::{self, Response};
use disk::Disk;

pub use cluster::EtcdCluster;
pub use fault::Fault;

/// One member on loopback, empty; gone when it is dropped.
#[derive(Debug)]
pub struct Etcd {
    member: Member,
}

impl Etcd {
    /// Starts one, and waits until it answers.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// The same with more flags.
    pub fn start_with(flags: &[&str]) -> Result<Self> {
        let [client, peer] = [free_address()?, free_address()?];
        let place = Place { client, peer, name: "m0".to_owned() };
        let cluster = place.in_cluster();
        let flags = flags.iter().copied().map(str::to_owned).collect();
        let mut member = Member::new(place, cluster, flags)?;
        member.start()?;
        member.wait_until_healthy()?;
        Ok(Self { member })
    }

    /// Ends it as if its machine lost power, and starts it again with what it has on its disk.
    pub fn restart(&mut self) -> Result<()> {
        self.member.kill();
        self.member.start()?;
        self.member.wait_until_healthy()
    }

    /// What it has on its disk, as a backup.
    pub fn back_up(&mut self) -> Result<TempDir> {
        self.member.kill();
        let backup = tempfile::tempdir()?;
        copy(&self.member.data(), backup.path())?;
        self.member.start()?;
        self.member.wait_until_healthy()?;
        Ok(backup)
    }

    /// Restores a backup. What is written `meanwhile` is there before anybody finds it at its address.
    pub fn restore(
        &mut self,
        backup: &TempDir,
        meanwhile: impl FnOnce(&Self) -> Result<()>,
    ) -> Result<()> {
        self.member.kill();
        fs::remove_dir_all(self.member.data())?;
        fs::create_dir(self.member.data())?;
        copy(backup.path(), &self.member.data())?;
        let address = mem::replace(&mut self.member.place.client, free_address()?);
        self.restart()?;
        meanwhile(self)?;
        self.member.kill();
        self.member.place.client = address;
        self.restart()
    }

    /// Stops its process: its connections stay, and nothing answers.
    pub fn stop(&self) -> Result<()> {
        self.member.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub fn go_on(&self) -> Result<()> {
        self.member.signal(Signal::CONT)
    }

    /// Where it is asked.
    pub fn address(&self) -> SocketAddr {
        self.member.place.client
    }

    /// A call to its JSON gateway, such as `/v3/kv/range`.
    pub fn call(&self, path: &str, body: &Value) -> Result<Value> {
        call(self.address(), path, body)
    }

    /// Forgets what was before the newest revision.
    pub fn compact(&self) -> Result<()> {
        compact(self.address())
    }

    /// All that is in its files, to look for what must not be there.
    pub fn has_on_disk(&self, text: &str) -> Result<bool> {
        let mut directories = vec![self.member.directory.path().to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory)? {
                let path = entry?.path();
                if path.is_dir() {
                    directories.push(path);
                } else if contains(&std::fs::read(&path)?, text.as_bytes()) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// Copies what is in a directory.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut cp = Command::new("cp");
    let status = cp.arg("-a").arg(from.join(".")).arg(to).status()?;
    ensure!(status.success(), "cp: {status}");
    Ok(())
}

/// The program, where `cargo xtask test` has unpacked it.
fn program() -> PathBuf {
    let unpacked = std::env::var_os("IMDS_TEST_ETCD").map(PathBuf::from);
    unpacked.unwrap_or_default().join("usr/bin/etcd")
}

/// An address of loopback that nobody has at the moment.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Where a member is.
#[derive(Clone, Debug)]
struct Place {
    client: SocketAddr,
    peer: SocketAddr,
    name: String,
}

impl Place {
    /// As members are told of each other.
    fn in_cluster(&self) -> String {
        format!("{}=http://{}", self.name, self.peer)
    }
}

/// A member, running or not.
#[derive(Debug)]
struct Member {
    place: Place,
    cluster: String,
    flags: Vec<String>,
    directory: TempDir,
    /// Where its data is, if that is to be filled.
    disk: Option<Disk>,
    process: Option<Child>,
}

impl Member {
    fn new(place: Place, cluster: String, flags: Vec<String>) -> Result<Self> {
        // In memory: flushing costs nothing there.
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
        Ok(Self { place, cluster, flags, directory, disk: None, process: None })
    }

    /// Starts its process in the calling thread's network.
    fn start(&mut self) -> Result<()> {
        let Place { client, peer, name } = &self.place;
        let is_secure = self.flags.iter().any(|flag| flag.starts_with("--cert-file"));
        let client = format!("{}://{client}", if is_secure { "https" } else { "http" });
        let peer = format!("http://{peer}");
        let log = File::create(self.log())?;
        let mut command = match &self.disk {
            Some(disk) => disk.inside(&program()),
            None => Command::new(program()),
        };
        command
            .args(["--name", name, "--initial-cluster", &self.cluster])
            .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
            .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
            .args(["--heartbeat-interval=50", "--election-timeout=500", "--unsafe-no-fsync"])
            .args(["--logger=zap", "--log-level=warn"])
            .arg("--data-dir")
            .arg(self.data())
            .args(&self.flags)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.process = Some(command.spawn().context("cannot start etcd")?);
        Ok(())
    }

    fn disk(&self) -> Result<&Disk> {
        self.disk.as_ref().context("it has no disk of its own")
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    /// Waits until it answers; the error has the end of its log.
    fn wait_until_healthy(&self) -> Result<()> {
        let waited = eventually("etcd to answer", || self.is_healthy().then_some(()));
        waited.with_context(|| format!("{}: {}", self.place.name, end_of(&self.log())))
    }

    fn is_healthy(&self) -> bool {
        // With TLS it answers other programs only: that it listens must do.
        let probe = || {
            let answer = http::exchange_within(PROBE, self.place.client, HEALTH);
            answer.map(|answer| Response::parse(&answer))
        };
        match probe() {
            Ok(Ok(response)) => response.text().is_ok_and(|text| text.contains("true")),
            Ok(Err(_)) => true,
            Err(_) => false,
        }
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let process = self.process.as_ref().context("the member does not run")?;
        Ok(kill_process(Pid::from_child(process), signal)?)
    }

    /// Ends it as if its machine lost power; its files stay.
    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last lines of a member's log, for whoever looks into a failure.
fn end_of(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

/// How long one probe may take: of a member that was cut off, a first packet may be lost.
const PROBE: Duration = Duration::from_secs(2);

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\n\r\n";
const METRICS: &[u8] = b"GET /metrics HTTP/1.0\r\nHost: etcd\r\n\r\n";

/// How many calls clients have begun, of each method such as `Range`, as a member counts them since its start.
fn calls(address: SocketAddr) -> Result<BTreeMap<String, u64>> {
    let metrics = Response::parse(&http::exchange(address, METRICS)?)?.text()?;
    let mut calls = BTreeMap::new();
    for line in metrics.lines() {
        let Some(labels) = line.strip_prefix("grpc_server_started_total{") else { continue };
        let method = labels.split("grpc_method=\"").nth(1).and_then(|rest| rest.split('"').next());
        let count = line.rsplit(' ').next().map(str::parse::<u64>);
        let (Some(method), Some(Ok(count))) = (method, count) else { bail!("{line}") };
        *calls.entry(method.to_owned()).or_default() += count;
    }
    Ok(calls)
}

fn call(address: SocketAddr, path: &str, body: &Value) -> Result<Value> {
    let body = body.to_string();
    let length = body.len();
    // Version 1.0 has no chunks, in which a long answer would come.
    let request =
        format!("POST {path} HTTP/1.0\r\nHost: etcd\r\nContent-Length: {length}\r\n\r\n{body}");
    let response = Response::parse(&http::exchange(address, request.as_bytes())?)?;
    ensure!(response.status() == 200, "{path}: {} {}", response.status_line, response.text()?);
    Ok(serde_json::from_slice(&response.body)?)
}

fn compact(address: SocketAddr) -> Result<()> {
    let newest = call(address, "/v3/kv/range", &serde_json::json!({ "key": "AA==" }))?;
    let revision = &newest["header"]["revision"];
    // Answered once it is done: a defragmentation before that gives nothing back.
    let compaction = serde_json::json!({ "revision": revision, "physical": true });
    call(address, "/v3/kv/compaction", &compaction).map(drop)
}
