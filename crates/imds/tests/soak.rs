//! A long mixed load: clients that check all they get, clients that break off, changes, launches, events. No
//! answer is wrong or older than a change that was done before it was asked for, and nothing grows.
//!
//! In CI this takes seconds. `cargo xtask soak` sets `IMDS_SOAK_MINUTES`, and has the release build serve.

mod client;
mod instance;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use testkit::http::exchange_from;
use testkit::{Result, Server, Trial, anyhow, ensure, eventually, tests};

use crate::api::{call, elements};
use crate::instances::run_another;
use crate::robustness::{descriptors, resident_kib};
use client::Client;
use instance::Instance;

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[]; no_answer_is_wrong_and_nothing_grows]
}

/// How many clients read, and how many break off. No other test asks from 127.0.66.0/24.
const READERS: u32 = 6;
const BREAKERS: u32 = 2;
const INSTANCES: u8 = 8;
/// Where instances come and go.
const GUEST: Ipv4Addr = Ipv4Addr::new(127, 0, 66, 200);

/// What a terminated instance may keep, for the hour in which EC2 still shows it.
const MOST_KIB_OF_A_LAUNCH: usize = 8;

/// How long it goes on, and how many answers there are between two rounds of changes.
struct Length {
    least: Duration,
    rounds: usize,
    answers: usize,
}

impl Length {
    fn from_environment() -> Result<Self> {
        let Ok(minutes) = std::env::var("IMDS_SOAK_MINUTES") else {
            return Ok(Self { least: Duration::ZERO, rounds: 16, answers: 200 });
        };
        let least = Duration::from_secs(60 * minutes.parse::<u64>()?);
        Ok(Self { least, rounds: 16, answers: 5_000 })
    }
}

/// What is left of the service after a round.
struct Sample {
    kib: usize,
    descriptors: usize,
}

fn no_answer_is_wrong_and_nothing_grows() -> Result<()> {
    let length = Length::from_environment()?;
    let mut server = Server::start(&["--no-auth", "--ami", "al2", "--threads", "2"])?;
    let instances = (1..=INSTANCES)
        .map(|n| Instance::launch(&server, Ipv4Addr::new(127, 0, 66, n)))
        .collect::<Result<Vec<_>>>()?;
    let before = descriptors(&mut server)?;

    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let address = server.address();
    let samples = thread::scope(|scope| {
        let goes_on = || !is_over.load(Ordering::Relaxed);
        let instances = &instances;
        let answered = &answered;
        let spawn = |n| {
            let mut client = Client::new(address, n);
            let act = if n < READERS { Client::read } else { Client::break_off };
            scope.spawn(move || -> Result<()> {
                while goes_on() {
                    let count = act(&mut client, instances)?;
                    answered.fetch_add(count, Ordering::Relaxed);
                }
                Ok(())
            })
        };
        let crowd: Vec<_> = (0..READERS + BREAKERS).map(spawn).collect();
        let waits = |until: usize| {
            let has_failed = || crowd.iter().any(ScopedJoinHandle::is_finished);
            let is_enough = || answered.load(Ordering::Relaxed) >= until;
            eventually("answers", || (is_enough() || has_failed()).then_some(()))?;
            ensure!(!has_failed(), "a client has failed");
            Ok(())
        };
        let samples = rounds(&length, &mut server, instances, waits);
        is_over.store(true, Ordering::Relaxed);
        for client in crowd {
            client.join().map_err(|_| anyhow!("a client panicked"))??;
        }
        samples
    })?;

    let answered = answered.into_inner();
    ensure!(answered >= samples.len() * length.answers, "only {answered} answers");
    let most = samples.iter().map(|sample| sample.descriptors).max().unwrap_or_default();
    // A few that are made when they are first needed.
    let after = eventually("descriptors to be given back", || {
        descriptors(&mut server).ok().filter(|after| *after <= before + 8)
    })?;
    let (early, late) = (middle(&samples, 1), middle(&samples, 3));
    eprintln!(
        "{answered} answers checked, {} rounds of changes and launches; memory {early} KiB early, {late} KiB \
         late; descriptors {before} before, {most} at most, {after} after",
        samples.len()
    );
    let launches = samples.len() / 2;
    let most = early + early / 20 + launches * MOST_KIB_OF_A_LAUNCH + (4 << 10);
    ensure!(late <= most, "memory has grown from {early} to {late} KiB, with {launches} launches");
    Ok(())
}

/// Changes all instances, round after round.
fn rounds(
    length: &Length,
    server: &mut Server,
    instances: &[Instance],
    waits_for: impl Fn(usize) -> Result<()>,
) -> Result<Vec<Sample>> {
    let began = Instant::now();
    let mut samples = Vec::new();
    while samples.len() < length.rounds || began.elapsed() < length.least {
        let round = samples.len();
        waits_for(length.answers * (round + 1))?;
        let instance = &instances[round % instances.len()];
        instance.change(server)?;
        instance.notice(server, round)?;
        come_and_go(server)?;
        let running = call(server.control(), "DescribeInstances", RUNNING)?;
        // The default instance is one more.
        let count = elements(&running, "instanceId").len();
        ensure!(count == instances.len() + 1, "{count} instances run: {running}");
        samples.push(Sample { kib: resident_kib(server)?, descriptors: descriptors(server)? });
    }
    Ok(samples)
}

const RUNNING: &str = "Filter.1.Name=instance-state-name&Filter.1.Value.1=running";

/// An instance is launched, asked and terminated: its address is nobody's afterwards.
fn come_and_go(server: &Server) -> Result<()> {
    let ask = || {
        let request = b"GET /latest/meta-data/instance-id HTTP/1.0\r\n\r\n";
        exchange_from(IpAddr::V4(GUEST), server.address(), request)
    };
    let id = run_another(server, &GUEST.to_string())?;
    let answer = ask()?;
    ensure!(answer.ends_with(id.as_bytes()), "not {id}: {}", answer.escape_ascii());
    call(server.control(), "TerminateInstances", &format!("InstanceId.1={id}"))?;
    eventually("the address of a terminated instance to be nobody's", || {
        ask().map_or(true, |answer| answer.is_empty()).then_some(())
    })
}

/// The median of the memory in a quarter of the rounds, in KiB.
fn middle(samples: &[Sample], quarter: usize) -> usize {
    let size = samples.len() / 4;
    let mut sizes: Vec<_> =
        samples[quarter * size..][..size].iter().map(|sample| sample.kib).collect();
    sizes.sort_unstable();
    sizes[size / 2]
}
