//! A real Prometheus that scrapes: under load, through its own ends, with the project's rules and dashboard.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;
use testkit::{
    Context as _, Need, Process, Result, Server, Trial, anyhow, ensure, eventually, tests,
};

use super::{ID, scrape};

/// All requests that were answered.
const ALL: &str = "sum(imds_requests_total)";

pub(super) fn tests() -> Vec<Trial> {
    tests![&[Need::Prometheus]; counts_are_exact_through_restarts, it_loads_the_rules_and_warns]
}

/// A Prometheus with a configuration, and the data that outlives its end.
struct Prometheus {
    tools: PathBuf,
    home: TempDir,
    address: SocketAddr,
    process: Option<Process>,
}

impl Prometheus {
    fn start(target: SocketAddr) -> Result<Self> {
        let tools = Path::new(&std::env::var("IMDS_TEST_PROMETHEUS")?).join("usr/bin");
        let home = tempfile::tempdir()?;
        let text = format!(
            "global: {{scrape_interval: 100ms, evaluation_interval: 200ms}}\n\
             rule_files: [{rules}]\n\
             scrape_configs: [{{job_name: imds, static_configs: [{{targets: ['{target}']}}]}}]\n",
            rules = docs().join("alerts.yml").display(),
        );
        fs::write(home.path().join("prometheus.yml"), text)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut prometheus = Self { tools, home, address, process: None };
        prometheus.begin()?;
        Ok(prometheus)
    }

    fn config(&self) -> PathBuf {
        self.home.path().join("prometheus.yml")
    }

    fn begin(&mut self) -> Result<()> {
        let log =
            fs::File::options().create(true).append(true).open(self.home.path().join("log"))?;
        let mut command = Command::new(self.tools.join("prometheus"));
        command
            .arg(format!("--config.file={}", self.config().display()))
            .arg(format!("--storage.tsdb.path={}", self.home.path().join("data").display()))
            .arg(format!("--web.listen-address={}", self.address))
            .stderr(log);
        self.process = Some(Process::start(&mut command)?);
        Ok(())
    }

    /// Ends it by a signal, and waits until it has ended.
    fn end(&mut self, signal: &str) -> Result<()> {
        let mut process = self.process.take().context("it does not run")?;
        process.signal(signal)?;
        process.ended().map(drop)
    }

    fn query(&self, expression: &str) -> Result<Value> {
        let expression = percent_encode(expression);
        let answer = scrape(self.address, &format!("GET /api/v1/query?query={expression}"))?;
        Ok(serde_json::from_str(&dechunked(&answer.text()?))?)
    }

