//! The sending path where it is easy to get wrong: what else leaves on a token's connection, and
//! when, and what becomes of a token that nobody takes.

use std::time::{Duration, Instant};

use testkit::client::{End, Oddities};
use testkit::packet::Segment;
use testkit::{Client, Family, Lab, Result, Trial, ensure, eventually, test};

use crate::evidence::Evidence;

const PUT: &str = "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n";
const GET: &str = "GET /latest/meta-data/instance-id HTTP/1.1\r\n";
const STAY: &str = "Connection: keep-alive\r\n\r\n";
const CLOSE: &str = "\r\n";

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = vec![
        test("sending::an_unusual_default_ttl_is_not_raised", &[], unusual_default_ttl),
        test("sending::a_token_does_not_leak_when_the_service_stops", &[], stops),
        test("sending::a_client_that_is_gone_is_not_waited_for", &[], gone),
    ];
    for family in Family::ALL {
        let name = |what: &str| format!("sending::{}::{what}", family.name());
        trials.extend([
            test(name("a_request_is_acknowledged_though_its_token_dies"), &[], move || {
                acknowledged(family)
            }),
            test(name("a_client_that_left_without_its_token_is_forgotten"), &[], move || {
                left(family)
            }),
            test(name("a_close_with_unread_input_does_not_leak"), &[], move || unread(family)),
            test(name("each_answer_of_many_goes_as_far_as_it_may"), &[], move || together(family)),
            test(name("a_last_answer_leaves_with_the_end"), &[], move || in_one_packet(family)),
        ]);
    }
    trials
}

fn connect(lab: &Lab, family: Family) -> Result<Client> {
    Client::connect(lab.client(), family.service(), Oddities::default())
}

/// Waits until `count` packets with a token have left for this client.
fn wait_for_tokens(lab: &Lab, client: &Client, count: usize) -> Result<()> {
    eventually(&format!("{count} packets with a token"), || {
        (Evidence::gather(lab, client.port()).ok()?.tokens_sent() >= count).then_some(())
    })
}

/// A client whose request is not acknowledged sends it again and again, and waits for a quarter of
/// an hour instead of two minutes.
fn acknowledged(family: Family) -> Result<()> {
    let lab = Lab::start(1, &["--ami", "al2", "--hop-limit", "1"])?;
    // More than the service reads at once stays unread while the token is sent.
    let long = format!("{GET}X-Padding: {}\r\n\r\n", "x".repeat(1000));
    for last in [CLOSE.to_owned(), STAY.to_owned(), format!("{STAY}{long}")] {
        // The kernel acknowledges at once what a new connection brings, and delays it later.
        for earlier in 0..3 {
            let mut client = connect(&lab, family)?;
            for number in 1..=earlier {
                client.send(format!("{GET}{STAY}"))?;
                client.wait_for_answers(number)?;
            }
            client.send(format!("{PUT}{last}"))?;
            wait_for_tokens(&lab, &client, 2)?;
            let unacknowledged = client.unacknowledged()?;
            ensure!(
                unacknowledged == 0,
                "after {earlier} others, PUT and {last:?}: {unacknowledged} bytes unacknowledged"
            );
        }
    }
    Ok(())
}

/// Guards against two minutes in which the port of a client that gave up hears nothing, because all that
/// the service's kernel says of the connection dies where the token died.
fn left(family: Family) -> Result<()> {
    let lab = Lab::start(1, &["--ami", "al2", "--hop-limit", "1"])?;
    for last in [CLOSE, STAY] {
        let mut client = connect(&lab, family)?;
        client.send(format!("{PUT}{last}"))?;
        wait_for_tokens(&lab, &client, 1)?;
        let port = client.port();
        drop(client);
        // Its end is sent again until somebody says that there is no such connection.
        eventually("a reset", || {
            Evidence::gather(&lab, port).ok()?.a_reset_arrived().then_some(())
        })?;
        let evidence = Evidence::gather(&lab, port)?;
        evidence.check_ttl(1)?;
        evidence.check_nothing_leaked()?;
    }
    Ok(())
}

/// With unread input, a close is a reset: it must not carry, or let out, what was sent before.
fn unread(family: Family) -> Result<()> {
    let lab = Lab::start(1, &["--ami", "al2", "--hop-limit", "1"])?;
    for body in [5, 300_000] {
        let mut client = connect(&lab, family)?;
        client.send(format!("{PUT}Content-Length: {body}\r\n\r\n"))?;
        wait_for_tokens(&lab, &client, 1)?;
        // Until the service closes its side, it takes what comes; afterwards its kernel resets.
        for _ in 0..body / 1000 {
            if client.send([b'x'; 1000]).is_err() {
                break;
            }
        }
        eventually("the end of the connection to die or to arrive", || {
            let evidence = Evidence::gather(&lab, client.port()).ok()?;
            evidence.left.iter().any(|it| it.has(Segment::FIN | Segment::RST)).then_some(())
        })?;
        let evidence = Evidence::gather(&lab, client.port())?;
        evidence.check_ttl(1)?;
        evidence.check_nothing_leaked()?;
        ensure!(client.received()?.is_empty(), "{} bytes arrived", client.received()?.len());
    }
    Ok(())
}

