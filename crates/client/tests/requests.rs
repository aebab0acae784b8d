//! Responses of every kind: what is tried again, what is not, and how invalid ones are reported.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use imds_client::{Client, Error};
use testkit::faulty::{Act, Faulty, answer, is_put, token};
use testkit::{Result, Server, Trial, ensure, test};

use crate::way::{ClientClock, client, run, settings};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("requests::a_thousand_first_calls_make_one_token", &[], one_token),
        test("requests::a_caller_that_gives_up_cancels_nobody", &[], giving_up),
        test("requests::a_refused_token_is_replaced_once", &[], dead_token),
        test("requests::failures_that_pass_are_tried_again", &[], passing_failures),
        test("requests::refusals_are_not", &[], refusals),
        test("requests::invalid_responses_are_errors", &[], invalid_responses),
        test("requests::retry_after_is_obeyed", &[], retry_after),
        test("requests::requests_have_the_documented_form", &[], on_the_wire),
        test("requests::the_real_service_by_getter", &[], by_name),
        test("requests::the_blocking_form", &[], blocking),
    ]
}

/// Serves on loopback.
pub(crate) fn service(
    script: impl Fn(&str, usize) -> Act + Send + Sync + 'static,
) -> Result<(Faulty, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    Ok((Faulty::start(listener, script), address))
}

/// A token for who asks for one, and this answer for everybody else.
fn token_or(line: &str, other: String) -> Act {
    Act::Respond(if is_put(line) { token() } else { other })
}

/// The same, but tokens take a while.
fn slow_token_or(line: &str, delay: Duration, other: String) -> Act {
    if is_put(line) {
        Act::After(delay, Box::new(Act::Respond(token())))
    } else {
        Act::Respond(other)
    }
}

fn one_token() -> Result<()> {
    let (service, address) =
        service(|line, _| slow_token_or(line, Duration::from_millis(20), answer(200, &[], "i-1")))?;
    let client = client(address)?;
    let ids = run(async {
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..1000 {
            let client = client.clone();
            calls.spawn(async move { client.instance_id().await });
        }
        calls.join_all().await
    })?;
    ensure!(ids.iter().all(|id| id.as_deref().ok() == Some("i-1")), "{:?}", ids[0]);
    ensure!(service.puts() == 1, "{} tokens", service.puts());
    Ok(())
}

fn giving_up() -> Result<()> {
    let (service, address) =
        service(|line, _| slow_token_or(line, Duration::from_millis(30), answer(200, &[], "i-1")))?;
    let client = client(address)?;
    let id = run(async {
        let first = tokio::spawn({
            let client = client.clone();
            async move { client.instance_id().await }
        });
        let second = client.instance_id();
        tokio::pin!(second);
        // Once it waits for the first one's request, the first one is gone.
        tokio::select! {
            biased;
            id = &mut second => return id,
            () = tokio::task::yield_now() => first.abort(),
        }
        second.await
    })?;
    ensure!(id.as_deref().ok() == Some("i-1"), "{id:?}");
    ensure!(service.puts() == 1, "{} tokens", service.puts());
    Ok(())
}

fn dead_token() -> Result<()> {
    let (live, address) = service(|line, count| match is_put(line) {
        true => Act::Respond(token()),
        false if count == 1 => Act::Respond(answer(401, &[], "")),
        false => Act::Respond(answer(200, &[], "i-1")),
    })?;
    let client_of_live = client(address)?;
    let ids = run(async {
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(client_of_live.instance_id().await);
        }
        ids
    })?;
    ensure!(ids.iter().all(Result::is_ok), "{ids:?}");
    ensure!(live.puts() == 2, "{} tokens", live.puts());

    let (dead, address) = service(|line, _| token_or(line, answer(401, &[], "")))?;
    let client_of_dead = client(address)?;
    let error = run(client_of_dead.instance_id())?;
    ensure!(matches!(error, Err(Error::Status { status: 401, .. })), "{error:?}");
    ensure!(dead.puts() == 2, "{} tokens", dead.puts());
    Ok(())
}

