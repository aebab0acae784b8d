//! Processor time per request, with `io_uring` and without, beside nginx serving a constant of the same size
//! and beside a loop that parses nothing.
//!
//! User and system time of the server, divided by the requests it answered: on a shared machine
//! rates swing with the load of others, processor time much less.

use anyhow::{Result, ensure};

use super::contender::Contender;
use super::load::{Load, Requests};
use super::measure::medians;
use super::server::without_io_uring;

const NGINX: &str = "127.0.0.1:13383";
const WITH_RING: &str = "127.0.0.1:13382";
const WITHOUT_RING: &str = "127.0.0.1:13384";
const BARE_LOOP: &str = "127.0.0.1:13385";

#[derive(Clone, Copy)]
enum Peer {
    Nginx,
    BareLoop,
}

/// A row: what is asked for, how, whether both sides log it, and what part of the peer's time it may take
/// with `io_uring` and without.
struct Row {
    name: &'static str,
    load: Load,
    logs: bool,
    peer: Peer,
    goals: [f64; 2],
}

const fn row(name: &'static str, load: Load, goals: [f64; 2]) -> Row {
    Row { name, load, logs: false, peer: Peer::Nginx, goals }
}

const fn beside_bare_loop(load: Load) -> Row {
    Row { peer: Peer::BareLoop, ..row("  beside a loop that parses nothing", load, [1.2, 1.2]) }
}

const GET: Load = Load::KEPT_ALIVE;
const CROWD: Load = Load { connections: 1000, ..GET };
const PUT: Load = Load { requests: Requests::Put, ..GET };
const FRESH_PUT: Load = Load { requests: Requests::Put, ..Load::FRESH };
const AS_BOTO3: Load = Load { requests: Requests::PutGetGet, ..Load::FRESH };

const ROWS: [Row; 9] = [
    row("GET, kept alive", GET, [0.6, 0.6]),
    beside_bare_loop(GET),
    row("GET, kept alive, 1,000 connections", CROWD, [0.6, 0.6]),
    beside_bare_loop(CROWD),
    row("GET, a connection each", Load::FRESH, [0.85, 0.95]),
    row("PUT, kept alive", PUT, [0.8, 0.8]),
    row("PUT, a connection each", FRESH_PUT, [0.85, 0.95]),
    row("PUT, GET, GET, a connection each (boto3)", AS_BOTO3, [0.85, 0.85]),
    Row { logs: true, ..row("GET, kept alive, access logs on", GET, [0.8, 0.8]) },
];

pub(super) fn measure() -> Result<()> {
    println!("microseconds of processor time per request, one worker each, GET with a token,");
    println!("32 connections at a time and beside nginx where nothing else is said");
    println!("  {:42}{:>21}{:>22}", "", "", "without io_uring");
    let ours = "imds  ratio  goal";
    println!("  {:42}   peer   {ours}     {ours}", "");
    for logs in [false, true] {
        let subjects = Subjects::start(logs)?;
        for row in ROWS.iter().filter(|row| row.logs == logs) {
            let [peer, with, without] = subjects.compare(row)?;
            let beside = |ours, goal| format!("  {ours:5.2}   {:.2}  {goal:.2}", ours / peer);
            let [goal, goal_without] = row.goals;
            let (with, without) = (beside(with, goal), beside(without, goal_without));
            println!("  {:42} {peer:6.2} {with}   {without}", row.name);
        }
    }
    println!();
    Ok(())
}

struct Subjects {
    nginx: Contender,
    with_ring: Contender,
    without_ring: Contender,
    bare_loop: Contender,
}

impl Subjects {
    fn start(logs: bool) -> Result<Self> {
        let log = |file| ["--access-log", if logs { file } else { "off" }];
        let nginx = Contender::nginx(NGINX, logs)?;
        let log_with_ring = log("target/bench-imds.log");
        let with_ring = Contender::imds(WITH_RING, "with-io-uring", &log_with_ring)?;
        let log_without = log("target/bench-imds-without-io-uring.log");
        let without_ring =
            without_io_uring(|| Contender::imds(WITHOUT_RING, "without-io-uring", &log_without))?;
        let rings = [&with_ring, &without_ring].map(|it| it.server.has_io_uring());
        let [with, without] = rings;
        ensure!(
            with? && !without?,
            "one of both has to send by io_uring, which may be forbidden here"
        );
        let bare_loop = with_ring.bare_loop(BARE_LOOP)?;
        Ok(Self { nginx, with_ring, without_ring, bare_loop })
    }

    /// The times of the peer and of both of ours.
    fn compare(&self, row: &Row) -> Result<[f64; 3]> {
        let peer = match row.peer {
            Peer::Nginx => &self.nginx,
            Peer::BareLoop => &self.bare_loop,
        };
        medians([peer, &self.with_ring, &self.without_ring], |subject| subject.load(row.load))
    }
}
