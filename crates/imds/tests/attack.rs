//! Loads of hostile clients, and what becomes of a good one meanwhile.
//!
//! In a short form each load is one test: few clients, and all that counts is that the good client is answered
//! and that everything is given back. `cargo xtask attack` sets `IMDS_ATTACK` to a number of seconds: then the
//! crowds are large, the good client is timed, without a load and with it, and nginx is loaded in the same way.

mod good;
mod loads;
mod subject;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testkit::{Result, Trial, anyhow, ensure, eventually, test};

use good::{Served, serve};
use loads::{Attack, LOADS, Load};
use subject::Subject;

pub(crate) fn tests() -> Vec<Trial> {
    let trial = |load: &'static Load| {
        test(format!("attack::{}", load.name), &[], move || match seconds() {
            None => short(load),
            Some(time) => long(load, time),
        })
    };
    LOADS.iter().map(trial).collect()
}

/// How long each measurement takes in the long form.
fn seconds() -> Option<Duration> {
    std::env::var("IMDS_ATTACK").ok()?.parse().ok().map(Duration::from_secs)
}

/// Attacks the subject while `meanwhile` runs; its outcome, and how much the load did.
fn under<T>(
    load: &Load,
    subject: &Subject,
    size: usize,
    meanwhile: impl FnOnce() -> Result<T>,
) -> Result<(T, u64)> {
    let (ready, stop) = (AtomicBool::new(false), AtomicBool::new(false));
    let target = if load.is_for_the_api { subject.control } else { Some(subject.neighbour) };
    let target = target.ok_or_else(|| anyhow!("it has no EC2 API"))?;
    std::thread::scope(|scope| {
        let attack = Attack { target, size, ready: &ready, stop: &stop };
        let crowd = scope.spawn(move || (load.run)(&attack));
        let outcome = eventually("the crowd", || {
            (ready.load(Ordering::Relaxed) || crowd.is_finished()).then_some(())
        })
        .and_then(|()| meanwhile());
        stop.store(true, Ordering::Relaxed);
        let done = crowd.join().map_err(|_| anyhow!("the crowd panicked"))??;
        Ok((outcome?, done))
    })
}

fn short(load: &Load) -> Result<()> {
    const CROWD: usize = 100;
    const REQUESTS: usize = 30;
    let subject = Subject::imds()?;
    let good = subject.good;
    ask(good, REQUESTS)?;
    let before = subject.descriptors()?;
    let ((), done) = under(load, &subject, CROWD, || ask(good, REQUESTS))?;
    ensure!(done > 0, "the load has done nothing");
    eventually("all to be given back", || (subject.descriptors().ok()? <= before).then_some(()))?;
    ask(good, REQUESTS)
}

/// All must be answered, however long it takes.
fn ask(good: SocketAddr, requests: usize) -> Result<()> {
    let served = serve(good, Duration::ZERO, requests)?;
    ensure!(served.answered == requests, "{served:?}");
    Ok(())
}

/// The good client keeps nine tenths of its rate, and p99 is below 10 ms or twice what it is without a load.
fn long(load: &Load, time: Duration) -> Result<()> {
    let mut is_kept = Ok(());
    for subject in [Some(Subject::imds()?), Subject::nginx()?].into_iter().flatten() {
        if load.is_for_the_api && subject.control.is_none() {
            continue;
        }
        let requests = usize::try_from(time.as_millis() / good::PERIOD.as_millis())?;
        let alone = serve(subject.good, good::PERIOD, requests)?;
        let before = subject.descriptors()?;
        let size = load.crowd;
        let (loaded, done) =
            under(load, &subject, size, || serve(subject.good, good::PERIOD, requests))?;
        let peak = subject.memory_kib("VmHWM:")?;
        let after = eventually("descriptors to be given back", || {
            subject.descriptors().ok().filter(|after| *after <= before + 8)
        });
        let left = subject.memory_kib("VmRSS:")?;
        eprintln!(
            "{:26} {:6} {}  {}  {:4.0} %  {:6.1} {:6.1} MiB  {before} → {}  {done} done",
            load.name,
            subject.name,
            alone.times(),
            loaded.times(),
            100.0 * loaded.rate(time) / alone.rate(time),
            mib(peak),
            mib(left),
            after.as_ref().map_or_else(|_| "more".to_owned(), ToString::to_string),
        );
        if subject.name == "imds" {
            is_kept = after.map(drop).and_then(|()| keeps(&alone, &loaded, time));
        }
    }
    is_kept
}

fn keeps(alone: &Served, loaded: &Served, time: Duration) -> Result<()> {
    let most = Duration::from_millis(10).max(2 * alone.percentile(99));
    ensure!(loaded.percentile(99) <= most, "p99 is {:?}", loaded.percentile(99));
    ensure!(loaded.rate(time) >= 0.9 * alone.rate(time), "{loaded:?}");
    Ok(())
}

#[allow(clippy::cast_precision_loss, reason = "less than a terabyte")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
