//! Processor time per request, beside nginx serving a constant of the same size.
//!
//! User and system time of the server, divided by the requests it answered: on a shared machine
//! rates swing with the load of others, processor time much less.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::{IMDS, ROUNDS, median};

const CONNECTIONS: &str = "32";
const SECONDS: &str = "2";
/// Two threads of the client keep one worker busy. From one it would have to wait, and be charged
/// for each time it falls asleep and wakes: the faster it is, the more.
const CLIENT_THREADS: &str = "2";
const OURS: &str = "127.0.0.1:13382";
const NGINX: &str = "127.0.0.1:13383";
/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(10);
const PATH: &str = "/latest/meta-data/instance-id";

/// What [`PATH`] holds; nginx serves the same body, and header fields of the same size.
const BODY: &str = "i-1234567890abcdef0";

pub(super) fn measure() -> Result<()> {
    println!("tokened GET, microseconds of processor time per request, one worker each,");
    println!("{CONNECTIONS} kept-alive connections");
    for logs in [false, true] {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let imds = Server::imds(logs)?;
        let nginx = Server::nginx(logs)?;
        let token = token()?;
        for _ in 0..ROUNDS {
            theirs.push(nginx.load(NGINX, &token)?);
            ours.push(imds.load(OURS, &token)?);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let log = if logs { "access logs on" } else { "access logs off" };
        println!("  {log}:");
        println!("    nginx return 200    {theirs:6.2}");
        println!(
            "    imds serve          {ours:6.2}   {:.2} of nginx's (goal: at most 0.8)",
            ours / theirs
        );
    }
    Ok(())
}

/// A server under load, and the process whose time counts.
struct Server {
    process: Child,
    worker: u32,
}

impl Server {
    fn imds(logs: bool) -> Result<Self> {
        let log = if logs { "target/bench-imds.log" } else { "off" };
        let process = Command::new(IMDS)
            .args(["serve", "--instance-type", "t3.micro", "--threads", "1"])
            .args(["--listen", OURS, "--access-log", log])
            .env("XDG_STATE_HOME", std::path::absolute("target/bench-state")?)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self { worker: process.id(), process };
        wait_for(OURS)?;
        Ok(server)
    }

    fn nginx(logs: bool) -> Result<Self> {
        let home = std::path::absolute("target/bench-nginx")?;
        fs::create_dir_all(&home)?;
        let config = home.join("nginx.conf");
        fs::write(&config, nginx_config(&home, logs))?;
        let process = Command::new("nginx")
            .args(["-e", "stderr", "-c"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("nginx")?;
        // From here on it is ended whatever happens.
        let mut server = Self { worker: process.id(), process };
        wait_for(NGINX)?;
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
            std::thread::yield_now();
        }
    }

    /// Loads the server for a while; processor time per request in microseconds.
    fn load(&self, address: &str, token: &str) -> Result<f64> {
        let before = self.processor_time()?;
        let output = Command::new("wrk")
            .args(["-t", CLIENT_THREADS, "-c", CONNECTIONS, "-d", SECONDS])
            .args(["-H", "Connection: keep-alive", "-H"])
            .arg(format!("X-aws-ec2-metadata-token: {token}"))
            .arg(format!("http://{address}{PATH}"))
            .output()
            .context("wrk")?;
        let spent = self.processor_time()?.saturating_sub(before);
        let report = String::from_utf8(output.stdout)?;
        ensure!(!report.contains("Non-2xx"), "not all requests were answered with 200:\n{report}");
        let count =
            report.split(" requests in ").next().and_then(|text| text.split_whitespace().last());
        let requests: f64 = count.and_then(|count| count.parse().ok()).context("wrk's report")?;
        Ok(spent.as_secs_f64() * 1e6 / requests)
    }

    /// User and system time so far.
    fn processor_time(&self) -> Result<Duration> {
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

fn nginx_config(home: &Path, logs: bool) -> String {
    let home = home.display();
    let log = if logs { format!("{home}/access.log") } else { "off".to_owned() };
    format!(
        "daemon off; worker_processes 1; pid {home}/nginx.pid; error_log stderr crit;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n  access_log {log};\n  keepalive_requests 1000000000;\n  default_type text/plain;\n  \
         client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;\n  \
         fastcgi_temp_path {home}/fastcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;\n  \
         server {{ listen {NGINX}; location / {{\n    add_header Accept-Ranges none;\n    \
         add_header Last-Modified \"Fri, 13 Jun 2025 03:10:56 GMT\";\n    \
         add_header X-Aws-Ec2-Metadata-Token-Ttl-Seconds 21600;\n    \
         return 200 \"{BODY}\"; }} }}\n}}\n"
    )
}

fn wait_for(address: &str) -> Result<()> {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        ensure!(start.elapsed() < PATIENCE, "nothing answers on {address}");
        std::thread::yield_now();
    }
    Ok(())
}

fn token() -> Result<String> {
    let mut stream = TcpStream::connect(OURS)?;
    stream.write_all(
        b"PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n\r\n",
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split("\r\n\r\n").nth(1).context("no token")?.to_owned())
}
