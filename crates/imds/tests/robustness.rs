//! Whatever comes over the wire, there is a well-formed answer or a close, and the service goes on.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Stdio;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use testkit::http::Response;
use testkit::{Context as _, Need, Process, Result, SOON, Server, Trial, anyhow, bail, ensure};
use testkit::{imds, program, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("robustness::any_bytes_get_an_answer_or_a_close", &[], any_bytes),
        test("robustness::what_is_no_request_gets_400_and_a_close", &[], no_requests),
        test("robustness::pages_in_a_browser_get_nothing", &[], pages),
        test("robustness::thousands_of_connections_are_held", &[], thousands),
        test(
            "robustness::connections_are_not_bound_by_the_first_limit_of_files",
            &[Need::Program("prlimit")],
            raises_the_limit,
        ),
    ]
}

/// Sends bytes and the end of them, and reads all that comes.
fn answer_to(address: SocketAddr, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(SOON))?;
    stream.set_write_timeout(Some(SOON))?;
    // The service may close before it has all.
    let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => bail!("{error}"),
        _ => Ok(answer),
    }
}

fn any_bytes() -> Result<()> {
    let server = Server::start(&["--ami", "al2"])?;
    let config = Config { cases: 1500, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&nearly_requests(), |bytes| {
            let answer = answer_to(server.address(), &bytes).expect("an answer, or a close");
            if !answer.is_empty() {
                let answer = Response::parse(&answer).expect("a well-formed answer");
                assert!((200..600).contains(&answer.status()), "{answer:?}");
            }
            Ok(())
        })
        .map_err(|error| anyhow!("{error}"))?;
    ensure!(server.request("GET", "/", &[])?.status() == 200, "it does not go on");
    Ok(())
}

/// Pieces of requests in any order, with anything in between.
fn nearly_requests() -> impl Strategy<Value = Vec<u8>> {
    let piece = |text: &'static str| Just(text.as_bytes().to_vec());
    let pieces = prop_oneof![
        4 => piece("GET /latest/meta-data/ HTTP/1.1\r\n"),
        4 => piece("PUT /latest/api/token HTTP/1.1\r\n"),
        2 => piece("X-aws-ec2-metadata-token-ttl-seconds: 60\r\n"),
        2 => piece("X-aws-ec2-metadata-token: AQAEAA==\r\n"),
        2 => piece("Connection: keep-alive\r\n"),
        1 => piece("Content-Length: 5\r\n"),
        1 => piece("Transfer-Encoding: chunked\r\n"),
        1 => piece("Expect: 100-continue\r\n"),
        6 => piece("\r\n"),
        1 => piece("GET "),
        1 => piece("/latest/%2e%2e//"),
        1 => piece(" HTTP/1.0\r\n"),
        2 => vec(any::<u8>(), 0..64),
        1 => vec(any::<u8>(), 0..20_000),
    ];
    vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

fn no_requests() -> Result<()> {
    let server = Server::start(&["--instance-type", "t3.micro"])?;
    let too_long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(17 * 1024));
    let endless = "x".repeat(100_000);
    let too_many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: x\r\n".repeat(100));
    for bytes in ["\u{16}\u{3}\u{1}\r\n\r\n", "GET /\r\n\r\n", &too_long, &endless, &too_many] {
        let answer = Response::parse(&answer_to(server.address(), bytes.as_bytes())?)?;
        let first = &bytes[..bytes.len().min(30)];
        ensure!(answer.status() == 400, "{first:?} was answered {answer:?}");
        ensure!(answer.header("Connection") == Some("close"), "{first:?}: {answer:?}");
    }
    // What follows a request with a body is never taken for a request.
    let smuggled = "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\
                    Connection: keep-alive\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    let (answers, left_over) =
        Response::parse_all(&answer_to(server.address(), smuggled.as_bytes())?)?;
    ensure!(answers.len() == 1 && left_over == 0, "{answers:?}");
    Ok(())
}

/// By DNS rebinding, a page's own name may mean this machine.
fn pages() -> Result<()> {
    let refusing = Server::start(&["--ami", "al2"])?;
    let allowing = Server::start(&["--ami", "al2", "--allow-pages"])?;
    let ttl = "X-aws-ec2-metadata-token-ttl-seconds: 60";
    for (field, status) in [
        ("Host: 127.0.0.1:1338", 200),
        ("Host: instance-data.ec2.internal", 200),
        ("Sec-Fetch-Mode: cors", 200),
        ("Sec-Fetch-Site: none", 200),
        ("Host: page.example:1338", 403),
        ("Origin: http://page.example", 403),
        ("Sec-Fetch-Site: cross-site", 403),
        ("Referer: http://page.example/", 403),
    ] {
        for (method, path) in [("GET", "/"), ("PUT", "/latest/api/token")] {
            let answer = refusing.request(method, path, &[field, ttl])?;
            ensure!(answer.status() == status, "{method}, {field}: {answer:?}");
            ensure!(status == 200 || answer.body.is_empty(), "{method}, {field}: {answer:?}");
            let answer = allowing.request(method, path, &[field, ttl])?;
            ensure!(answer.status() == 200, "--allow-pages, {method}, {field}: {answer:?}");
        }
    }
    Ok(())
}

fn thousands() -> Result<()> {
    const COUNT: usize = 10_000;
    const MOST_KIB_EACH: usize = 8;
    let mut server = Server::start(&["--ami", "al2"])?;
    let before = resident_kib(&mut server)?;
    let mut held = Vec::with_capacity(COUNT);
    for _ in 0..COUNT {
        let mut stream = TcpStream::connect(server.address())?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: half a request")?;
        held.push(stream);
    }
    ensure!(server.request("GET", "/", &[])?.status() == 200, "it does not go on");
    let grown = resident_kib(&mut server)?.saturating_sub(before);
    ensure!(grown < COUNT * MOST_KIB_EACH, "{COUNT} connections take {grown} KiB");
    for stream in &mut held {
        stream.write_all(b"\r\n\r\n")?;
    }
    for mut stream in held {
        let mut answer = [0; 12];
        stream.set_read_timeout(Some(SOON))?;
        stream.read_exact(&mut answer)?;
        ensure!(answer.ends_with(b" 200"), "{answer:?}");
    }
    Ok(())
}

pub(crate) fn resident_kib(server: &mut Server) -> Result<usize> {
    let id = server.process().child().id();
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("no VmRSS")?.parse()?)
}

/// How many descriptors it has open.
pub(crate) fn descriptors(server: &mut Server) -> Result<usize> {
    let id = server.process().child().id();
    Ok(std::fs::read_dir(format!("/proc/{id}/fd"))?.count())
}

fn raises_the_limit() -> Result<()> {
    let serve = imds();
    let mut command = program("prlimit");
    command.arg("--nofile=64:1024").arg(serve.get_program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--access-log", "off", "--ami", "al2"]);
    let home = tempfile::TempDir::new()?;
    let mut process =
        Process::start(command.env("XDG_STATE_HOME", home.path()).stdout(Stdio::piped()))?;
    let stdout = process.child().stdout.take().context("standard output is piped")?;
    let mut banner = String::new();
    BufReader::new(stdout).read_line(&mut banner)?;
    let address = banner.trim().rsplit("http://").next().context("no address")?.parse()?;
    let held: Vec<_> = (0..200).map(|_| TcpStream::connect(address)).collect::<Result<_, _>>()?;
    let answer = answer_to(address, b"GET / HTTP/1.1\r\n\r\n")?;
    ensure!(Response::parse(&answer)?.status() == 200, "{answer:?}");
    drop(held);
    Ok(())
}
