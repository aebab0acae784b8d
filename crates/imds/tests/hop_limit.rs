//! The hop limit, proved on the wire: every limit, distance, family and way to use a connection.
//!
//! A *cell* is one connection of this matrix. One rule says what must come of it: a token arrives if
//! and only if there are fewer routers than the limit; everything else arrives, but for what follows
//! a lost token on its connection. No byte of a lost token crosses the last link.

mod cell;
mod scenario;

use std::io::Write as _;
use std::sync::{Arc, OnceLock};
use std::thread;

use testkit::client::Oddities;
use testkit::{Client, Context as _, Family, Lab, Result, Trial, anyhow, bail, ensure, test};

use cell::Cell;
use scenario::{Request, SCENARIOS, SUBJECTS, Scenario};

const HOP_LIMITS: [u8; 4] = [1, 2, 3, 64];
const ROUTERS: [u8; 4] = [0, 1, 2, 3];

/// The length of the user data: more than a client with a small window takes without reading.
const LARGE: usize = 16 * 1024;

pub(crate) fn tests() -> Vec<Trial> {
    let labs = HOP_LIMITS.into_iter().flat_map(|limit| ROUTERS.map(|far| HopLab::new(limit, far)));
    let labs: Arc<[HopLab]> = labs.collect();
    let mut trials = Vec::new();
    for family in Family::ALL {
        for scenario in &SCENARIOS {
            let name = format!("hop_limit::{}::{}", family.name(), scenario.name);
            let kind = format!("{} cells", labs.len() * SUBJECTS.len());
            let labs = Arc::clone(&labs);
            trials.push(test(name, &[], move || try_all(&labs, family, scenario)).with_kind(kind));
        }
    }
    trials
}

/// Tries a scenario in every lab, with every subject, all at the same time.
fn try_all(labs: &[HopLab], family: Family, scenario: &Scenario) -> Result<()> {
    let failures: String = thread::scope(|scope| {
        let cells = labs.iter().flat_map(|lab| SUBJECTS.map(|subject| (lab, subject)));
        let threads: Vec<_> = cells
            .map(|(HopLab { hop_limit, routers, running }, subject)| {
                let (hop_limit, routers) = (*hop_limit, *routers);
                let cell = Cell { hop_limit, routers, family, scenario, subject };
                scope.spawn(move || {
                    let running = running.get_or_init(|| Running::start(hop_limit, routers));
                    let running = running.as_ref().map_err(|error| anyhow!("no lab: {error:#}"));
                    running.and_then(|it| cell.try_in(it)).with_context(|| cell.to_string())
                })
            })
            .collect();
        let outcomes = threads.into_iter().map(|thread| match thread.join() {
            Ok(outcome) => outcome,
            Err(_) => bail!("a cell panicked"),
        });
        outcomes.filter_map(Result::err).map(|error| format!("{error:#}\n")).collect()
    });
    ensure!(failures.is_empty(), "{failures}");
    labs.iter().try_for_each(|lab| lab.check_routers(family))
}

/// A lab for one hop limit and distance, shared by all trials and started by the first.
struct HopLab {
    hop_limit: u8,
    routers: u8,
    running: OnceLock<Result<Running>>,
}

/// The lab itself, and a token for each family, minted where it arrives.
struct Running {
    lab: Lab,
    tokens: [String; 2],
}

impl HopLab {
    fn new(hop_limit: u8, routers: u8) -> Self {
        Self { hop_limit, routers, running: OnceLock::new() }
    }

    /// The router at which tokens die has counted that, and no other router has counted anything.
    fn check_routers(&self, family: Family) -> Result<()> {
        let Some(Ok(Running { lab, .. })) = self.running.get() else { bail!("no lab") };
        let counts = lab.time_exceeded(family)?;
        for (router, count) in (1..).zip(&counts) {
            let kills_tokens = router == self.hop_limit;
            ensure!(
                (*count > 0) == kills_tokens,
                "hop limit {}, router {router} of {}: time exceeded {count} times",
                self.hop_limit,
                self.routers
            );
        }
        Ok(())
    }
}

impl Running {
    fn start(hop_limit: u8, routers: u8) -> Result<Self> {
        let mut user_data = tempfile::NamedTempFile::new()?;
        user_data.write_all(&[b'x'; LARGE])?;
        let path = user_data.path().to_str().context("a path that is text")?;
        let limit = hop_limit.to_string();
        let arguments = ["--ami", "al2", "--hop-limit", &limit, "--user-data", path];
        let lab = Lab::start(routers, &arguments)?;
        let mint = |family: Family| -> Result<String> {
            let mut client =
                Client::connect(lab.instance(), family.service(), Oddities::default())?;
            client.send(Request::Put.bytes("", true))?;
            client.wait_for_answers(1)?[0].text()
        };
        let tokens = [mint(Family::Ipv4)?, mint(Family::Ipv6)?];
        Ok(Self { lab, tokens })
    }
}
