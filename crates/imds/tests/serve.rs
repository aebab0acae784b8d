//! `imds serve`: start, answers over real sockets, restart, stop.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use testkit::{Result, Server, Trial, ensure, tests};

pub(crate) fn tests() -> Vec<Trial> {
    tests![&[];
        answers_both_versions,
        paths_are_put_over,
        a_token_outlives_a_restart,
        stops_when_told_to,
        half_a_call_does_not_keep_it_from_stopping,
    ]
}

fn answers_both_versions() -> Result<()> {
    let server = Server::start(&["--ami", "al2"])?;
    let v1 = server.request("GET", "/latest/meta-data/instance-id", &[])?;
    ensure!(v1.body == b"i-1234567890abcdef0", "{v1:?}");
    let token = server.token(60)?;
    let header = format!("X-aws-ec2-metadata-token: {token}");
    let v2 = server.request("GET", "/latest/meta-data/instance-id", &[&header])?;
    ensure!(v2.header("X-Aws-Ec2-Metadata-Token-Ttl-Seconds") == Some("60"), "{v2:?}");
    let log = server.log_lines(3)?;
    ensure!(!log.concat().contains(&token), "a token is in the log: {log:?}");
    Ok(())
}

/// From the settings file, and over that from a file tree.
fn paths_are_put_over() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let overlay = directory.path().join("tree/meta-data/rack");
    fs::create_dir_all(&overlay)?;
    fs::write(overlay.join("row"), b"8\xff")?;
    let config = directory.path().join("imds.toml");
    let text = "[instance]\nami = \"al2\"\noverlay = \"tree\"\n[paths]\n\
                \"meta-data/rack/row\" = \"7\"\n\"meta-data/rack/place\" = \"3\"\n";
    fs::write(&config, text)?;
    let server = Server::start(&["--config", &config.to_string_lossy()])?;
    for (path, expected) in
        [("", &b"place\nrow"[..]), ("/place", b"3"), ("/row", b"8\xff"), ("/other", b"")]
    {
        let answer = server.request("GET", &format!("/latest/meta-data/rack{path}"), &[])?;
        ensure!((answer.status() == 404) == expected.is_empty(), "{path}: {answer:?}");
        ensure!(expected.is_empty() || answer.body == expected, "{path}: {answer:?}");
    }
    Ok(())
}

/// SDKs keep a token for hours, and some go on with it after a 401.
fn a_token_outlives_a_restart() -> Result<()> {
    let mut server = Server::start(&[])?;
    let header = format!("X-aws-ec2-metadata-token: {}", server.token(600)?);
    server.kill_and_restart()?;
    let answer = server.request("GET", "/latest/meta-data/instance-id", &[&header])?;
    ensure!(answer.status() == 200, "{answer:?}");
    Ok(())
}

fn stops_when_told_to() -> Result<()> {
    let mut server = Server::start(&["--ami", "al2"])?;
    let mut stream = TcpStream::connect(server.address())?;
    stream.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    server.process().signal("TERM")?;
    let status = server.process().ended()?;
    ensure!(status.success(), "{status}");
    ensure!(answer.ends_with("latest"), "{answer}");
    ensure!(TcpStream::connect(server.address()).is_err(), "it still listens");
    Ok(())
}

/// Guards against a client of the EC2 API that never finishes what it began.
fn half_a_call_does_not_keep_it_from_stopping() -> Result<()> {
    let mut server = Server::start(&[])?;
    let begun = [
        "POST / HT",
        "POST / HTTP/1.1\r\nHost: api\r\nContent-Length: 9\r\n\r\nAction",
        "GET /unsigned HTTP/1.1\r\nHost: api\r\n\r\n",
    ];
    let mut streams = Vec::new();
    for bytes in begun {
        let mut stream = TcpStream::connect(server.control())?;
        stream.write_all(bytes.as_bytes())?;
        streams.push(stream);
    }
    // Whoever came last is answered: the service has seen the others.
    streams[2].read_exact(&mut [0; 12])?;
    server.process().signal("TERM")?;
    let status = server.process().ended()?;
    ensure!(status.success(), "{status}");
    let messages = server.messages();
    ensure!(messages.contains("not complete"), "{messages}");
    Ok(())
}
