//! A running `imds serve`.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use tempfile::TempDir;

use crate::http::{Response, exchange};
use crate::{MemoryCgroup, Process, eventually, imds, path_with, program};

/// `imds serve` on a port of its own, with state of its own, ended when it is dropped.
#[derive(Debug)]
pub struct Server {
    process: Process,
    addresses: Vec<SocketAddr>,
    control: SocketAddr,
    metrics: Option<SocketAddr>,
    console: Option<SocketAddr>,
    home: TempDir,
    arguments: Vec<String>,
    /// Where it finds programs first.
    programs: Option<PathBuf>,
}

impl Server {
    /// Starts `imds serve` with these arguments, and waits until it serves.
    pub fn start(arguments: &[&str]) -> Result<Self> {
        Self::start_on(&[SocketAddr::from((Ipv4Addr::LOCALHOST, 0))], arguments)
    }

    /// The same, with limited memory.
    pub fn start_in(group: &MemoryCgroup, arguments: &[&str]) -> Result<Self> {
        let addresses = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
        let shell = group.command(program("sh"), imds().get_program());
        Self::start_as(shell, &addresses, arguments, None)
    }

    /// The same, by a command that was made of [`imds`].
    pub fn start_by(command: Command, arguments: &[&str]) -> Result<Self> {
        Self::start_as(command, &[SocketAddr::from((Ipv4Addr::LOCALHOST, 0))], arguments, None)
    }

    /// The same, on addresses of the calling thread's network namespace.
    pub fn start_on(addresses: &[SocketAddr], arguments: &[&str]) -> Result<Self> {
        Self::start_as(imds(), addresses, arguments, None)
    }

    /// The same, and it finds programs in this directory first.
    pub fn start_with_programs(
        addresses: &[SocketAddr],
        arguments: &[&str],
        programs: &Path,
    ) -> Result<Self> {
        Self::start_as(imds(), addresses, arguments, Some(programs.to_owned()))
    }

    fn start_as(
        command: Command,
        addresses: &[SocketAddr],
        arguments: &[&str],
        programs: Option<PathBuf>,
    ) -> Result<Self> {
        let home = TempDir::new()?;
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let control = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let command = finding(command, programs.as_deref());
        let started = start(command, &arguments, home.path(), addresses, control)?;
        let Started { process, addresses, control, metrics, console } = started;
        Ok(Self { process, addresses, control, metrics, console, home, arguments, programs })
    }

    /// Kills it as nothing else can, and starts it again with the same state and address.
    pub fn kill_and_restart(&mut self) -> Result<()> {
        self.process.child().kill()?;
        self.process.child().wait()?;
        let home = self.home.path();
        let command = finding(imds(), self.programs.as_deref());
        let started = start(command, &self.arguments, home, &self.addresses, self.control)?;
        (self.process, self.metrics) = (started.process, started.metrics);
        self.console = started.console;
        Ok(())
    }

    /// The same, and it is told something else from now on.
    pub fn kill_and_restart_with(&mut self, arguments: &[&str]) -> Result<()> {
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self.kill_and_restart()
    }

    /// Where it listens; the first address where there are several.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Where its EC2 API is.
    pub fn control(&self) -> SocketAddr {
        self.control
    }

    /// Where its metrics are.
    pub fn metrics(&self) -> Result<SocketAddr> {
        self.metrics.context("started without --metrics")
    }

    /// Where its web console is.
    pub fn console(&self) -> Result<SocketAddr> {
        self.console.context("started without --console")
    }

    /// Where it keeps its state.
    pub fn state_home(&self) -> &Path {
        self.home.path()
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The access log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_of(self.home.path())).unwrap_or_default()
    }

    /// Its standard error so far.
    pub fn messages(&self) -> String {
        std::fs::read_to_string(messages_of(self.home.path())).unwrap_or_default()
    }

    /// Waits until the access log has `count` lines.
    pub fn log_lines(&self, count: usize) -> Result<Vec<String>> {
        eventually(&format!("{count} lines in the access log"), || {
            let lines: Vec<_> = self.log().lines().map(str::to_owned).collect();
            (lines.len() >= count).then_some(lines)
        })
    }

    /// Sends bytes on a new connection, and reads until the service closes it.
    pub fn exchange(&self, request: impl AsRef<[u8]>) -> Result<Vec<u8>> {
        exchange(self.address(), request.as_ref())
    }

    /// Sends a request with these header lines, and reads its answer.
    pub fn request(&self, method: &str, path: &str, headers: &[&str]) -> Result<Response> {
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let answer = self.exchange(format!("{method} {path} HTTP/1.1\r\n{headers}\r\n"))?;
        Response::parse(&answer)
    }

    /// Asks for a token of this many seconds.
    pub fn token(&self, ttl_seconds: u32) -> Result<String> {
        let header = format!("X-aws-ec2-metadata-token-ttl-seconds: {ttl_seconds}");
        self.request("PUT", "/latest/api/token", &[&header])?.text()
    }
}

/// With another directory in front of its path, if there is one.
fn finding(mut command: Command, programs: Option<&Path>) -> Command {
    if let Some(programs) = programs {
        command.env("PATH", path_with(programs));
    }
    command
}

/// What a banner said.
struct Started {
    process: Process,
    addresses: Vec<SocketAddr>,
    control: SocketAddr,
    metrics: Option<SocketAddr>,
    console: Option<SocketAddr>,
}

fn start(
    mut command: Command,
    arguments: &[String],
    home: &Path,
    listen: &[SocketAddr],
    control: SocketAddr,
) -> Result<Started> {
    let mut process = Process::start(
        command
            .arg("serve")
            .args(listen.iter().map(|address| format!("--listen={address}")))
            .arg(format!("--control={control}"))
            .arg("--access-log")
            .arg(log_of(home))
            .args(arguments)
            .env("XDG_STATE_HOME", home)
            .stdout(Stdio::piped())
            .stderr(File::create(messages_of(home))?),
    )?;
    let stdout = process.child().stdout.take().context("standard output is piped")?;
    let mut banner = BufReader::new(stdout).lines();
    let first = banner.next().with_context(|| {
        let messages = std::fs::read_to_string(messages_of(home)).unwrap_or_default();
        format!("no banner, but: {messages}")
    })??;
    let found = addresses(&first);
    ensure!(listen.is_empty() || found.len() == listen.len(), "not all of {listen:?} in {first:?}");
    let (mut metrics, mut console) = (None, None);
    for line in banner {
        let line = line?;
        let address = addresses(&line).first().copied();
        if line.contains("Metrics are on") {
            metrics = address;
        } else if line.contains("The console is on") {
            console = address;
        } else if line.contains("EC2 API") {
            let control = address.context("the EC2 API has an address")?;
            return Ok(Started { process, addresses: found, control, metrics, console });
        }
    }
    bail!("no EC2 API in the banner")
}

/// The addresses of the URLs in a line.
fn addresses(line: &str) -> Vec<SocketAddr> {
    let urls = line.split("http://").skip(1);
    let words = urls.filter_map(|url| url.split([',', ' ', ';', '/']).next());
    words.filter_map(|address| address.parse().ok()).collect()
}

fn log_of(home: &Path) -> PathBuf {
    home.join("access.log")
}

fn messages_of(home: &Path) -> PathBuf {
    home.join("messages")
}
