//! Lost, slow, dead: what is said of a token that does not come, and how soon.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use imds_client::{Certainty, Error, HopLimit, Notice, Path, Silence, Unreachable, V1, diagnose};
use imds_linux::route::Destination;
use imds_linux::{Batch, Netlink, seccomp};
use testkit::faulty::{Act, Faulty, answer, token};
use testkit::{Context as _, Family, Network, Result, Trial, bail, ensure, test};

use crate::way::{Way, client, milliseconds, run, settings};

/// How often a time is taken.
const RUNS: usize = 21;
/// By when a lost token must be called lost.
const VERDICT: Duration = Duration::from_millis(250);

pub(crate) fn tests() -> Vec<Trial> {
    let routers = |routers| {
        let name = format!("verdict::distance_is_right_behind_{routers}_routers");
        test(name, &[], move || distance_is_right(routers))
    };
    let mut trials: Vec<_> = (0..=4).map(routers).collect();
    trials.extend([
        test("verdict::a_lost_token_is_called_lost_v4", &[], || lost(Family::Ipv4)),
        test("verdict::a_lost_token_is_called_lost_v6", &[], || lost(Family::Ipv6)),
        test("verdict::a_lost_token_on_an_open_connection", &[], lost_and_open),
        test("verdict::a_verdict_stands", &[], verdict_stands),
        test("verdict::within_the_limit_all_is_well", &[], within_the_limit),
        test("verdict::a_slow_service_is_not_called_lost", &[], slow),
        test("verdict::a_slow_answer_that_is_lost_is_called_lost", &[], slow_and_lost),
        test("verdict::one_lost_answer_decides_nothing", &[], one_lost_answer),
        test("verdict::a_mute_service_is_called_mute", &[], mute),
        test("verdict::dead_endpoints_are_told_apart", &[], dead),
        test("verdict::a_kernel_that_tells_nothing_makes_it_likely", &[], blind),
        test("verdict::v1_follows_at_once_where_allowed", &[], v1),
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
        let hops =
            way.client(async || diagnose::hops_needed(&endpoint, Duration::from_secs(1)).await)?;
        ensure!(hops == Ok(Some(routers + 1)), "{family:?}: {hops:?}");
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
        _ => Act::Answer(answer(401, &[], "")),
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
            Act::Answer(answer(401, &[], ""))
        }
    });
    let mut settings = settings(Family::Ipv4.service())?;
    settings.budget = Duration::from_millis(400);
    let until = settings.budget * 2;
    way.client(async || {
        let client = imds_client::Client::new(settings);
        let began = Instant::now();
        while began.elapsed() < until {
            let outcome = client.instance_id().await;
            ensure!(matches!(outcome, Err(Error::HopLimit(_))), "{outcome:?}");
            tokio::task::yield_now().await;
        }
        Ok(())
    })?
}

/// The verdict on a new client's first call, and how long it took.
fn verdict_of(way: &Way, family: Family) -> Result<(HopLimit, Duration)> {
    way.client(async || {
        let client = client(family.service())?;
        let began = Instant::now();
        match client.instance_id().await {
            Err(Error::HopLimit(verdict)) => {
                let took = began.elapsed();
                // From now on it is known.
                let again = Instant::now();
                ensure!(matches!(client.region().await, Err(Error::HopLimit(_))));
                ensure!(again.elapsed() < Duration::from_millis(20), "{:?}", again.elapsed());
                Ok((*verdict, took))
            }
            other => bail!("{other:?}"),
        }
    })?
}

fn time_verdicts(name: &str, verdict: impl Fn() -> Result<(HopLimit, Duration)>) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let (verdict, took) = verdict()?;
        ensure!(verdict.needed == 2, "{verdict:?}");
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
        _ if line.starts_with("PUT") => Act::After(delay, Box::new(Act::Answer(token()))),
        _ if line.contains("instance-id") => Act::Answer(answer(200, &[], "i-slow")),
        _ => Act::Answer(answer(401, &[], "")),
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
    let error = way.client(async || imds_client::Client::new(settings).instance_id().await)?;
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
                Act::Answer(answer(401, &[], ""))
            }
        });
        let (_, took) = verdict_of(&way, Family::Ipv4)?;
        eprintln!("lost token, answered after 250 ms: {:.1} ms", milliseconds(took));
        ensure!(took < Duration::from_millis(1200), "{took:?}");
    }
    Ok(())
}

