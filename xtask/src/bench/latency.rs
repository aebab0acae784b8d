//! The latency of a request at half of nginx's peak rate: its 99th percentile.
//!
//! Requests are due at fixed times, whether or not those before have their responses, and the time of each
//! counts from when it was due: one that has to wait because the server stalls is not left out.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use super::connection::{Connection, request};
use super::contender::Contender;
use super::load::{self, Load};
use super::measure::{ROUNDS, median};

const NGINX: &str = "127.0.0.1:13383";
const OURS: &str = "127.0.0.1:13382";
/// How long requests come.
const LENGTH: Duration = Duration::from_secs(2);
/// How much later all have to be answered.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn measure() -> Result<()> {
    let nginx = Contender::nginx(NGINX, false)?;
    let imds = Contender::imds(OURS, "latency", &["--access-log", "off"])?;
    let peak = |_| Load::KEPT_ALIVE.run(nginx.address, &nginx.token);
    let peak = median((0..ROUNDS).map(peak).collect::<Result<_>>()?) / f64::from(load::SECONDS);
    let rate = peak / 2.0;
    println!(
        "tokened GET, one worker each, {} connections that stay",
        Load::KEPT_ALIVE.connections
    );
    println!(
        "  nginx's peak {peak:.0} requests a second; at half of that, {rate:.0}, microseconds from"
    );
    println!("  when a request was due to its response");
    let interval = Duration::from_secs(1).div_f64(rate);
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(Clients::new(&nginx)?.ask(interval)?);
        ours.push(Clients::new(&imds)?.ask(interval)?);
    }
    println!("                  nginx      imds   ratio");
    for (percent, goal) in [(50, ""), (99, "   (goal: at most 1.0)")] {
        let [theirs, ours] = [&mut theirs, &mut ours].map(|rounds| percentile(rounds, percent));
        println!("  p{percent}        {theirs:9.0} {ours:9.0}    {:.2}{goal}", ours / theirs);
    }
    println!(
        "  (a p50 far above the time of one request: the machine is too busy for this figure)\n"
    );
    Ok(())
}

/// The median of the rounds' percentiles, in microseconds.
fn percentile(rounds: &mut [Vec<Duration>], percent: usize) -> f64 {
    let of_round = |latencies: &mut Vec<Duration>| {
        latencies.sort_unstable();
        latencies.get(latencies.len() * percent / 100).map_or(f64::NAN, Duration::as_secs_f64)
    };
    median(rounds.iter_mut().map(of_round).collect()) * 1e6
}

/// Clients that ask whenever a request is due; whoever has waited longest is next.
struct Clients {
    request: String,
    connections: Vec<Connection>,
    epoll: OwnedFd,
    idle: VecDeque<usize>,
    /// When the request was due that a connection had last, from the start.
    due: Vec<Duration>,
}

impl Clients {
    fn new(subject: &Contender) -> Result<Self> {
        let count = usize::from(Load::KEPT_ALIVE.connections);
        let open = (0..count).map(|_| Connection::open(subject.address));
        let connections = open.collect::<Result<Vec<_>>>()?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        for (index, connection) in connections.iter().enumerate() {
            let data = EventData::new_u64(index.try_into()?);
            epoll::add(&epoll, connection, data, EventFlags::IN)?;
        }
        let (idle, due) = ((0..count).collect(), vec![Duration::ZERO; count]);
        let request = request(subject.address, &subject.token);
        Ok(Self { request, connections, epoll, idle, due })
    }

    /// How long each request took.
    ///
    /// It never sleeps, on a processor of its own: a sleep may last longer than a request.
    fn ask(mut self, interval: Duration) -> Result<Vec<Duration>> {
        let mut latencies = Vec::new();
        let mut events = Vec::with_capacity(self.connections.len());
        let start = Instant::now();
        let mut next = Duration::ZERO;
        while next < LENGTH || self.idle.len() < self.connections.len() {
            next = self.send_due(next, start.elapsed(), interval)?;
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&at_once))?;
            for event in events.drain(..) {
                latencies.push(self.receive(&event, start)?);
            }
            ensure!(start.elapsed() < LENGTH + PATIENCE, "requests are not answered");
        }
        Ok(latencies)
    }

    /// Sends what is due by now as long as there are idle connections; returns when the next request is due.
    fn send_due(&mut self, first: Duration, now: Duration, interval: Duration) -> Result<Duration> {
        let mut next = first;
        while next < LENGTH.min(now)
            && let Some(index) = self.idle.pop_front()
        {
            self.connections[index].send(&self.request)?;
            self.due[index] = next;
            next += interval;
        }
        Ok(next)
    }

    fn receive(&mut self, event: &Event, start: Instant) -> Result<Duration> {
        let index = usize::try_from(event.data.u64())?;
        self.connections[index].receive()?;
        self.idle.push_back(index);
        Ok(start.elapsed().saturating_sub(self.due[index]))
    }
}
