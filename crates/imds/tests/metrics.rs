//! `imds serve --metrics`: counts that equal what clients sent, for whoever scrapes.

mod prometheus;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use testkit::http::{Response, exchange};
use testkit::{Context as _, Result, Server, Trial, anyhow, ensure, tests};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![&[];
        counts_equal_what_was_sent,
        refusals_of_v1_are_told_apart,
        anyone_may_choose_a_format,
        every_metric_is_documented,
    ];
    trials.extend(prometheus::tests());
    trials
}

const ID: &str = "i-1234567890abcdef0";

fn scrape(address: SocketAddr, head: &str) -> Result<Response> {
    let request = format!("{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    Response::parse(&exchange(address, request.as_bytes())?)
}

/// All samples of a scrape, by name and labels as they are written.
fn samples(address: SocketAddr) -> Result<BTreeMap<String, f64>> {
    let text = scrape(address, "GET /metrics")?.text()?;
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, value) = line.rsplit_once(' ').with_context(|| line.to_owned())?;
        Ok((name.to_owned(), value.parse()?))
    });
    samples.collect()
}

fn requests(version: &str, status: u16, path: &str) -> String {
    format!("imds_requests_total{{version=\"{version}\",status=\"{status}\",path=\"{path}\"}}")
}

/// Also while another client scrapes all the time, and sees no count fall.
fn counts_equal_what_was_sent() -> Result<()> {
    const CLIENTS: u32 = 4;
    const ROUNDS: u32 = 50;
    let server = Server::start(&["--ami", "al2", "--threads", "2", "--metrics", "127.0.0.1:0"])?;
    let metrics = server.metrics()?;
    let is_over = AtomicBool::new(false);
    let scrapes = thread::scope(|scope| {
        let scraper = scope.spawn(|| -> Result<u32> {
            let (mut before, mut count) = (BTreeMap::new(), 0);
            while !is_over.load(Ordering::Relaxed) {
                let now = samples(metrics)?;
                let counters = now.iter().filter(|(name, _)| name.contains("_total"));
                for (name, value) in counters {
                    let earlier = before.get(name).copied().unwrap_or(0.0);
                    ensure!(earlier <= *value, "{name} fell from {earlier} to {value}");
                }
                (before, count) = (now, count + 1);
            }
            Ok(count)
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| -> Result<()> {
                    for _ in 0..ROUNDS {
                        let header = format!("X-aws-ec2-metadata-token: {}", server.token(60)?);
                        server.request("GET", "/latest/meta-data/ami-id", &[])?;
                        server.request("GET", "/latest/meta-data/mac", &[&header])?;
                        server.request("GET", "/latest/user-data", &[&header])?;
                        server.request("GET", "/latest/meta-data/iam/info", &[&header])?;
                        server.exchange("no request\r\n\r\n")?;
                    }
                    Ok(())
                })
            })
            .collect();
        for client in clients {
            client.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        is_over.store(true, Ordering::Relaxed);
        scraper.join().map_err(|_| anyhow!("the scraper panicked"))?
    })?;
    ensure!(scrapes > 0, "nothing was scraped meanwhile");

    are_counted(metrics, f64::from(CLIENTS * ROUNDS))
}

/// Whether each kind of request was counted `all` times.
fn are_counted(metrics: SocketAddr, all: f64) -> Result<()> {
    let found = samples(metrics)?;
    for (name, expected) in [
        (requests("v2", 200, "token"), all),
        (requests("v1", 200, "meta-data"), all),
        (requests("v2", 200, "meta-data"), all),
        (requests("v2", 404, "user-data"), all),
        (requests("v2", 404, "credentials"), all),
        (requests("v1", 400, "other"), all),
        ("imds_tokens_total".to_owned(), all),
        ("imds_tokens_undeliverable_total".to_owned(), 0.0),
        ("imds_connections_total".to_owned(), 6.0 * all),
        ("imds_request_duration_seconds_count".to_owned(), 6.0 * all),
        (format!("imds_metadata_no_token_total{{instance_id=\"{ID}\"}}"), all),
        (format!("imds_metadata_no_token_rejected_total{{instance_id=\"{ID}\"}}"), 0.0),
        ("imds_instances".to_owned(), 1.0),
    ] {
        ensure!(
            found.get(&name) == Some(&expected),
            "{name}: {:?}, not {expected}",
            found.get(&name)
        );
    }
    let sum: f64 = found
        .iter()
        .filter(|(name, _)| name.starts_with("imds_requests_total"))
        .map(|it| it.1)
        .sum();
    ensure!((sum - 6.0 * all).abs() < 0.5, "{sum} requests of {}", 6.0 * all);
    Ok(())
}

fn refusals_of_v1_are_told_apart() -> Result<()> {
    let server = Server::start(&["--ami", "al2023", "--metrics", "127.0.0.1:0"])?;
    server.request("GET", "/latest/meta-data/ami-id", &[])?;
    server.request("GET", "/latest/meta-data/ami-id", &["X-aws-ec2-metadata-token: wrong"])?;
    let found = samples(server.metrics()?)?;
    for (name, expected) in [
        (requests("v1", 401, "meta-data"), 1.0),
        (requests("v2", 401, "meta-data"), 1.0),
        (format!("imds_metadata_no_token_rejected_total{{instance_id=\"{ID}\"}}"), 1.0),
        (format!("imds_metadata_no_token_total{{instance_id=\"{ID}\"}}"), 0.0),
    ] {
        ensure!(found.get(&name) == Some(&expected), "{name}: {found:?}");
    }
    Ok(())
}

fn anyone_may_choose_a_format() -> Result<()> {
    let server = Server::start(&["--metrics", "127.0.0.1:0"])?;
    let metrics = server.metrics()?;
    let plain = scrape(metrics, "GET /metrics")?;
    ensure!(plain.header("content-type") == Some("text/plain; version=0.0.4; charset=utf-8"));
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                   Accept: application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5\r\n\r\n";
    let open = Response::parse(&exchange(metrics, request.as_bytes())?)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ensure!(open.header("content-type") == Some(kind), "{open:?}");
    ensure!(open.text()?.ends_with("# EOF\n"));
    ensure!(scrape(metrics, "HEAD /metrics")?.body.is_empty());
    for (head, status) in
        [("GET /", 404), ("POST /metrics", 405), ("GET /latest/meta-data/", 404), ("POST /", 404)]
    {
        ensure!(scrape(metrics, head)?.status() == status, "{head}");
    }
    // Nor is it the other way round.
    ensure!(server.request("GET", "/metrics", &[])?.status() == 401);
    Ok(())
}

/// The table in docs/metrics.md has every metric and no other.
fn every_metric_is_documented() -> Result<()> {
    let server = Server::start(&["--metrics", "127.0.0.1:0"])?;
    server.token(60)?;
    let text = scrape(server.metrics()?, "GET /metrics")?.text()?;
    let served = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut served: Vec<_> = served.filter_map(|line| line.split(' ').next()).collect();
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md"))?;
    let kinds = ["| counter |", "| gauge |", "| histogram |"];
    let is_metric = |row: &&str| kinds.iter().any(|kind| row.contains(kind));
    let rows = page.lines().filter(is_metric).filter_map(|line| line.strip_prefix("| `"));
    let mut documented: Vec<_> = rows.filter_map(|row| row.split(['`', '{']).next()).collect();
    served.sort_unstable();
    documented.sort_unstable();
    ensure!(served == documented, "served {served:?}\ndocumented {documented:?}");
    Ok(())
}
