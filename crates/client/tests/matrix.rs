//! Every fault, on a link that loses nothing, one packet in a hundred and one in ten: the verdict is
//! right, and comes in time. Above all, a token that is merely late is never called lost.
//!
//! In time is judged beside plain requests on the same way, which a busy machine delays as well.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use imds_client::settings::{Overrides, Profile};
use imds_client::{Certainty, EndpointMode, Error, Settings, Silence, Unreachable};
use imds_linux::route::Destination;
use imds_linux::{Batch, Netlink};
use testkit::faulty::{Act, Faulty, answer, is_put, token};
use testkit::{
    Context as _, Family, Finished, Loss, Need, Network, Result, Trial, bail, ensure, imds, test,
};

use crate::asking::{Outcome, ask, instance_id};
use crate::way::{Way, settings};

/// How many clients ask at a time.
const CLIENTS: usize = 40;
/// How many plain requests one after the other a call may take beyond the time that it waits by itself.
const REQUESTS: u32 = 20;
/// How often all of them ask until they are told in time, and how often where the machine gives them no time
/// to ask.
const ROUNDS: usize = 3;
const MOST_ROUNDS: usize = 12;
/// How much the client's link loses, in percent.
const LOSSES: [u8; 3] = [0, 1, 10];
/// How long a call may take on a bad link: the budget, and what waiting for others may add. All times
/// are by the client's own clock, which stops with it.
const BUDGET: Duration = Duration::from_millis(5600);

/// Something that goes wrong, or at least slowly.
#[derive(Clone, Copy)]
struct Fault {
    name: &'static str,
    routers: u8,
    service: Service,
    settings: fn() -> Result<Settings>,
    told: Told,
    /// How long half of the calls may take on a perfect link, in milliseconds, beside [`REQUESTS`].
    within: u64,
}

/// Who answers.
#[derive(Clone, Copy)]
enum Service {
    Nobody,
    Scripted(Family, fn() -> Script),
    /// `imds serve` with hop limit 1.
    Limited,
}

impl Service {
    fn family(self) -> Family {
        match self {
            Self::Scripted(family, _) => family,
            Self::Nobody | Self::Limited => Family::Ipv4,
        }
    }
}

type Script = Box<dyn Fn(&str, usize) -> Act + Send + Sync>;

/// What the client must say.
#[derive(Clone, Copy)]
enum Told {
    Answer,
    TokenLost,
    Failure(fn(&Error) -> bool),
}

/// What all clients were told.
#[derive(Debug)]
struct Round {
    right: usize,
    median: Duration,
    slowest: Duration,
    /// What a plain request took meanwhile.
    request: Duration,
    /// Whether the clients ran for less than half of the time.
    stood_still: bool,
}

pub(crate) fn tests() -> Vec<Trial> {
    let cells = faults().into_iter().flat_map(|fault| LOSSES.map(|percent| (fault, percent)));
    let mut tests: Vec<_> = cells
        .map(|(fault, percent)| {
            let name = fault.name.replace(' ', "_");
            let name = format!("matrix::{name}_at_{percent}_percent_loss");
            test(name, &[Need::Tap], move || fault.is_told(percent))
        })
        .collect();
    tests.extend(LOSSES.map(|percent| {
        let name = format!("matrix::proxies_are_set_at_{percent}_percent_loss");
        test(name, &[Need::Tap], move || proxies_are_set(percent))
    }));
    tests.push(test("matrix::false_verdicts", &[Need::Tap, Need::Patience], false_verdicts));
    tests
}

