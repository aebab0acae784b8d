//! What breaks a client if a server does it otherwise, over real connections, on both front ends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use testkit::http::Response;
use testkit::{Result, SOON, Server, Trial, ensure, tests};

/// An instance type of each front end.
const TYPES: [&str; 2] = ["t2.micro", "t3.micro"];

const VALUE: &str = "/latest/meta-data/instance-id";
const ID: &[u8] = b"i-1234567890abcdef0";
const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds: 60\r\n";

pub(crate) fn tests() -> Vec<Trial> {
    tests!(&[];
        a_put_needs_neither_length_nor_host,
        http_1_0,
        expect_is_417,
        a_connection_ends_after_its_answer,
        a_client_may_ask_for_more,
        keep_alive_as_http_has_it,
        a_request_may_come_byte_by_byte,
        requests_may_be_pipelined,
        slashes_do_not_matter,
        an_unwanted_body_does_not_cost_the_answer,
    )
}

fn servers(options: &[&str]) -> Result<Vec<Server>> {
    let of = |kind| Server::start(&[&["--ami", "al2", "--instance-type", kind], options].concat());
    TYPES.into_iter().map(of).collect()
}

/// The Rust SDK sends no length, and small clients no host.
fn a_put_needs_neither_length_nor_host() -> Result<()> {
    for server in servers(&[])? {
        for more in ["", "Host: 169.254.169.254\r\n", "Content-Length: 0\r\n", "Host: a:80\r\n"] {
            let request = format!("PUT /latest/api/token HTTP/1.1\r\n{TTL}{more}\r\n");
            let answer = Response::parse(&server.exchange(request)?)?;
            ensure!(answer.status() == 200 && answer.body.len() == 56, "{more}: {answer:?}");
            let seconds = answer.header("X-Aws-Ec2-Metadata-Token-Ttl-Seconds");
            ensure!(seconds == Some("60"), "{more}: {answer:?}");
        }
    }
    Ok(())
}

fn http_1_0() -> Result<()> {
    for server in servers(&[])? {
        let request = format!("PUT /latest/api/token HTTP/1.0\r\n{TTL}\r\n");
        let token = Response::parse(&server.exchange(request)?)?.text()?;
        let request = format!("GET {VALUE} HTTP/1.0\r\nX-aws-ec2-metadata-token: {token}\r\n\r\n");
        let answer = Response::parse(&server.exchange(request)?)?;
        ensure!(answer.status() == 200 && answer.body == ID, "{answer:?}");
    }
    Ok(())
}

/// s3fs asks for leave to send its body, and goes on at a 417.
fn expect_is_417() -> Result<()> {
    for server in servers(&[])? {
        let answer = server.request("PUT", "/latest/api/token", &["Expect: 100-continue"])?;
        ensure!(answer.status() == 417, "{answer:?}");
    }
    Ok(())
}

/// Many clients read until the end, whatever the length says.
fn a_connection_ends_after_its_answer() -> Result<()> {
    for server in servers(&[])? {
        let answer = server.request("GET", VALUE, &["Host: a"])?;
        ensure!(answer.header("Connection") == Some("close") && answer.body == ID, "{answer:?}");
        ensure!(answer.header("Server") == Some("EC2ws"), "{answer:?}");
    }
    Ok(())
}

fn a_client_may_ask_for_more() -> Result<()> {
    for server in servers(&[])? {
        two_on_one_connection(&server, "Connection: keep-alive\r\n")?;
    }
    Ok(())
}

fn keep_alive_as_http_has_it() -> Result<()> {
    for server in servers(&["--keep-alive", "http"])? {
        two_on_one_connection(&server, "")?;
        // The exchange ends only because the service obeys.
        let answer = server.request("GET", VALUE, &["Connection: close"])?;
        ensure!(answer.body == ID, "{answer:?}");
    }
    Ok(())
}

/// Asks twice on one connection, the second time after the first answer.
fn two_on_one_connection(server: &Server, header: &str) -> Result<()> {
    let mut stream = connect(server)?;
    for _ in 0..2 {
        stream.write_all(format!("GET {VALUE} HTTP/1.1\r\n{header}\r\n").as_bytes())?;
        let mut answer = Vec::new();
        while !answer.ends_with(ID) {
            let mut part = [0; 1024];
            let count = stream.read(&mut part)?;
            ensure!(count > 0, "closed: {}", String::from_utf8_lossy(&answer));
            answer.extend(&part[..count]);
        }
    }
    Ok(())
}

fn a_request_may_come_byte_by_byte() -> Result<()> {
    for server in servers(&[])? {
        let mut stream = connect(&server)?;
        stream.set_nodelay(true)?;
        for byte in format!("GET {VALUE} HTTP/1.1\r\nHost: a\r\n\r\n").bytes() {
            stream.write_all(&[byte])?;
        }
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        ensure!(answer.ends_with(ID), "{}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}

fn requests_may_be_pipelined() -> Result<()> {
    for server in servers(&["--keep-alive", "http"])? {
        let one = format!("GET {VALUE} HTTP/1.1\r\n\r\n");
        let last = format!("GET {VALUE} HTTP/1.1\r\nConnection: close\r\n\r\n");
        let answers = server.exchange([one.as_str(), &one, &last].concat())?;
        let answers = String::from_utf8(answers)?;
        ensure!(answers.matches(" 200 OK\r\n").count() == 3, "{answers}");
    }
    Ok(())
}

fn slashes_do_not_matter() -> Result<()> {
    for server in servers(&[])? {
        for path in ["//latest/meta-data/instance-id", "/latest//meta-data/instance-id/"] {
            let answer = server.request("GET", path, &[])?;
            ensure!(answer.body == ID, "{path}: {answer:?}");
        }
    }
    Ok(())
}

/// It is not read as a request, and the close does not overtake the answer.
fn an_unwanted_body_does_not_cost_the_answer() -> Result<()> {
    for server in servers(&[])? {
        let body = "GET / HTTP/1.1\r\n\r\n".repeat(4096);
        let length = body.len();
        let request = format!(
            "PUT /latest/api/token HTTP/1.1\r\n{TTL}Content-Length: {length}\r\n\r\n{body}"
        );
        let answer = Response::parse(&server.exchange(request)?)?;
        ensure!(answer.status() == 200 && answer.body.len() == 56, "{answer:?}");
    }
    Ok(())
}

fn connect(server: &Server) -> Result<TcpStream> {
    let stream = TcpStream::connect(server.address())?;
    stream.set_read_timeout(Some(SOON))?;
    Ok(stream)
}