fn passing_failures() -> Result<()> {
    let failures = [
        Act::Respond(answer(500, &[], "")),
        Act::Respond(answer(503, &[], "busy")),
        Act::Respond(answer(429, &[], "")),
        Act::Close,
        Act::Respond("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nAQ".into()),
    ];
    for failure in failures {
        let name = format!("{failure:?}");
        let (service, address) = service(move |line, count| match is_put(line) {
            _ if count == 0 => failure.clone(),
            true => Act::Respond(token()),
            false => Act::Respond(answer(200, &[], "i-1")),
        })?;
        let id = run(client(address)?.instance_id())?;
        ensure!(id.as_deref().ok() == Some("i-1"), "{name}: {id:?}");
        ensure!(service.puts() == 2, "{name}: {} tokens", service.puts());
    }
    // A burst that outlasts all tries is an error that says so.
    let (service, address) = service(|_, _| Act::Respond(answer(503, &[], "")))?;
    let error = run(client(address)?.instance_id())?;
    ensure!(matches!(error, Err(Error::Status { status: 503, .. })), "{error:?}");
    ensure!(service.puts() == 4, "{} tries", service.puts());
    Ok(())
}

fn refusals() -> Result<()> {
    for status in [301, 400, 403, 404, 405, 411, 417] {
        let (service, address) = service(move |_, _| {
            Act::Respond(answer(status, &["Location: http://192.0.2.1/"], ""))
        })?;
        let error = run(client(address)?.instance_id())?;
        let is_expected = match status {
            403 => matches!(error, Err(Error::EndpointDisabled)),
            404 => matches!(error, Err(Error::NotFound { .. })),
            _ => matches!(error, Err(Error::Status { status: seen, .. }) if seen == status),
        };
        ensure!(is_expected, "{status}: {error:?}");
        ensure!(service.puts() == 1, "{status}: {} tries", service.puts());
    }
    Ok(())
}

fn invalid_responses() -> Result<()> {
    let bodies: [(&str, &str); 4] = [
        ("instance-id", "i-1\nX: y"),
        ("placement/region", ""),
        ("placement/availability-zone", "us\u{1}east"),
        ("network/interfaces/macs/", "02:00:00:00:00:01\u{0}/"),
    ];
    let (_service, address) = service(move |line, _| {
        let found = bodies.iter().find(|(path, _)| line.contains(path));
        token_or(
            line,
            found.map_or_else(
                || answer(200, &[], "role\u{7}/../x"),
                |(_, body)| answer(200, &[], body),
            ),
        )
    })?;
    let client = client(address)?;
    let errors = run(async {
        [
            client.instance_id().await.err(),
            client.region().await.err(),
            client.availability_zone().await.err(),
            client.network_interfaces().await.err(),
            client.credentials().await.err(),
        ]
    })?;
    for error in errors {
        ensure!(matches!(error, Some(Error::Malformed { .. })), "{error:?}");
    }
    for body in ["a b", "a\r\nX: y", "", "\u{1f}"] {
        let (_service, address) = service(move |_, _| Act::Respond(answer(200, &[], body)))?;
        let error = run(crate::way::client(address)?.instance_id())?;
        ensure!(matches!(error, Err(Error::Malformed { .. })), "{body:?}: {error:?}");
    }
    Ok(())
}

fn retry_after() -> Result<()> {
    let (_service, address) = service(|line, count| match is_put(line) {
        _ if count == 0 => Act::Respond(answer(503, &["Retry-After: 1"], "")),
        true => Act::Respond(token()),
        false => Act::Respond(answer(200, &[], "i-1")),
    })?;
    let began = Instant::now();
    let id = run(client(address)?.instance_id())?;
    ensure!(id.is_ok(), "{id:?}");
    ensure!(began.elapsed() >= Duration::from_secs(2), "one second for each request");

    // Longer than the budget: an answer now is better than the same one later.
    for seconds in ["60", "18446744073709551615"] {
        let field = format!("Retry-After: {seconds}");
        let (service, address) =
            self::service(move |_, _| Act::Respond(answer(503, &[&field], "")))?;
        let client = client(address)?;
        let call = async |clock: ClientClock| (client.instance_id().await, clock.now());
        let (id, took) = run(ClientClock::with(call))?;
        ensure!(matches!(id, Err(Error::Status { status: 503, .. })), "{id:?}");
        ensure!(service.puts() == 1 && took < Duration::from_secs(1), "{took:?}");
    }
    Ok(())
}

