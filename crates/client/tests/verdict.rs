//! Lost, slow, dead: what is said of a token that does not come, and how soon.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use imds_client::{Certainty, Client, Error, Silence, TokenLost, V1Fallback, Warning, diagnose};
use imds_linux::seccomp;
use testkit::faulty::{Act, Faulty, answer, token};
use testkit::{Context as _, Family, Result, Trial, bail, ensure, test};

use crate::way::{ClientClock, Way, client, connections_begun, milliseconds, settings};

/// How often a time is taken.
const RUNS: usize = 21;
/// By when a lost token must be called lost, by the client's own clock.
const VERDICT: Duration = Duration::from_millis(250);

pub(crate) fn tests() -> Vec<Trial> {
    let routers = |routers| {
        let name = format!("verdict::distance_is_right_behind_{routers}_routers");
        test(name, &[], move || distance_is_right(routers))
    };
    let mut trials: Vec<_> = (0..=4).chain([15, 16, 17, 33]).map(routers).collect();
    // Without `TCP_INFO` a loss is never sure.
    if cfg!(feature = "tcp-info") {
        trials.extend([
            test("verdict::a_lost_token_is_called_lost_v4", &[], || lost(Family::Ipv4)),
            test("verdict::a_lost_token_is_called_lost_v6", &[], || lost(Family::Ipv6)),
            test("verdict::a_lost_token_on_an_open_connection", &[], lost_and_open),
            test("verdict::a_verdict_stands", &[], verdict_stands),
            test("verdict::a_slow_answer_that_is_lost_is_called_lost", &[], slow_and_lost),
            test("verdict::v1_follows_at_once_where_allowed", &[], v1),
        ]);
    }
    trials.extend([
        test("verdict::within_the_limit_all_is_well", &[], within_the_limit),
        test("verdict::a_slow_service_is_not_called_lost", &[], slow),
        test("verdict::one_lost_answer_decides_nothing", &[], one_lost_answer),
        test("verdict::a_mute_service_is_called_mute", &[], mute),
        test("verdict::a_kernel_that_tells_nothing_makes_it_likely", &[], blind),
        test("verdict::figures_of_a_healthy_service", &[], healthy),
    ]);
    trials
}

fn distance_is_right(routers: u8) -> Result<()> {
    let way = Way::build(routers)?;
    let _service = way.serve(&[])?;
    for family in Family::ALL {
        let endpoint = settings(family.service())?.endpoint;
        let began = Instant::now();
        let found =
            way.client(async || diagnose::routers(&endpoint, Duration::from_secs(1)).await)?;
        let back = cfg!(feature = "tcp-info").then_some(routers);
        let expected = diagnose::Routers { there: routers, back };
        ensure!(found == Ok(Some(expected)), "{family:?}: {found:?}");
        eprintln!(
            "distance, {routers} routers, {family:?}: {:.1} ms",
            milliseconds(began.elapsed())
        );
    }
    Ok(())
}

fn lost(family: Family) -> Result<()> {
    let way = Way::build(1)?;
    let _service = way.serve(&["--ami", "al2"])?;
    let name = format!("lost token, {family:?}, closed as on EC2");
    time_verdicts(&name, || verdict_of(&way, family))
}

fn lost_and_open() -> Result<()> {
    let way = Way::build(1)?;
    let _service = Faulty::start(way.listen(Family::Ipv4)?, |line, _| match line {
        _ if line.starts_with("PUT") => Act::SwallowedAndOpen(token()),
        _ => Act::Respond(answer(401, &[], "")),
    });
    time_verdicts("lost token, kept open", || verdict_of(&way, Family::Ipv4))
}

/// The request for the token goes on after the verdict. Its end changes nothing.
fn verdict_stands() -> Result<()> {
    let way = Way::build(1)?;
    let _service = Faulty::start(way.listen(Family::Ipv4)?, |line, _| {
        if line.starts_with("PUT") {
            Act::SwallowedAndOpen(token())
        } else {
            Act::Respond(answer(401, &[], ""))
        }
    });
    let mut settings = settings(Family::Ipv4.service())?;
    settings.budget = Duration::from_millis(400);
    let until = settings.budget * 2;
    way.client(async || {
        let client = Client::new(settings);
        let began = Instant::now();
        while began.elapsed() < until {
            let outcome = client.instance_id().await;
            ensure!(matches!(outcome, Err(Error::TokenLost(_))), "{outcome:?}");
            tokio::task::yield_now().await;
        }
        Ok(())
    })?
}

/// The verdict on a new client's first call, and how long it took.
fn verdict_of(way: &Way, family: Family) -> Result<(TokenLost, Duration)> {
    way.client(async || {
        let client = client(family.service())?;
        ClientClock::with(async |clock| match client.instance_id().await {
            Err(Error::TokenLost(verdict)) => {
                let took = clock.now();
                // From now on it is known, and nothing is sent.
                let begun = connections_begun()?;
                ensure!(matches!(client.region().await, Err(Error::TokenLost(_))));
                ensure!(connections_begun()? == begun, "the verdict was not remembered");
                Ok((*verdict, took))
            }
            other => bail!("{other:?}"),
        })
        .await
    })?
}

