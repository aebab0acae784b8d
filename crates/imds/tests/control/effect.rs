//! A change takes effect all at once, and from the moment that `DescribeInstances` says so.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use testkit::{Result, Server, Trial, ensure, eventually, tests};

use crate::api::{call, element, until_applied};

const CHANGES: u64 = 1000;
const READERS: usize = 32;

/// How many requests at least are sent and answered between two changes.
const BETWEEN: usize = 4;

const ID: &str = "i-1234567890abcdef0";

pub(super) fn tests() -> Vec<Trial> {
    tests![&[]; applied_means_that_no_request_gets_an_old_answer]
}

/// What is asked for after the nth change, and what it is answered then. The two options are chosen so
/// that an answer by one's old and the other's new value would be a third one, 404.
fn options(change: u64) -> (&'static str, u16) {
    match change % 2 {
        0 => ("HttpTokens=required&InstanceMetadataTags=disabled", 401),
        _ => ("HttpTokens=optional&InstanceMetadataTags=enabled", 200),
    }
}

/// How far the changes are.
#[derive(Default)]
struct Progress {
    /// The last change that may have been made.
    begun: AtomicU64,
    /// The last change that was said to be applied.
    applied: AtomicU64,
    is_over: AtomicBool,
    /// Requests that no change crossed: there was one right answer.
    exact: AtomicUsize,
}

fn applied_means_that_no_request_gets_an_old_answer() -> Result<()> {
    let arguments = ["--no-auth", "--instance-type", "t3.micro", "--threads", "2"];
    let server = Server::start(&[&arguments[..], &["--tag", "Name=web"]].concat())?;
    let (api, service) = (server.control(), server.address());
    let progress = Progress::default();
    change(api, &progress, 0)?;

    let read = thread::scope(|scope| {
        let readers: Vec<_> =
            (0..READERS).map(|_| scope.spawn(|| read(&server, &progress))).collect();
        let changed = (1..=CHANGES).try_for_each(|number| change(api, &progress, number));
        progress.is_over.store(true, Ordering::SeqCst);
        let read: Result<Vec<usize>> =
            readers.into_iter().map(|reader| reader.join().expect("a reader panicked")).collect();
        changed.and(read)
    })?;
    let (all, exact) = (read.iter().sum::<usize>(), progress.exact.load(Ordering::SeqCst));
    eprintln!("{CHANGES} changes, {all} requests at {service}, {exact} of them crossed by none");
    ensure!(read.iter().all(|count| *count > 0), "each reader was answered: {read:?}");
    Ok(())
}

/// Makes a change, and waits until it is said to be applied.
fn change(api: SocketAddr, progress: &Progress, number: u64) -> Result<()> {
    progress.begun.store(number, Ordering::SeqCst);
    let (options, _) = options(number);
    let answer = call(api, "ModifyInstanceMetadataOptions", &format!("InstanceId={ID}&{options}"))?;
    ensure!(element(&answer, "state")? == "pending", "{answer}");
    until_applied(api, ID)?;
    progress.applied.store(number, Ordering::SeqCst);
    let enough = progress.exact.load(Ordering::SeqCst) + BETWEEN;
    // None of the readers runs before the first change.
    eventually("requests between two changes", || {
        (number == 0 || progress.exact.load(Ordering::SeqCst) >= enough).then_some(())
    })
}

/// Asks until the changes are over; gives how often.
fn read(server: &Server, progress: &Progress) -> Result<usize> {
    let mut count = 0;
    while !progress.is_over.load(Ordering::SeqCst) {
        let oldest = progress.applied.load(Ordering::SeqCst);
        let status = server.request("GET", "/latest/meta-data/tags/instance/Name", &[])?.status();
        let newest = progress.begun.load(Ordering::SeqCst);
        let right: Vec<_> = (oldest..=newest).map(|number| options(number).1).collect();
        ensure!(right.contains(&status), "{status} between changes {oldest} and {newest}");
        progress.exact.fetch_add(usize::from(oldest == newest), Ordering::SeqCst);
        count += 1;
    }
    Ok(count)
}
