//! Faults on demand, on the wire.

mod clients;
mod commands;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use testkit::http::Response;
use testkit::{Result, Server, Trial, ensure, tests};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![&[];
        a_status_has_ec2s_bytes,
        a_share_hits_the_same_requests_again,
        a_late_response_holds_up_nobody_else,
        a_lost_response_leaves_the_connection_open,
        a_stall_resets_whoever_lost_a_response,
        a_reset_is_a_reset,
        a_truncated_body_ends_too_early,
        a_slow_body_takes_its_time,
        bodies_are_wrong,
        credentials_are_of_no_use,
        the_date_is_off,
        packets_beyond_the_allowance_are_sent_again,
        only_the_instance_meant_is_hit,
    ];
    trials.extend(commands::tests());
    trials.extend(clients::tests());
    trials
}

const MAC: &str = "/latest/meta-data/mac";
const GET_MAC: &str = "GET /latest/meta-data/mac HTTP/1.1\r\n\r\n";
const PUT: &str =
    "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";

/// A service with these faults that answers requests without a token.
fn serve(faults: &[&str]) -> Result<Server> {
    let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
    let usual = ["--http-tokens", "optional", "--instance-type", "t3.micro", "--role", "my-role"];
    Server::start(&usual.into_iter().chain(faults).collect::<Vec<_>>())
}

fn get(server: &Server, path: &str) -> Result<Response> {
    server.request("GET", path, &[])
}

/// Sends a request on a connection of its own.
fn send(server: &Server, request: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(server.address())?;
    stream.write_all(request.as_bytes())?;
    Ok(stream)
}

fn a_status_has_ec2s_bytes() -> Result<()> {
    let faults = ["user-data,status=404", "token,status=503,retry-after=7", "meta-data,status=401"];
    let server = serve(&faults)?;
    let not_found = get(&server, "/latest/user-data")?;
    ensure!(not_found == get(&server, "/latest/no-such-thing")?, "{not_found:?}");
    let unavailable = server.request("PUT", "/latest/api/token", &[])?;
    ensure!(unavailable.status_line == "HTTP/1.1 503 Service Unavailable", "{unavailable:?}");
    ensure!(unavailable.header("Retry-After") == Some("7"), "{unavailable:?}");
    ensure!(unavailable.body.is_empty(), "{unavailable:?}");

    let token = "X-aws-ec2-metadata-token: not-one";
    for kind in ["t3.micro", "t2.micro"] {
        let arguments = ["--instance-type", kind, "--fault", "meta-data,status=401"];
        let server = Server::start(&arguments)?;
        let faulted = get(&server, MAC)?;
        let refused = server.request("GET", "/latest/user-data", &[token])?;
        ensure!(faulted == refused, "{faulted:?} is not {refused:?}");
    }
    Ok(())
}

fn a_share_hits_the_same_requests_again() -> Result<()> {
    let statuses = || -> Result<Vec<u16>> {
        let server = serve(&["meta-data,status=500,share=40%,seed=11"])?;
        (0..40).map(|_| Ok(get(&server, MAC)?.status())).collect()
    };
    let first = statuses()?;
    let hits = first.iter().filter(|status| **status == 500).count();
    ensure!((8..=24).contains(&hits), "{hits} of 40: {first:?}");
    ensure!(first.iter().all(|status| [200, 500].contains(status)), "{first:?}");
    ensure!(first == statuses()?, "the same seed hit other requests");
    Ok(())
}

/// With one thread: whoever waits must not have it for itself.
fn a_late_response_holds_up_nobody_else() -> Result<()> {
    let server = Server::start(&[
        "--http-tokens",
        "optional",
        "--threads",
        "1",
        "--fault",
        "user-data,latency=10m",
        "--fault",
        "meta-data/ami-id,latency=300ms,status=404",
        "--fault",
        "meta-data/mac,latency=exponential:1us",
    ])?;
    let mut never = send(&server, "GET /latest/user-data HTTP/1.1\r\n\r\n")?;
    for _ in 0..20 {
        ensure!(get(&server, MAC)?.status() == 200, "another request failed");
    }
    let start = Instant::now();
    let late = get(&server, "/latest/meta-data/ami-id")?;
    ensure!(start.elapsed() >= Duration::from_millis(300), "it came after {:?}", start.elapsed());
    ensure!(late.status() == 404, "{late:?}");
    never.set_nonblocking(true)?;
    let silence = never.read(&mut [0; 1]).map_err(|error| error.kind());
    ensure!(silence == Err(ErrorKind::WouldBlock), "{silence:?}");
    Ok(())
}

fn a_lost_response_leaves_the_connection_open() -> Result<()> {
    let server = serve(&["token,lost,count=1"])?;
    let mut lost = send(&server, PUT)?;
    server.log_lines(1)?;
    lost.set_read_timeout(Some(Duration::from_millis(200)))?;
    let silence = lost.read(&mut [0; 1]).map_err(|error| error.kind());
    ensure!(silence == Err(ErrorKind::WouldBlock), "{silence:?}");
    ensure!(server.token(60)?.len() == 56, "the next one is answered");
    Ok(())
}

fn a_stall_resets_whoever_lost_a_response() -> Result<()> {
    let faults = ["--fault", "token,lost", "--stall", "100ms"];
    let server = Server::start(&faults)?;
    let end = send(&server, PUT)?.read(&mut [0; 1]).map_err(|error| error.kind());
    ensure!(end == Err(ErrorKind::ConnectionReset), "{end:?}");
    Ok(())
}