fn time_verdicts(name: &str, verdict: impl Fn() -> Result<(TokenLost, Duration)>) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let (verdict, took) = verdict()?;
        ensure!(verdict.hop_limit == 2, "{verdict:?}");
        ensure!(verdict.certainty == Certainty::Sure, "{verdict:?}");
        times.push(took);
    }
    let median = figures(name, &mut times);
    ensure!(median <= VERDICT, "{median:?}");
    Ok(())
}

/// Prints least, median and most; gives the median.
fn figures(name: &str, times: &mut [Duration]) -> Duration {
    times.sort();
    let median = times[times.len() / 2];
    let [least, middle, most] = [times[0], median, times[times.len() - 1]].map(milliseconds);
    eprintln!("{name}: min {least:.2} ms, median {middle:.2} ms, max {most:.2} ms");
    median
}

fn within_the_limit() -> Result<()> {
    let way = Way::build(1)?;
    let _service = way.serve(&["--ami", "al2", "--hop-limit", "2"])?;
    for family in Family::ALL {
        let id =
            way.client(async || client(family.service())?.instance_id().await.context("id"))??;
        ensure!(id == "i-1234567890abcdef0", "{id}");
    }
    Ok(())
}

/// A service two routers away, within the limit, that takes `delay` for each token.
fn slow_service(way: &Way, delay: Duration) -> Result<Faulty> {
    Ok(Faulty::start(way.listen(Family::Ipv4)?, move |line, _| match line {
        _ if line.starts_with("PUT") => Act::After(delay, Box::new(Act::Respond(token()))),
        _ if line.contains("instance-id") => Act::Respond(answer(200, &[], "i-slow")),
        _ => Act::Respond(answer(401, &[], "")),
    }))
}

fn slow() -> Result<()> {
    for milliseconds in [50, 700, 1500] {
        let way = Way::build(2)?;
        let service = slow_service(&way, Duration::from_millis(milliseconds))?;
        for _ in 0..3 {
            let id = way.client(async || {
                client(Family::Ipv4.service())?.instance_id().await.context("id")
            })??;
            ensure!(id == "i-slow", "{id}");
        }
        ensure!(service.puts() == 3, "{} tokens for 3 clients", service.puts());
    }
    // And where it takes longer than anybody waits, it is called slow.
    let way = Way::build(2)?;
    let _service = slow_service(&way, Duration::from_secs(30))?;
    let mut settings = settings(Family::Ipv4.service())?;
    settings.budget = Duration::from_millis(600);
    let error = way.client(async || Client::new(settings).instance_id().await)?;
    ensure!(matches!(error, Err(Error::TimedOut { silence: Silence::Slow, .. })), "{error:?}");
    Ok(())
}

/// When the nudge comes the service has not answered yet.
fn slow_and_lost() -> Result<()> {
    for act in [Act::SwallowedAndOpen, Act::Swallowed] {
        let way = Way::build(1)?;
        let _service = Faulty::start(way.listen(Family::Ipv4)?, move |line, _| {
            if line.starts_with("PUT") {
                Act::After(Duration::from_millis(250), Box::new(act(token())))
            } else {
                Act::Respond(answer(401, &[], ""))
            }
        });
        let (verdict, took) = verdict_of(&way, Family::Ipv4)?;
        eprintln!("lost token, answered after 250 ms: {:.1} ms", milliseconds(took));
        ensure!(verdict.certainty == Certainty::Sure, "{verdict:?}");
        // Most of it is the service's delay and the rounds after it, which a busy machine draws out; without
        // a verdict it would be the budget of 5 s.
        ensure!(took < Duration::from_millis(2500), "{took:?}");
    }
    Ok(())
}

fn one_lost_answer() -> Result<()> {
    let way = Way::build(1)?;
    let service = Faulty::start(way.listen(Family::Ipv4)?, |line, count| match line {
        _ if line.starts_with("PUT") && count == 0 => Act::Swallowed(token()),
        _ if line.starts_with("PUT") => Act::Respond(token()),
        _ => Act::Respond(answer(200, &[], "i-1")),
    });
    let id =
        way.client(async || client(Family::Ipv4.service())?.instance_id().await.context("id"))??;
    ensure!(id == "i-1" && service.puts() == 2, "{id}, {} tokens", service.puts());
    Ok(())
}

fn mute() -> Result<()> {
    let way = Way::build(1)?;
    let _service = Faulty::start(way.listen(Family::Ipv4)?, |_, _| Act::Mute);
    let mut settings = settings(Family::Ipv4.service())?;
    settings.budget = Duration::from_millis(1500);
    let (error, took) = way.client(async || {
        let client = Client::new(settings);
        ClientClock::with(async |clock| (client.instance_id().await, clock.now())).await
    })?;
    ensure!(matches!(error, Err(Error::TimedOut { silence: Silence::Mute, .. })), "{error:?}");
    ensure!(took < Duration::from_millis(1700), "{took:?}");
    Ok(())
}