fn one_lost_answer() -> Result<()> {
    let way = Way::build(1)?;
    let service = Faulty::start(way.listen(Family::Ipv4)?, |line, count| match line {
        _ if line.starts_with("PUT") && count == 0 => Act::Swallowed(token()),
        _ if line.starts_with("PUT") => Act::Answer(token()),
        _ => Act::Answer(answer(200, &[], "i-1")),
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
    let began = Instant::now();
    let error = way.client(async || imds_client::Client::new(settings).instance_id().await)?;
    ensure!(matches!(error, Err(Error::TimedOut { silence: Silence::Mute, .. })), "{error:?}");
    ensure!(began.elapsed() < Duration::from_millis(1700), "{:?}", began.elapsed());
    Ok(())
}

fn dead() -> Result<()> {
    let way = Way::build(1)?;
    let network = way.network();
    let [forbidden, thrown_away, refused] = [1, 2, 3].map(|host| IpAddr::from([192, 0, 2, host]));
    let mut rules = Batch::new();
    rules.prohibit(Destination::host(forbidden)).blackhole(Destination::host(thrown_away));
    rules.unreachable(Destination::host(refused));
    network.client().run(|| Netlink::open()?.commit(&rules))??;
    let service = Family::Ipv4.service().ip();
    let nobody = Family::ALL.map(Network::nobody);
    let cases = [
        ("refused", network.client(), service, Unreachable::Refused, 500),
        // The service's own namespace has no default route.
        ("no route", network.service(), forbidden, Unreachable::NoRoute, 500),
        ("unreachable", network.client(), refused, Unreachable::HostUnreachable, 500),
        ("prohibited", network.client(), forbidden, Unreachable::Prohibited, 20),
        ("blackhole", network.client(), thrown_away, Unreachable::Blackhole, 20),
        ("nobody", network.client(), nobody[0], Unreachable::TimedOut, 1500),
        ("nobody, IPv6", network.client(), nobody[1], Unreachable::TimedOut, 1500),
    ];
    for (name, place, address, expected, within) in cases {
        let client = client((address, 80).into())?;
        let began = Instant::now();
        let error = place.run(|| run(client.instance_id()))??.err();
        let took = began.elapsed();
        eprintln!("dead, {name}: {:.1} ms", milliseconds(took));
        let Some(Error::Unreachable { reason, .. }) = error else { bail!("{name}: {error:?}") };
        ensure!(reason == expected, "{name}: {reason:?}");
        ensure!(took < Duration::from_millis(within), "{name}: {took:?}");
    }
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
        Ok::<_, testkit::Error>((client.instance_id().await, began.elapsed()))
    })?;
    let (id, took) = outcome?;
    let Err(Error::HopLimit(verdict)) = id else { bail!("{id:?}") };
    ensure!(verdict.certainty == Certainty::Likely && verdict.needed == 2, "{verdict:?}");
    eprintln!("lost token, kernel that tells nothing: {:.1} ms", milliseconds(took));
    ensure!(took >= Duration::from_secs(1) && took < Duration::from_millis(1100), "{took:?}");

    // What is merely likely allows no IMDSv1, and a slow service is waited for.
    let mut settings = settings(Family::Ipv4.service())?;
    settings.v1 = V1::Everything;
    let outcome = lost.client(async || {
        seccomp::hide_tcp_info()?;
        Ok::<_, testkit::Error>(imds_client::Client::new(settings).instance_id().await)
    })??;
    ensure!(matches!(outcome, Err(Error::HopLimit(_))), "{outcome:?}");
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
    settings.v1 = V1::ExceptSecrets;
    let mut strict = settings.clone();
    strict.v1_disabled = true;
    let (id, took, notices, secret, refused) = way.client(async || {
        let notices = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let sink = std::sync::Arc::clone(&notices);
        let client =
            imds_client::Client::new(settings.clone()).on_notice(move |notice: &Notice| {
                if let Ok(mut sink) = sink.lock() {
                    sink.push(format!("{notice:?}"));
                }
            });
        let began = Instant::now();
        let id = client.instance_id().await;
        let took = began.elapsed();
        let region = client.region().await;
        let secret = client.credentials().await.err();
        let notices = notices.lock().map(|notices| notices.len()).unwrap_or_default();
        let refused = imds_client::Client::new(strict).instance_id().await;
        (id.and(region), took, notices, secret, refused)
    })?;
    ensure!(id.as_deref().ok() == Some("us-east-1"), "{id:?}");
    ensure!(took < Duration::from_millis(300), "{took:?}");
    ensure!(notices == 1, "said {notices} times");
    ensure!(matches!(secret, Some(Error::HopLimit(_))), "{secret:?}");
    ensure!(matches!(refused, Err(Error::HopLimit(_))), "{refused:?}");
    drop(service);

    // Where tokens are required, what keeps them away is what is said.
    let way = Way::build(1)?;
    let _service = way.serve(&["--http-tokens", "required", "--hop-limit", "1"])?;
    let error = way.client(async || {
        imds_client::Client::new(settings).text(&Path::new("instance-id")?).await
    })?;
    ensure!(matches!(error, Err(Error::HopLimit(_))), "{error:?}");
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
                let client = imds_client::Client::new(settings(Family::Ipv4.service())?);
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