    /// The first value of an expression, if there is one.
    fn value(&self, expression: &str) -> Option<f64> {
        let found = self.query(expression).ok()?;
        found["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    }
}

/// What a load generator has sent and seen answered.
#[derive(Default)]
struct Sent {
    rounds: AtomicU64,
    is_over: AtomicBool,
}

/// While requests come without a pause, Prometheus is ended and killed, and starts again. In the end it has exactly
/// what was sent, and it never saw a count fall.
fn counts_are_exact_through_restarts() -> Result<()> {
    const CLIENTS: usize = 2;
    let server = Server::start(&["--ami", "al2", "--threads", "2", "--metrics", "127.0.0.1:0"])?;
    let mut prometheus = Prometheus::start(server.metrics()?)?;
    let sent = Sent::default();
    let outcome = thread::scope(|scope| -> Result<()> {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(|| load(&server, &sent))).collect();
        let outcome = ["TERM", "KILL", "TERM"]
            .iter()
            .try_for_each(|signal| end(&mut prometheus, signal, &sent));
        sent.is_over.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        outcome
    });
    outcome?;
    let sent = sent.rounds.load(Ordering::SeqCst);
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let sent = sent as f64;
    for (expression, expected) in [
        (ALL, 3.0 * sent),
        ("sum(imds_requests_total{version='v1',status='200',path='meta-data'})", sent),
        ("sum(imds_requests_total{version='v2',status='200',path='token'})", sent),
        ("sum(imds_requests_total{version='v2',status='404',path='user-data'})", sent),
        ("imds_tokens_total", sent),
        ("imds_metadata_no_token_total{instance_id!='other'}", sent),
        ("imds_request_duration_seconds_count", 3.0 * sent),
        ("sum(resets(imds_requests_total[1h]))", 0.0),
        ("sum(resets(imds_tokens_total[1h]))", 0.0),
    ] {
        let mut last = None;
        eventually(expression, || {
            last = prometheus.value(expression);
            last.filter(|value| (value - expected).abs() < 0.5)
        })
        .with_context(|| format!("{last:?}, not {expected}"))?;
    }
    Ok(())
}

/// Ends Prometheus once it has scraped, and starts it again when it has missed some requests.
fn end(prometheus: &mut Prometheus, signal: &str, sent: &Sent) -> Result<()> {
    let before = eventually("Prometheus scrapes", || prometheus.value(ALL))?;
    let after =
        eventually("it scrapes under load", || prometheus.value(ALL).filter(|now| *now > before))?;
    prometheus.end(signal)?;
    let seen = sent.rounds.load(Ordering::SeqCst);
    eventually("requests that nobody scrapes", || {
        (sent.rounds.load(Ordering::SeqCst) > seen + 10).then_some(())
    })?;
    prometheus.begin()?;
    eventually("it scrapes again", || prometheus.value(ALL).filter(|now| *now > after)).map(drop)
}

/// Rounds of a token, and requests with and without it.
fn load(server: &Server, sent: &Sent) -> Result<()> {
    while !sent.is_over.load(Ordering::SeqCst) {
        let header = format!("X-aws-ec2-metadata-token: {}", server.token(60)?);
        server.request("GET", "/latest/meta-data/ami-id", &[])?;
        server.request("GET", "/latest/user-data", &[&header])?;
        sent.rounds.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

/// With the alert rules and the queries of the dashboard that the project has.
fn it_loads_the_rules_and_warns() -> Result<()> {
    let server = Server::start(&["--ami", "al2", "--hop-limit", "2", "--metrics", "127.0.0.1:0"])?;
    server.request("GET", "/latest/meta-data/ami-id", &[])?;
    server.token(60)?;
    let prometheus = Prometheus::start(server.metrics()?)?;
    let mut check = Command::new(prometheus.tools.join("promtool"));
    let check = check.args(["check", "config"]).arg(prometheus.config()).output()?;
    ensure!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));

    let first = format!("imds_metadata_no_token_total{{instance_id=\"{ID}\"}}");
    let seen = eventually("Prometheus has scraped", || prometheus.value(&first))?;
    ensure!((seen - 1.0).abs() < 0.5, "{seen}");
    answers_the_dashboard(docs(), |expression| prometheus.query(expression))?;

    // IMDSv1 was used, so the warning that says so is there.
    eventually("an alert about IMDSv1", || {
        server.request("GET", "/latest/meta-data/ami-id", &[]).ok()?;
        prometheus.value("ALERTS{alertname=\"ImdsV1Used\"}")
    })?;
    Ok(())
}

fn docs() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/prometheus"))
}

/// Each query of the dashboard can be asked.
fn answers_the_dashboard(docs: &Path, query: impl Fn(&str) -> Result<Value>) -> Result<()> {
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(docs.join("dashboard.json"))?)?;
    let panels = dashboard["panels"].as_array().context("panels")?;
    let targets = panels.iter().filter_map(|panel| panel["targets"].as_array()).flatten();
    let mut queries = 0;
    for target in targets {
        let expression = target["expr"].as_str().context("a target without expr")?;
        let expression = expression.replace("$__rate_interval", "1m").replace("$instance", ".*");
        let answer = query(&expression)?;
        ensure!(answer["status"] == "success", "{expression}: {answer}");
        queries += 1;
    }
    ensure!(queries >= 8, "{queries} queries");
    Ok(())
}

fn percent_encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// A body without the lines that say how long its chunks are.
fn dechunked(body: &str) -> String {
    if body.starts_with('{') {
        return body.to_owned();
    }
    let mut rest = body;
    let mut text = String::new();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap_or(0);
        text += after.get(..length).unwrap_or("");
        rest = after.get(length + 2..).unwrap_or("");
    }
    text
}