/// Where the kernel tells nothing of a connection there is no nudge, and silence must last.
fn blind() -> Result<()> {
    let lost = Way::build(1)?;
    let _service = lost.serve(&["--ami", "al2"])?;
    let outcome = lost.client(async || {
        seccomp::hide_tcp_info()?;
        let client = client(Family::Ipv4.service())?;
        let began = Instant::now();
        ClientClock::with(async |clock| {
            let id = client.instance_id().await;
            Ok::<_, testkit::Error>((id, began.elapsed(), clock.now()))
        })
        .await
    })?;
    let (id, waited, took) = outcome?;
    let Err(Error::TokenLost(verdict)) = id else { bail!("{id:?}") };
    ensure!(verdict.certainty == Certainty::Likely && verdict.hop_limit == 2, "{verdict:?}");
    eprintln!("lost token, kernel that tells nothing: {:.1} ms", milliseconds(took));
    ensure!(waited >= Duration::from_secs(1), "{waited:?}");
    ensure!(took < Duration::from_millis(1100), "{took:?}");

    // What is merely likely allows no IMDSv1, and a slow service is waited for.
    let mut settings = settings(Family::Ipv4.service())?;
    settings.v1_fallback = V1Fallback::Everything;
    let outcome = lost.client(async || {
        seccomp::hide_tcp_info()?;
        Ok::<_, testkit::Error>(Client::new(settings).instance_id().await)
    })??;
    ensure!(matches!(outcome, Err(Error::TokenLost(_))), "{outcome:?}");
    let slow = Way::build(1)?;
    let _service = slow_service(&slow, Duration::from_millis(700))?;
    let id = slow.client(async || {
        seccomp::hide_tcp_info()?;
        Ok::<_, testkit::Error>(client(Family::Ipv4.service())?.instance_id().await)
    })??;
    ensure!(id.as_deref().ok() == Some("i-slow"), "{id:?}");
    Ok(())
}

fn v1() -> Result<()> {
    let way = Way::build(1)?;
    let service = way.serve(&["--ami", "al2", "--role", "web"])?;
    let mut settings = settings(Family::Ipv4.service())?;
    settings.v1_fallback = V1Fallback::ExceptSecrets;
    let mut strict = settings.clone();
    strict.v1_disabled = true;
    let (id, took, warnings, secret, refused) = way.client(async || {
        let warnings = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = std::sync::Arc::clone(&warnings);
        let client = Client::new(settings.clone()).on_warning(move |warning| {
            if matches!(warning, Warning::UsingV1 { .. }) {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        ClientClock::with(async |clock| {
            let id = client.instance_id().await;
            let took = clock.now();
            let region = client.region().await;
            let secret = client.credentials().await.err();
            let refused = Client::new(strict).instance_id().await;
            (id.and(region), took, warnings.load(Ordering::SeqCst), secret, refused)
        })
        .await
    })?;
    ensure!(id.as_deref().ok() == Some("us-east-1"), "{id:?}");
    ensure!(took < Duration::from_millis(300), "{took:?}");
    ensure!(warnings == 1, "{warnings} warnings");
    ensure!(matches!(secret, Some(Error::TokenLost(_))), "{secret:?}");
    ensure!(matches!(refused, Err(Error::TokenLost(_))), "{refused:?}");
    drop(service);

    // Where tokens are required, that is said too, and the request is not repeated by every call.
    let way = Way::build(1)?;
    let _service = way.serve(&["--http-tokens", "required", "--hop-limit", "1"])?;
    way.client(async || {
        let client = Client::new(settings);
        let error = client.get("instance-id").await;
        let Err(Error::TokenLost(lost)) = error else { bail!("{error:?}") };
        ensure!(lost.tokens_required && lost.to_string().contains("HttpTokens=required"), "{lost}");
        let begun = connections_begun()?;
        for _ in 0..3 {
            let again = client.get("placement/region").await;
            ensure!(matches!(again, Err(Error::TokenLost(lost)) if lost.tokens_required));
        }
        ensure!(connections_begun()? == begun, "the refusal was not remembered");
        Ok(())
    })??;
    Ok(())
}

fn healthy() -> Result<()> {
    for routers in [0, 1] {
        let way = Way::build(routers)?;
        let _service = way.serve(&["--role", "web"])?;
        let (mut cold, mut warm, mut credentials) = (Vec::new(), Vec::new(), Vec::new());
        way.client(async || {
            for _ in 0..200 {
                let client = client(Family::Ipv4.service())?;
                for times in [&mut cold, &mut warm] {
                    let began = Instant::now();
                    client.instance_id().await?;
                    times.push(began.elapsed());
                }
                let client = Client::new(settings(Family::Ipv4.service())?);
                let began = Instant::now();
                client.credentials().await?;
                credentials.push(began.elapsed());
            }
            Ok::<_, testkit::Error>(())
        })??;
        figures(&format!("{routers} routers, first fetch"), &mut cold);
        figures(&format!("{routers} routers, next fetch"), &mut warm);
        figures(&format!("{routers} routers, first credentials"), &mut credentials);
    }
    Ok(())
}