/// Answers that leave together leave each with a TTL of its own.
fn together(family: Family) -> Result<()> {
    let mut lab = Lab::start(1, &["--ami", "al2", "--hop-limit", "1"])?;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = connect(&lab, family)?;
        client.send(format!("{GET}{STAY}"))?;
        client.wait_for_answers(1)?;
        clients.push(client);
    }
    lab.server().process().signal("STOP")?;
    for pair in clients.chunks_mut(2) {
        pair[0].send(format!("{PUT}{STAY}"))?;
        pair[1].send(format!("{GET}{STAY}"))?;
    }
    lab.server().process().signal("CONT")?;
    for pair in clients.chunks_mut(2) {
        pair[1].wait_for_answers(2)?;
        wait_for_tokens(&lab, &pair[0], 2)?;
        let evidence = Evidence::gather(&lab, pair[0].port())?;
        evidence.check_ttl(1)?;
        evidence.check_nothing_leaked()?;
    }
    Ok(())
}

/// A packet less for each connection, which most clients open anew for each request.
fn in_one_packet(family: Family) -> Result<()> {
    let lab = Lab::start(0, &["--ami", "al2", "--hop-limit", "1"])?;
    for request in [GET, PUT] {
        let mut client = connect(&lab, family)?;
        client.send(format!("{request}{CLOSE}"))?;
        client.wait_for_answers(1)?;
        let end = client.wait_for_end()?;
        ensure!(end == End::Closed, "{request:?} ended by {end:?}");
        let mut left = Evidence::gather(&lab, client.port())?.left;
        left.retain(|segment| !segment.payload.is_empty() || segment.has(Segment::FIN));
        ensure!(left.len() == 1, "{request:?}: {left:?}");
    }
    Ok(())
}

fn unusual_default_ttl() -> Result<()> {
    for (default, hop_limit, token) in [(32, 64, 32), (255, 64, 64), (32, 2, 2), (1, 64, 1)] {
        let limit = hop_limit.to_string();
        let lab = Lab::start(0, &["--ami", "al2", "--hop-limit", &limit])?;
        lab.service().run(|| {
            let settings =
                ["ipv4/ip_default_ttl", "ipv6/conf/all/hop_limit", "ipv6/conf/down/hop_limit"];
            settings.iter().try_for_each(|setting| {
                std::fs::write(format!("/proc/sys/net/{setting}"), format!("{default}"))
            })
        })??;
        for family in Family::ALL {
            let mut client = connect(&lab, family)?;
            client.send(format!("{GET}{STAY}{PUT}{CLOSE}"))?;
            client.wait_for_end()?;
            let evidence = Evidence::gather(&lab, client.port())?;
            let with_token = evidence.left.iter().position(Evidence::has_token);
            for (position, segment) in evidence.left.iter().enumerate() {
                let is_before = with_token.is_none_or(|token| position < token);
                let expected = if is_before { default } else { token };
                ensure!(segment.ttl == expected, "default {default}, {hop_limit}: {segment:?}");
            }
            ensure!(with_token.is_some(), "no token was seen");
        }
    }
    Ok(())
}

/// The kernel goes on sending what a process left behind.
fn stops() -> Result<()> {
    for (family, signal) in [(Family::Ipv4, "TERM"), (Family::Ipv6, "TERM"), (Family::Ipv4, "KILL")]
    {
        let mut lab = Lab::start(1, &["--ami", "al2", "--hop-limit", "1"])?;
        let mut clients = Vec::new();
        for last in [CLOSE, STAY] {
            let mut client = connect(&lab, family)?;
            client.send(format!("{PUT}{last}"))?;
            wait_for_tokens(&lab, &client, 1)?;
            clients.push(client);
        }
        let process = lab.server().process();
        process.signal(signal)?;
        process.ended()?;
        for mut client in clients {
            let before = Evidence::gather(&lab, client.port())?.tokens_sent();
            wait_for_tokens(&lab, &client, before + 1)?;
            let evidence = Evidence::gather(&lab, client.port())?;
            evidence.check_ttl(1)?;
            evidence.check_nothing_leaked()?;
            ensure!(client.received()?.is_empty(), "{signal}: bytes arrived");
        }
    }
    Ok(())
}

/// The service waits for its earlier answers to be acknowledged before it sends a token, but not
/// for a client that has reset the connection.
fn gone() -> Result<()> {
    let mut lab = Lab::start(0, &["--ami", "al2"])?;
    let mut client = connect(&lab, Family::Ipv4)?;
    client.deafen()?;
    client.send(format!("{GET}{STAY}{PUT}{CLOSE}"))?;
    let port = client.port();
    eventually("the first answer", || {
        Evidence::gather(&lab, port).ok()?.an_answer_left().then_some(())
    })?;
    client.reset()?;
    let process = lab.server().process();
    let start = Instant::now();
    process.signal("TERM")?;
    process.ended()?;
    ensure!(start.elapsed() < Duration::from_secs(3), "it waited for {:?}", start.elapsed());
    ensure!(Evidence::gather(&lab, port)?.tokens_sent() == 0, "a token was sent to nobody");
    Ok(())
}