fn faults() -> Vec<Fault> {
    let usual = Fault {
        name: "",
        routers: 2,
        service: Service::Nobody,
        settings: || settings(Family::Ipv4.service()),
        told: Told::Answer,
        within: 500,
    };
    let scripted = |name, script: fn() -> Script| Fault {
        name,
        service: Service::Scripted(Family::Ipv4, script),
        ..usual
    };
    let answered = |name, within, script| Fault { within, ..scripted(name, script) };
    let failing =
        |name, told, script| Fault { told: Told::Failure(told), ..scripted(name, script) };
    let lost = Fault { routers: 1, told: Told::TokenLost, within: 400, ..usual };
    vec![
        Fault {
            name: "dead address",
            settings: || settings((Network::nobody(Family::Ipv4), 80).into()),
            told: Told::Failure(|error| unreachable(error) == Some(Unreachable::TimedOut)),
            within: 1600,
            ..usual
        },
        Fault {
            name: "refused",
            told: Told::Failure(|error| {
                unreachable(error) == Some(Unreachable::Refused) || has_lost_the_last_try(error)
            }),
            ..usual
        },
        Fault {
            settings: impatient,
            within: 1700,
            ..failing(
                "mute",
                |error| matches!(error, Error::TimedOut { silence: Silence::Mute, .. }),
                || Box::new(|_, _| Act::Mute),
            )
        },
        answered("slow by 50 ms", 300, || slow_by(50)),
        answered("slow by 700 ms", 1200, || slow_by(700)),
        answered("slow by 1 s", 1500, || slow_by(1000)),
        answered("slow by 1.5 s", 2000, || slow_by(1500)),
        failing(
            "disabled",
            |error| matches!(error, Error::EndpointDisabled),
            || Box::new(|_, _| Act::Respond(answer(403, &[], ""))),
        ),
        answered("503 at first", 500, busy_at_first),
        answered("token ends early", 500, tokens_for_one_request),
        failing(
            "truncated body",
            |error| {
                matches!(error, Error::Broken { received: 40, .. }) || has_lost_the_last_try(error)
            },
            || with_tokens(|| "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ni-".to_owned()),
        ),
        failing(
            "endless token",
            |error| matches!(error, Error::TooLong { .. }),
            || Box::new(|_, _| Act::Respond(answer(200, &[], &"A".repeat(1 << 18)))),
        ),
        failing(
            "redirect",
            |error| matches!(error, Error::Status { status: 301, .. }),
            || with_tokens(|| answer(301, &["Location: http://192.0.2.1/"], "")),
        ),
        Fault {
            name: "IPv6 only",
            service: Service::Scripted(Family::Ipv6, || with_tokens(instance_id)),
            settings: either_family,
            ..usual
        },
        Fault { name: "lost token", service: Service::Limited, ..lost },
        Fault {
            name: "lost token on an open connection",
            service: Service::Scripted(Family::Ipv4, || {
                Box::new(|head, _| match head {
                    _ if is_put(head) => Act::SwallowedAndOpen(token()),
                    _ => Act::Respond(answer(401, &[], "")),
                })
            }),
            ..lost
        },
    ]
}

fn impatient() -> Result<Settings> {
    let budget = Duration::from_millis(1500);
    let mut settings = settings(Family::Ipv4.service())?;
    settings.budget = budget;
    Ok(settings)
}

fn either_family() -> Result<Settings> {
    let overrides = Overrides { mode: Some(EndpointMode::Either), ..Overrides::default() };
    Ok(Settings::resolve(Settings::default(), overrides, &|_| None, &Profile::default())?)
}

fn with_tokens(other: fn() -> String) -> Script {
    Box::new(move |head, _| Act::Respond(if is_put(head) { token() } else { other() }))
}

/// Takes its time for tokens, and for nothing else.
fn slow_by(milliseconds: u64) -> Script {
    let delay = Duration::from_millis(milliseconds);
    Box::new(move |head, _| match head {
        _ if is_put(head) => Act::After(delay, Box::new(Act::Respond(token()))),
        _ => Act::Respond(instance_id()),
    })
}

fn busy_at_first() -> Script {
    Box::new(|head, count| {
        Act::Respond(match head {
            _ if !is_put(head) => instance_id(),
            _ if count < CLIENTS => answer(503, &[], ""),
            _ => token(),
        })
    })
}

/// Refuses a token that was used before.
fn tokens_for_one_request() -> Script {
    let used = Mutex::new(HashSet::new());
    Box::new(move |head, count| {
        if is_put(head) {
            return Act::Respond(answer(200, &[], &format!("TOKEN{count}")));
        }
        let token = head.lines().find(|line| line.contains("TOKEN")).unwrap_or_default().to_owned();
        let is_new = used.lock().is_ok_and(|mut used| used.insert(token));
        Act::Respond(if is_new { instance_id() } else { answer(401, &[], "") })
    })
}

fn unreachable(error: &Error) -> Option<Unreachable> {
    match error {
        Error::Unreachable { reason, .. } => Some(*reason),
        _ => None,
    }
}

/// What can be said where it is tried again and again, and the last packet is lost.
fn has_lost_the_last_try(error: &Error) -> bool {
    unreachable(error) == Some(Unreachable::TimedOut)
}

impl Told {
    fn is(self, outcome: &Outcome) -> bool {
        match (self, outcome) {
            (Self::Answer, Ok(id)) => id == "i-1",
            (Self::TokenLost, Err(Error::TokenLost(verdict))) => {
                verdict.certainty == Certainty::Sure && verdict.hop_limit == 2
            }
            (Self::Failure(is_right), Err(error)) => is_right(error),
            _ => false,
        }
    }
}

impl Fault {
    /// No round has a false verdict, and one has as many right ones, as soon, as it should.
    fn is_told(self, percent: u8) -> Result<()> {
        // On a link as bad as that all tries of a call may fail. It must say so, and not guess.
        let least = if percent < 10 { CLIENTS } else { CLIENTS * 9 / 10 };
        let within = if percent == 0 { Duration::from_millis(self.within) } else { BUDGET };
        let mut rounds = Vec::new();
        let mut left = ROUNDS;
        while left > 0 && rounds.len() < MOST_ROUNDS {
            let round = self.round(percent)?;
            let spare = round.request * REQUESTS;
            let is_soon = round.median <= within + spare && round.slowest <= BUDGET + spare;
            if round.right >= least && is_soon {
                return Ok(());
            }
            left -= usize::from(!round.stood_still);
            rounds.push(round);
        }
        bail!("{least} right, half of them after {within:?} and {REQUESTS} requests: {rounds:#?}");
    }