fn a_reset_is_a_reset() -> Result<()> {
    let server = serve(&["meta-data/mac,reset"])?;
    let end = send(&server, GET_MAC)?.read(&mut [0; 1]).map_err(|error| error.kind());
    ensure!(end == Err(ErrorKind::ConnectionReset), "{end:?}");
    ensure!(get(&server, "/latest/meta-data/ami-id")?.status() == 200, "others are answered");
    Ok(())
}

fn a_truncated_body_ends_too_early() -> Result<()> {
    let server = serve(&["meta-data/mac,truncate=50%", "meta-data/ami-id,truncate=3"])?;
    for (path, kept) in [(MAC, 8), ("/latest/meta-data/ami-id", 3)] {
        // Also on a connection that was to stay.
        for headers in [&[][..], &["Connection: keep-alive"]] {
            let response = server.request("GET", path, headers)?;
            let length: usize = response.header("Content-Length").unwrap_or_default().parse()?;
            ensure!(length > kept && response.body.len() == kept, "{response:?}");
        }
    }
    let head = server.request("HEAD", MAC, &[])?;
    ensure!(head.header("Content-Length") == Some("17"), "{head:?}");
    Ok(())
}

fn a_slow_body_takes_its_time() -> Result<()> {
    let server = serve(&["meta-data/mac,rate=40"])?;
    let start = Instant::now();
    let response = get(&server, MAC)?;
    ensure!(response.body.len() == 17, "{response:?}");
    ensure!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
    Ok(())
}

fn bodies_are_wrong() -> Result<()> {
    let server = serve(&[
        "meta-data/mac,body=garbage",
        "meta-data/ami-id,body=empty",
        "meta-data/hostname,body=html",
        "token,body=garbage",
    ])?;
    let mac = get(&server, MAC)?.text()?;
    ensure!(mac.len() == 17 && !mac.contains(':'), "{mac}");
    let empty = get(&server, "/latest/meta-data/ami-id")?;
    ensure!(empty.status() == 200 && empty.body.is_empty(), "{empty:?}");
    let page = get(&server, "/latest/meta-data/hostname")?;
    ensure!(page.header("Content-Type") == Some("text/html"), "{page:?}");
    ensure!(page.text()?.starts_with("<!DOCTYPE html>"), "{page:?}");
    let token = server.token(60)?;
    let refused = server.request("GET", MAC, &[&format!("X-aws-ec2-metadata-token: {token}")])?;
    ensure!(token.len() == 56 && refused.status() == 401, "{token} {refused:?}");
    Ok(())
}

fn credentials_are_of_no_use() -> Result<()> {
    const PATH: &str = "/latest/meta-data/iam/security-credentials/my-role";
    let server = serve(&["credentials=expired"])?;
    let document: serde_json::Value = serde_json::from_slice(&get(&server, PATH)?.body)?;
    let expiration: jiff::Timestamp =
        document["Expiration"].as_str().unwrap_or_default().parse()?;
    ensure!(expiration < jiff::Timestamp::now(), "{document}");
    ensure!(document["Code"] == "Success", "{document}");
    let names = get(&server, "/latest/meta-data/iam/security-credentials/")?;
    ensure!(names.text()? == "my-role", "{names:?}");

    let server = serve(&["credentials=unauthorized"])?;
    let document: serde_json::Value = serde_json::from_slice(&get(&server, PATH)?.body)?;
    ensure!(document["Code"] == "AssumeRoleUnauthorizedAccess", "{document}");
    ensure!(document.get("SecretAccessKey").is_none(), "{document}");
    Ok(())
}

fn the_date_is_off() -> Result<()> {
    let server = serve(&["meta-data/mac,date=-1d"])?;
    let date = |path: &str| -> Result<jiff::Timestamp> {
        let response = get(&server, path)?;
        let date = response.header("Date").unwrap_or_default().to_owned();
        Ok(jiff::fmt::rfc2822::parse(&date.replace("GMT", "+0000"))?.timestamp())
    };
    let off = date("/latest/meta-data/ami-id")?.duration_since(date(MAC)?);
    ensure!((86_395..=86_405).contains(&off.as_secs()), "{off}");
    Ok(())
}

/// Three connections, one a second: the second is sent again after 1 s, the third after 1 s and 2 s more.
fn packets_beyond_the_allowance_are_sent_again() -> Result<()> {
    let server = serve(&["allowance=6"])?;
    let start = Instant::now();
    let clients = (0..3).map(|_| send(&server, GET_MAC)).collect::<Result<Vec<_>>>()?;
    for mut client in clients {
        let mut response = Vec::new();
        client.read_to_end(&mut response)?;
        ensure!(Response::parse(&response)?.status() == 200, "it was not answered");
    }
    ensure!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
    ensure!(server.log().contains(" fault 1: allowance"), "{}", server.log());
    Ok(())
}

fn only_the_instance_meant_is_hit() -> Result<()> {
    let server = serve(&["instance=i-0123456789abcdef0,status=503"])?;
    ensure!(get(&server, MAC)?.status() == 200, "another instance is hit");
    let server = serve(&["instance=i-1234567890abcdef0,status=503"])?;
    ensure!(get(&server, MAC)?.status() == 503, "the instance is not hit");
    Ok(())
}
