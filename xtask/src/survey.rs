//! How real clients behave where a token is lost, over IPv6, and by which settings: `cargo xtask clients` runs each of
//! `xtask/clients/survey.toml` in `imds exec`, and writes the table of docs/clients.md.

mod client;
mod outcome;
mod situation;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::command::{cargo, run};
use client::Client;
use situation::{Bench, Row};

const PAGE: &str = "docs/clients.md";

/// Between these lines of the page is the table.
const BEGIN: &str = "<!-- `cargo xtask clients` writes this table -->\n";
const END: &str = "<!-- end of the table -->\n";

/// Most of the time clients wait.
const WORKERS: usize = 12;

/// Measures the clients whose names have one of `words` in them, or all, and writes their lines of the table.
pub(crate) fn run_all(words: &[&str]) -> Result<()> {
    run(&mut cargo("build --quiet --package imds --bin imds"))?;
    let clients = client::read(Path::new("xtask/clients/survey.toml"))?;
    let is_wanted =
        |client: &Client| words.is_empty() || words.iter().any(|word| client.name.contains(word));
    let rows = measured(&clients, is_wanted)?;
    let page = std::fs::read_to_string(PAGE)?;
    let (before, rest) = page.split_once(BEGIN).context("the page has no place for the table")?;
    let (known, after) = rest.split_once(END).context("the table has no end")?;
    let mut failed = 0;
    let mut table = situation::HEAD.to_owned();
    for (client, row) in clients.iter().zip(rows) {
        failed += usize::from(matches!(row, Some(Err(_))));
        if let Some(Ok(row)) = row {
            table += &row.to_string();
        } else if let Some(line) = known.lines().find(|line| client.is_of(line)) {
            writeln!(table, "{line}")?;
        }
    }
    std::fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}"))?;
    if failed > 0 {
        bail!("{failed} clients could not be measured; their lines are the former ones");
    }
    Ok(())
}

/// The line of each client that is wanted.
fn measured(
    clients: &[Client],
    is_wanted: impl Fn(&Client) -> bool + Sync,
) -> Result<Vec<Option<Result<Row>>>> {
    let bench = Bench::new()?;
    let next = AtomicUsize::new(0);
    let work = || {
        let mut rows = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(client) = clients.get(index) else { return rows };
            if !is_wanted(client) {
                continue;
            }
            let row = measure(client, &bench);
            match &row {
                Ok(row) => print!("{row}"),
                Err(error) => println!("{}: {error:#}", client.name),
            }
            rows.push((index, row));
        }
    };
    let mut rows: Vec<_> = clients.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let done = worker.join().map_err(|_| anyhow!("a worker panicked"))?;
            for (index, row) in done {
                rows[index] = Some(row);
            }
        }
        Ok(rows)
    })
}

fn measure(client: &Client, bench: &Bench) -> Result<Row> {
    let installed = client.install().with_context(|| format!("cannot install {}", client.name))?;
    bench.row(client, &installed)
}