fn on_the_wire() -> Result<()> {
    let (service, address) = service(|line, _| token_or(line, answer(200, &[], "i-1")))?;
    run(client(address)?.instance_id())??;
    let requests = service.requests();
    let version = env!("CARGO_PKG_VERSION");
    let common = format!(
        "Host: {address}\r\nUser-Agent: imds-client/{version}\r\nAccept: */*\r\nConnection: close\r\n"
    );
    ensure!(
        requests[0]
            == format!(
                "PUT /latest/api/token HTTP/1.1\r\n{common}X-aws-ec2-metadata-token-ttl-seconds: 21600\r\nContent-Length: 0\r\n\r\n"
            ),
        "{requests:?}"
    );
    ensure!(
        requests[1]
            == format!(
                "GET /latest/meta-data/instance-id HTTP/1.1\r\n{common}X-aws-ec2-metadata-token: AQAEAFAKE==\r\n\r\n"
            ),
        "{requests:?}"
    );
    Ok(())
}

fn by_name() -> Result<()> {
    let server = Server::start(&[
        "--role",
        "web",
        "--instance-metadata-tags",
        "enabled",
        "--tag",
        "Name=web 1",
        "--tag",
        "a.b=",
    ])?;
    let client = client(server.address())?;
    run(async {
        ensure!(client.instance_id().await? == "i-1234567890abcdef0");
        ensure!(client.region().await? == "us-east-1");
        ensure!(client.availability_zone().await?.starts_with("us-east-1"));
        let tags = client.tags().await?;
        ensure!(
            tags.get("Name").map(String::as_str) == Some("web 1") && tags.len() == 2,
            "{tags:?}"
        );
        ensure!(client.get("instance-id").await? == client.instance_id().await?);
        ensure!(client.get("/latest/meta-data/tags/instance/Name").await? == "web 1");
        ensure!(client.list("tags/instance/").await?.len() == 2);
        ensure!(client.instance_type().await? == "t2.micro");
        ensure!(client.image_id().await?.starts_with("ami-"));
        ensure!(client.account_id().await? == "123456789012");
        ensure!(client.partition().await? == "aws");
        ensure!(client.services_domain().await? == "amazonaws.com");
        let zone = client.availability_zone_id().await?;
        ensure!(zone.starts_with("use1-az"), "{zone}");
        let local = client.local_ipv4().await?;
        let hostname = client.hostname().await?;
        let name = format!("ip-{}", local.to_string().replace('.', "-"));
        ensure!(hostname.starts_with(&name), "{hostname}, {local}");
        ensure!(client.ipv6().await?.is_none());
        let public = client.public_ipv4().await?;
        ensure!(public.is_some() == client.public_hostname().await?.is_some(), "{public:?}");
        ensure!(!client.security_groups().await?.is_empty());
        ensure!(client.role().await? == "web");
        ensure!(client.user_data().await?.is_none());
        let document = client.identity_document().await?;
        ensure!(document.account_id == "123456789012", "{document:?}");
        let interfaces = client.network_interfaces().await?;
        ensure!(interfaces.len() == 1 && interfaces[0].device_number == Some(0), "{interfaces:?}");
        ensure!(interfaces[0].local_ipv4s == [local], "{interfaces:?}");
        ensure!(interfaces[0].mac == client.mac().await?, "{interfaces:?}");
        let credentials = client.credentials().await?;
        ensure!(credentials.role == "web" && credentials.access_key_id.starts_with("ASIA"));
        ensure!(client.pending_events().await?.spot_action.is_none());
        let missing = client.get("no/such/thing").await;
        ensure!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
        Ok(())
    })??;
    let puts = server.log().lines().filter(|line| line.contains("PUT")).count();
    ensure!(puts <= 1, "{puts} tokens");
    Ok(())
}

fn blocking() -> Result<()> {
    let server = Server::start(&[])?;
    let client = imds_client::blocking::Client::new(settings(server.address())?)?;
    ensure!(client.region()? == "us-east-1");
    let other = client.clone();
    let id = std::thread::spawn(move || other.instance_id()).join();
    ensure!(matches!(id, Ok(Ok(_))));
    // The async form is there for what has no name of its own.
    let same: &Client = client.inner();
    ensure!(client.wait(same.instance_id()).is_ok());
    Ok(())
}
