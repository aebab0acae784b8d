//! What is attacked: `imds`, and beside it nginx, with one worker and two listeners each.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use testkit::{Context as _, Process, Result, eventually, imds, program};

pub(super) struct Subject {
    pub(super) name: &'static str,
    /// Where the good client asks.
    pub(super) good: SocketAddr,
    /// What the crowd attacks.
    pub(super) neighbour: SocketAddr,
    pub(super) control: Option<SocketAddr>,
    /// The process that answers.
    pid: u32,
    process: Process,
    _home: TempDir,
}

impl Drop for Subject {
    /// As nginx is to be ended: one that is killed leaves its worker behind.
    fn drop(&mut self) {
        let _ = self.process.signal("TERM").and_then(|()| self.process.ended());
    }
}

impl Subject {
    pub(super) fn imds() -> Result<Self> {
        let home = TempDir::new()?;
        let file = home.path().join("ready.json");
        let mut command = imds();
        command.args(["serve", "--ami", "al2", "--instance-type", "t3.micro", "--threads", "1"]);
        command.args(["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--access-log", "off"]);
        command.args(["--control", "127.0.0.1:0", "--ready-file"]).arg(&file);
        command.env("XDG_STATE_HOME", home.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::start(&mut command)?;
        let ready = eventually("the service", || fs::read_to_string(&file).ok())?;
        let ready: Value = serde_json::from_str(&ready)?;
        let address = |place: &Value| -> Result<SocketAddr> {
            Ok(place["address"].as_str().context("an address")?.parse()?)
        };
        let metadata = &ready["metadata"];
        Ok(Self {
            name: "imds",
            good: address(&metadata[0])?,
            neighbour: address(&metadata[1])?,
            control: Some(address(&ready["control"])?),
            pid: u32::try_from(ready["pid"].as_u64().context("a pid")?)?,
            process,
            _home: home,
        })
    }

    /// `None` where it is not installed.
    pub(super) fn nginx() -> Result<Option<Self>> {
        let mut command = program("nginx");
        if program("nginx").arg("-v").stderr(Stdio::null()).status().is_err() {
            return Ok(None);
        }
        let home = TempDir::new()?;
        let [good, neighbour] = [free_address()?, free_address()?];
        let path = home.path().display();
        let config = format!(
            "daemon off; worker_processes 1; pid {path}/pid; error_log stderr crit; user root;\n\
             worker_rlimit_nofile 20000; events {{ worker_connections 20000; }}\n\
             http {{ access_log off; keepalive_requests 1000000000; default_type text/plain;\n\
             client_body_temp_path {path}/body; proxy_temp_path {path}/proxy;\n\
             fastcgi_temp_path {path}/fastcgi; uwsgi_temp_path {path}/uwsgi;\n\
             scgi_temp_path {path}/scgi;\n\
             server {{ listen {good}; listen {neighbour};\n\
             location / {{ return 200 \"i-1234567890abcdef0\"; }} }} }}\n"
        );
        let file: PathBuf = home.path().join("nginx.conf");
        fs::write(&file, config)?;
        command.args(["-e", "stderr", "-c"]).arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Process::start(&mut command)?;
        let parent = process.child().id();
        let children = format!("/proc/{parent}/task/{parent}/children");
        let pid = eventually("nginx's worker", || {
            TcpStream::connect(good).ok()?;
            fs::read_to_string(&children).ok()?.split_whitespace().next()?.parse().ok()
        })?;
        let (name, control) = ("nginx", None);
        Ok(Some(Self { name, good, neighbour, control, pid, process, _home: home }))
    }

    pub(super) fn descriptors(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.pid))?.count())
    }

    /// A field of `/proc/PID/status`, in KiB.
    pub(super) fn memory_kib(&self, field: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let number = line.and_then(|line| line.split_whitespace().next());
        Ok(number.with_context(|| format!("no {field}"))?.parse()?)
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
