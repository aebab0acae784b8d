//! `imds get` beside curl where all is well, and beside the AWS SDKs where the token is lost.

use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, ensure};

use super::measure::{IMDS, ROUNDS, median, time};
use crate::{clients, install, test};

/// Runs per round where a token comes at once.
const RUNS: usize = 20;

const ADDRESS: &str = "127.0.0.1:13382";

/// An instance whose hop limit is 1, seen from a container on it.
const LOST: [&str; 9] = [
    "exec",
    "--ami",
    "al2",
    "--instance-type",
    "t3.micro",
    "--role",
    "app-role",
    "--container",
    "--",
];

/// What boto3 is asked for.
const CREDENTIALS: &str = "import boto3; print(boto3.Session().get_credentials().method)";

/// The command that fixes it.
const FIX: &str = "aws ec2 modify-instance-metadata-options";

pub(super) fn measure() -> Result<()> {
    healthy()?;
    lost()
}

fn healthy() -> Result<()> {
    let mut server = Command::new(&*IMDS)
        .args(["serve", "--listen", ADDRESS, "--access-log", "off", "--http-tokens", "optional"])
        .env("XDG_STATE_HOME", std::path::absolute("target/bench-state")?)
        .stdout(Stdio::piped())
        .spawn()?;
    // It serves once it says so.
    let stdout = server.stdout.take().context("standard output is piped")?;
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut String::new())?;
    let times = (0..ROUNDS * RUNS).map(|_| {
        let mut get = Command::new(&*IMDS);
        get.args(["get", "--endpoint", &format!("http://{ADDRESS}"), "instance-id"]);
        let mut curl = Command::new("curl");
        curl.args(["-s", &format!("http://{ADDRESS}/latest/meta-data/instance-id")]);
        Ok((time(get.stdout(Stdio::null()))?, time(curl.stdout(Stdio::null()))?))
    });
    let times = times.collect::<Result<Vec<_>>>();
    server.kill()?;
    server.wait()?;
    let (ours, curls) = times?.into_iter().unzip();
    let (ours, curls) = (median(ours), median(curls));
    println!("instance-id, ms of wall time of a whole process, {} runs each", ROUNDS * RUNS);
    println!("  curl, without a token {curls:6.2}");
    let ratio = ours / curls;
    println!("  imds get, with one    {ours:6.2}   ratio {ratio:.2} (goal: at most 0.4)\n");
    Ok(())
}

/// A program in the container.
struct Subject {
    name: &'static str,
    program: Vec<String>,
    /// How it ends: its exit code, and what it says at least.
    code: i32,
    says: &'static str,
}

impl Subject {
    fn new(name: &'static str, program: &[&str], code: i32, says: &'static str) -> Self {
        Self { name, program: program.iter().map(|it| (*it).to_owned()).collect(), code, says }
    }

    /// Milliseconds from the start of `imds exec` to its end.
    fn run(&self) -> Result<f64> {
        let mut command = Command::new(&*IMDS);
        command.args(LOST).args(&self.program);
        for name in std::env::vars().map(|(name, _)| name) {
            if name.starts_with("AWS_") || name.to_lowercase().ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        let start = Instant::now();
        let output = command.env("HOME", "/nonexistent").stdin(Stdio::null()).output()?;
        let took = start.elapsed().as_secs_f64() * 1000.0;
        let Output { status, stdout, stderr } = &output;
        let said = [stdout.as_slice(), stderr].map(String::from_utf8_lossy).concat();
        ensure!(
            status.code() == Some(self.code) && said.contains(self.says),
            "{}: {status}\n{said}",
            self.name
        );
        Ok(took)
    }
}

fn lost() -> Result<()> {
    let get = std::path::absolute(&*IMDS)?;
    let get = get.to_str().context("a path in UTF-8")?;
    let python = install::python(&test::PYTHON)?.join("python");
    let python = python.to_str().context("a path in UTF-8")?;
    let rust = clients::rust("release")?;
    let rust = rust.to_str().context("a path in UTF-8")?;
    let node = clients::node()?;
    let node = node.to_str().context("a path in UTF-8")?;
    let url = "http://169.254.169.254/latest/api/token";
    let ttl = "X-aws-ec2-metadata-token-ttl-seconds: 21600";
    let subjects = [
        Subject::new("true (what all pay for imds exec)", &["true"], 0, ""),
        Subject::new(
            "imds get --allow-v1 instance-id",
            &[get, "get", "--allow-v1", "instance-id"],
            0,
            "i-1234567890abcdef0",
        ),
        Subject::new(
            "imds get instance-id: says what fixes it",
            &[get, "get", "instance-id"],
            5,
            FIX,
        ),
        Subject::new("boto3: credentials, by IMDSv1", &[python, "-c", CREDENTIALS], 0, "iam-role"),
        Subject::new("AWS SDK for JavaScript v3: the same", &["node", node], 0, "credentials"),
        Subject::new("aws-config (Rust): fails", &[rust], 1, "Timeout"),
    ];
    // It takes two minutes, so the others go on beside it.
    let curl = Subject::new(
        "curl -X PUT …/api/token: fails",
        &["curl", "-sSX", "PUT", url, "-H", ttl],
        56,
        "reset",
    );
    let (times, of_curl) = thread::scope(|scope| {
        let waiting = scope.spawn(|| curl.run());
        let times = subjects
            .iter()
            .map(|subject| (0..ROUNDS).map(|_| subject.run()).collect::<Result<Vec<_>>>());
        let times = times.collect::<Result<Vec<_>>>();
        (times, waiting.join().unwrap_or_else(|_| Err(anyhow!("the thread panicked"))))
    });
    println!(
        "a token lost on its way to a container, ms of wall time, {ROUNDS} runs each, curl once"
    );
    for (subject, times) in subjects.iter().zip(times?) {
        println!("  {:42} {:9.0}", subject.name, median(times));
    }
    println!("  {:42} {:9.0}", curl.name, of_curl?);
    println!("  (goals: with --allow-v1 at most 300, without at most 400)\n");
    Ok(())
}