    /// Asks by all clients once.
    fn round(self, percent: u8) -> Result<Round> {
        let way = Way::with_loss(self.routers, Loss { percent, seed: percent.into() })?;
        let (_scripted, _limited);
        match self.service {
            Service::Nobody => {}
            Service::Scripted(family, script) => {
                if family == Family::Ipv6 {
                    // As on a machine that has no IPv4.
                    let mut rules = Batch::new();
                    rules.unreachable(Destination::host(Family::Ipv4.service().ip()));
                    way.network().client().run(|| Netlink::open()?.commit(&rules))??;
                }
                _scripted = Faulty::start(way.listen(family)?, script());
            }
            Service::Limited => {
                _limited = way.serve(&["--http-tokens", "required", "--hop-limit", "1"])?;
            }
        }
        let settings = (self.settings)()?;
        let asked = ask(&way, CLIENTS, (self.service.family(), &settings))?;
        let (mut calls, request) = (asked.calls, asked.request);
        calls.sort_by_key(|(_, took)| *took);
        let [median, slowest] = [CLIENTS / 2, CLIENTS - 1].map(|index| calls[index].1);
        let right = calls.iter().filter(|(outcome, _)| self.told.is(outcome)).count();
        let [passed, dropped] = way.network().passed_and_lost();
        eprintln!(
            "{} at {percent} % loss: {right} of {CLIENTS} right; median {} ms, slowest {} ms, \
             a plain request {} ms; {dropped} of {} packets lost",
            self.name,
            median.as_millis(),
            slowest.as_millis(),
            request.as_millis(),
            passed + dropped,
        );
        ensure!((dropped > 0) == (percent > 0) || passed < 500, "{dropped} of {passed} lost");
        let false_verdicts = calls.iter().filter(|(outcome, _)| is_called_lost(outcome)).count();
        ensure!(false_verdicts == 0 || matches!(self.told, Told::TokenLost), "{calls:?}");
        if let Some((wrong, _)) = calls.iter().find(|(outcome, _)| !self.told.is(outcome)) {
            eprintln!("one was told {wrong:?}");
        }
        Ok(Round { right, median, slowest, request, stood_still: asked.stood_still })
    }
}

fn is_called_lost(outcome: &Outcome) -> bool {
    matches!(outcome, Err(Error::TokenLost(_)))
}

/// A whole process, which would ask its proxy if it had to do with proxies.
fn proxies_are_set(percent: u8) -> Result<()> {
    let way = Way::with_loss(2, Loss { percent, seed: percent.into() })?;
    let _service = way.serve(&["--hop-limit", "3"])?;
    for _ in 0..5 {
        let mut get = imds();
        // Ten percent of the packets may be lost, and each takes the kernel 200 ms or more.
        get.args(["get", "--timeout", "5s", "instance-id"]);
        get.envs(["http_proxy", "HTTP_PROXY", "ALL_PROXY"].map(|it| (it, "http://127.0.0.1:1")));
        let got = way.network().client().run(|| Finished::of(&mut get))??.expect_code(0)?;
        ensure!(got.stdout == "i-1234567890abcdef0\n", "{got:#?}");
    }
    Ok(())
}

/// How often a token that is late is called lost where one packet in ten is.
fn false_verdicts() -> Result<()> {
    const AT_A_TIME: usize = 200;
    // A round takes three to four seconds.
    let rounds: u64 = if std::env::var_os("IMDS_TEST_SLOW").is_some() { 20 } else { 5 };
    let (mut called_lost, mut answered) = (0, 0);
    for seed in 0..rounds {
        let way = Way::with_loss(2, Loss { percent: 10, seed })?;
        let _service = Faulty::start(way.listen(Family::Ipv4)?, slow_by(700));
        let settings = settings(Family::Ipv4.service())?;
        let calls = ask(&way, AT_A_TIME, (Family::Ipv4, &settings))?.calls;
        called_lost += calls.iter().filter(|(outcome, _)| is_called_lost(outcome)).count();
        answered += calls.iter().filter(|(outcome, _)| outcome.is_ok()).count();
    }
    let all = usize::try_from(rounds).context("a small number")? * AT_A_TIME;
    eprintln!("late tokens at 10 % loss: {answered} of {all} came, {called_lost} were called lost");
    // Where this machine itself stands still for long, more may be.
    ensure!(called_lost * 1000 <= all, "{called_lost} of {all}");
    Ok(())
}
