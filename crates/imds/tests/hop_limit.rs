//! The hop limit, proved on the wire: every limit, distance, front end, family and way to use a
//! connection.
//!
//! A *cell* is one connection of this matrix. One rule says what must come of it: a token arrives if
//! and only if there are fewer routers than the limit; everything else arrives, but for what follows
//! a lost token on its connection. No byte of a lost token crosses the last link.

mod cell;
mod scenario;

use std::collections::HashMap;
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
    let mut trials = Vec::new();
    for front_end in [FrontEnd::Nitro, FrontEnd::Xen] {
        let labs: Arc<[HopLab]> = labs(front_end).collect();
        for (family, scenario) in
            front_end.families().iter().flat_map(|it| SCENARIOS.iter().map(move |each| (*it, each)))
        {
            let way = format!("{}_{}", front_end.name(), family.name());
            let name = format!("hop_limit::{way}::{}", scenario.name);
            let kind = format!("{} cells", labs.len() * SUBJECTS.len());
            let labs = Arc::clone(&labs);
            trials.push(test(name, &[], move || try_all(&labs, family, scenario)).with_kind(kind));
        }
    }
    trials
}

/// One for each limit and distance.
fn labs(front_end: FrontEnd) -> impl Iterator<Item = HopLab> {
    HOP_LIMITS.into_iter().flat_map(move |hop_limit| {
        ROUTERS.map(|routers| HopLab { front_end, hop_limit, routers, running: OnceLock::new() })
    })
}

/// The two front ends of the service, which an instance's type decides between.
#[derive(Clone, Copy)]
enum FrontEnd {
    Nitro,
    Xen,
}

impl FrontEnd {
    /// Those it has an endpoint for.
    fn families(self) -> &'static [Family] {
        match self {
            Self::Nitro => &Family::ALL,
            Self::Xen => &[Family::Ipv4],
        }
    }

    /// As in a test's name.
    fn name(self) -> &'static str {
        match self {
            Self::Nitro => "nitro",
            Self::Xen => "xen",
        }
    }

    fn start(self, routers: u8, arguments: &[&str]) -> Result<Lab> {
        match self {
            Self::Nitro => Lab::start(routers, arguments),
            Self::Xen => Lab::start_xen(routers, arguments),
        }
    }

    /// How its tokens begin.
    fn token_prefix(self) -> &'static [u8] {
        match self {
            Self::Nitro => b"AQAE",
            Self::Xen => b"AQAA",
        }
    }
}

/// Tries a scenario in every lab, with every subject, all at the same time.
fn try_all(labs: &[HopLab], family: Family, scenario: &Scenario) -> Result<()> {
    let failures: String = thread::scope(|scope| {
        let cells = labs.iter().flat_map(|lab| SUBJECTS.map(|subject| (lab, subject)));
        let threads: Vec<_> = cells
            .map(|(lab, subject)| {
                let HopLab { front_end, hop_limit, routers, .. } = *lab;
                let cell = Cell { front_end, hop_limit, routers, family, scenario, subject };
                scope.spawn(move || {
                    let running = lab.running.get_or_init(|| lab.start());
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
    front_end: FrontEnd,
    hop_limit: u8,
    routers: u8,
    running: OnceLock<Result<Running>>,
}

/// The lab itself, and a token for each family, minted where it arrives.
struct Running {
    lab: Lab,
    tokens: HashMap<Family, String>,
}

impl HopLab {
    fn start(&self) -> Result<Running> {
        let mut user_data = tempfile::NamedTempFile::new()?;
        user_data.write_all(&[b'x'; LARGE])?;
        let path = user_data.path().to_str().context("a path that is text")?;
        let limit = self.hop_limit.to_string();
        let arguments = ["--ami", "al2", "--hop-limit", &limit, "--user-data", path];
        let lab = self.front_end.start(self.routers, &arguments)?;
        let mint = |family: Family| -> Result<(Family, String)> {
            let mut client =
                Client::connect(lab.instance(), family.service(), Oddities::default())?;
            client.send(Request::Put.bytes("", true))?;
            Ok((family, client.wait_for_answers(1)?[0].text()?))
        };
        let tokens =
            self.front_end.families().iter().map(|family| mint(*family)).collect::<Result<_>>()?;
        Ok(Running { lab, tokens })
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
