//! What it costs to be observed: metrics and a viewer of the console beside none, and scrapes of a large fleet.

use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::load::Load;
use super::measure::{IMDS, ROUNDS, median};
use super::server::{Server, token};
use crate::command::{cargo, run};

/// More than elsewhere: what is looked for is smaller than what one round differs from the next.
const PAIRS: usize = 3 * ROUNDS;
const ALONE: &str = "127.0.0.1:13388";
const OBSERVED: &str = "127.0.0.1:13389";
const API: &str = "127.0.0.1:13392";
const METRICS: &str = "127.0.0.1:13393";
const CONSOLE: &str = "127.0.0.1:13394";

pub(super) fn measure() -> Result<()> {
    let home = Path::new("target/bench-observed");
    let quiet = ["--access-log", "off"];
    let alone = [&quiet[..], &["--control", "off"]].concat();
    let alone = Server::imds(&IMDS, ALONE, &home.join("alone"), &alone)?;
    let flags = ["--control", API, "--metrics", METRICS, "--console", CONSOLE];
    let flags = [&quiet[..], &flags].concat();
    let state = home.join("observed");
    let observed = Server::imds(&IMDS, OBSERVED, &state, &flags)?;
    // A service that answers has started its console too.
    let (of_alone, of_observed) = (token(ALONE)?, token(OBSERVED)?);
    let viewer = Viewer::watch(&state)?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        without.push(alone.load(ALONE, &of_alone, Load::KEPT_ALIVE)?);
        with.push(observed.load(OBSERVED, &of_observed, Load::KEPT_ALIVE)?);
    }
    let ratios = without.iter().zip(&with).map(|(without, with)| with / without).collect();
    let (without, with, ratio) = (median(without), median(with), median(ratios));
    let seen = viewer.seen();
    ensure!(seen > 0, "the viewer has seen nothing");
    println!(
        "processor time of a tokened GET, all threads, µs, {PAIRS} rounds; the viewer read {} KiB",
        seen / 1024
    );
    println!(
        "  unobserved {without:6.2}, with metrics and a viewer {with:6.2}: {ratio:.3} (goal: 1.03)\n"
    );
    run(&mut cargo("run --release --quiet --package imds-host --example scrape"))
}

/// A browser that watches requests as they come, until it is dropped.
struct Viewer {
    seen: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Viewer {
    fn watch(state: &Path) -> Result<Self> {
        let state = std::path::absolute(state)?;
        let printed = Command::new(&*IMDS).arg("console").env("XDG_STATE_HOME", state).output()?;
        let url = String::from_utf8(printed.stdout)?;
        let path = url.trim_end().strip_prefix(&format!("http://{CONSOLE}")).context("no URL")?;
        let mut page = String::new();
        ask(path, "")?.read_to_string(&mut page)?;
        let cookie = page.split("set-cookie: ").nth(1).and_then(|it| it.split(';').next());
        let mut events = ask("/api/v1/requests/live", cookie.context("no session")?)?;
        events.set_read_timeout(Some(Duration::from_millis(100)))?;
        let (seen, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (sum, ends) = (Arc::clone(&seen), Arc::clone(&is_over));
        let thread = thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            while !ends.load(Ordering::Relaxed) {
                sum.fetch_add(events.read(&mut buffer).unwrap_or(0), Ordering::Relaxed);
            }
        });
        Ok(Self { seen, is_over, thread: Some(thread) })
    }

    /// How many bytes it has read.
    fn seen(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that panicked reads nothing more.
            let _ = thread.join();
        }
    }
}

fn ask(path: &str, cookie: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(CONSOLE)?;
    let end = if cookie.is_empty() { "Connection: close\r\n" } else { "" };
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {CONSOLE}\r\nCookie: {cookie}\r\n{end}\r\n")?;
    Ok(stream)
}
