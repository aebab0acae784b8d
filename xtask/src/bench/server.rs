//! A server under load, and what it costs.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use imds_linux::seccomp;

use super::load::Load;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server, and the process whose time counts. Ended when it is dropped.
pub(super) struct Server {
    process: Child,
    worker: u32,
}

impl Server {
    /// `serve` of the program `imds` on `address`, with its state in `state`; one thread answers unless
    /// the arguments say how many.
    pub(super) fn imds(
        imds: &Path,
        address: &str,
        state: &Path,
        arguments: &[&str],
    ) -> Result<Self> {
        let threads = if arguments.contains(&"--threads") { &[][..] } else { &["--threads", "1"] };
        let process = Command::new(imds)
            .args(["serve", "--instance-type", "t3.micro", "--listen", address])
            .args(threads)
            .args(arguments)
            .env("XDG_STATE_HOME", std::path::absolute(state)?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self { worker: process.id(), process };
        wait_for(address)?;
        Ok(server)
    }

    /// nginx with one worker, on `address`.
    pub(super) fn nginx(address: &str, home: &Path, config: &str) -> Result<Self> {
        fs::create_dir_all(home)?;
        let file = home.join("nginx.conf");
        fs::write(&file, config)?;
        let process = Command::new("nginx")
            .args(["-e", "stderr", "-c"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("nginx")?;
        // From here on it is ended whatever happens.
        let mut server = Self { worker: process.id(), process };
        wait_for(address)?;
        // The port is open before the worker is there.
        let start = Instant::now();
        let children = format!("/proc/{0}/task/{0}/children", server.worker);
        loop {
            let children = fs::read_to_string(&children)?;
            if let Some(worker) = children.split_whitespace().next() {
                server.worker = worker.parse()?;
                return Ok(server);
            }
            ensure!(start.elapsed() < PATIENCE, "nginx has no worker");
            thread::yield_now();
        }
    }

    /// A loop that parses nothing, on `address`: it answers everything with `response`.
    pub(super) fn bare_loop(address: &str, response: &[u8]) -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["bench", "bare-loop", address])
            .stdin(Stdio::piped())
            .spawn()?;
        let stdin = process.stdin.take();
        let server = Self { worker: process.id(), process };
        stdin.context("standard input is piped")?.write_all(response)?;
        wait_for(address)?;
        Ok(server)
    }

    /// Loads the server for a while; processor time per request in microseconds.
    pub(super) fn load(&self, address: &str, token: &str, load: Load) -> Result<f64> {
        let before = self.processor_time()?;
        let requests = load.run(address, token)?;
        let spent = self.processor_time()?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / requests)
    }

    /// The processor time that it spends on something done so often, in milliseconds for each time.
    pub(super) fn spent(&self, times: usize, run: impl Fn() -> Result<()>) -> Result<f64> {
        let before = self.processor_time()?;
        (0..times).try_for_each(|_| run())?;
        let spent = self.processor_time()?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1000.0 / f64::from(u32::try_from(times)?))
    }

    /// How many bytes it has in memory that are its own.
    pub(super) fn memory(&self) -> Result<f64> {
        memory_of(self.worker)
    }

    /// The same, with those of its children.
    pub(super) fn memory_with_children(&self) -> Result<f64> {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.worker))?;
        let children = children.split_whitespace().map(|pid| memory_of(pid.parse()?));
        Ok(self.memory()? + children.sum::<Result<f64>>()?)
    }

    /// Whether it sends by an `io_uring`.
    pub(super) fn has_io_uring(&self) -> Result<bool> {
        let files = fs::read_dir(format!("/proc/{}/fd", self.worker))?;
        // One may be closed meanwhile.
        let mut targets = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        Ok(targets.any(|target| target.to_string_lossy().contains("io_uring")))
    }

    /// User and system time so far.
    pub(super) fn processor_time(&self) -> Result<Duration> {
        // Nanoseconds of all threads that the scheduler has accounted, finer than clock ticks.
        let mut total = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.worker))? {
            let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
            let running = schedstat.split_whitespace().next().context("schedstat")?;
            total += running.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(total))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // nginx's master ends its worker when it is told to; killed, it would leave it behind.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// How many bytes a process has in memory that are its own.
fn memory_of(pid: u32) -> Result<f64> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let own = rollup.lines().filter(|line| line.starts_with("Private_"));
    let kib = own.filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    Ok(kib.sum::<f64>() * 1024.0)
}

/// What `start` starts, and nothing else, cannot make an `io_uring`, as in most containers.
pub(super) fn without_io_uring<T: Send>(start: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    // In a thread of its own: the refusal cannot be taken back.
    thread::scope(|scope| {
        let started = scope.spawn(|| {
            seccomp::refuse_io_uring()?;
            start()
        });
        started.join().unwrap_or_else(|_| Err(anyhow!("the thread panicked")))
    })
}

fn wait_for(address: &str) -> Result<()> {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        ensure!(start.elapsed() < PATIENCE, "nothing answers on {address}");
        thread::yield_now();
    }
    Ok(())
}

/// A session token of the service on `address`.
pub(super) fn token(address: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(
        b"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n\r\n",
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split("\r\n\r\n").nth(1).context("no token")?.to_owned())
}
