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

/// The good client keeps nine tenths of its rate, or as much as with nginx; and p99 is below 10 ms, or at most
/// twice what it is without the load, or with nginx under the same.
fn long(load: &Load, time: Duration) -> Result<()> {
    let ours = Subject::imds()?;
    let (alone, loaded) = timed(load, &ours, time)?;
    let nginx = if load.is_for_the_api { None } else { Subject::nginx()? };
    let nginx = nginx.map(|nginx| timed(load, &nginx, time)).transpose()?;
    let (mut most, mut least) = (2 * alone.percentile(99), 0.9 * alone.rate(time));
    if let Some((_, theirs)) = nginx {
        most = most.max(2 * theirs.percentile(99));
        least = least.min(theirs.rate(time));
    }
    let p99 = loaded.percentile(99);
    ensure!(p99 <= most.max(Duration::from_millis(10)), "p99 is {p99:?}, at most {most:?}");
    ensure!(loaded.rate(time) >= least, "{} a second, at least {least}", loaded.rate(time));
    Ok(())
}

/// What the good client gets without the load, and with it; prints a line.
fn timed(load: &Load, subject: &Subject, time: Duration) -> Result<(Served, Served)> {
    let requests = usize::try_from(time.as_millis() / good::PERIOD.as_millis())?;
    let alone = serve(subject.good, good::PERIOD, requests)?;
    let before = subject.descriptors()?;
    let meanwhile = || serve(subject.good, good::PERIOD, requests);
    let (loaded, done) = under(load, subject, load.crowd, meanwhile)?;
    let peak = subject.memory_kib("VmHWM:")?;
    // A few that are made when they are first needed.
    let after = eventually("descriptors to be given back", || {
        subject.descriptors().ok().filter(|after| *after <= before + 8)
    })?;
    let left = subject.memory_kib("VmRSS:")?;
    let rate = 100.0 * loaded.rate(time) / alone.rate(time);
    eprintln!(
        "{:26} {:5} {}  {} {rate:4.0} % {:6.1} {:6.1} MiB  {before} → {after}  {done} done",
        load.name,
        subject.name,
        alone.times(),
        loaded.times(),
        mib(peak),
        mib(left),
    );
    Ok((alone, loaded))
}

#[allow(clippy::cast_precision_loss, reason = "less than a terabyte")]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
