//! `imds serve`: start, answers over real sockets, restart, stop.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use imds_linux::seccomp;
use serde_json::Value;
use testkit::http::Response;
use testkit::{
    Context as _, Finished, Need, Result, SOON, Server, Trial, anyhow, ensure, eventually, imds,
    tests,
};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![&[];
        answers_both_versions,
        paths_are_put_over,
        files_put_over_are_followed,
        a_ready_file_says_where_it_listens,
        a_json_log_says_where_it_listens,
        a_token_outlives_a_restart,
        stops_when_told_to,
        its_memory_is_not_for_others,
        half_a_call_does_not_keep_it_from_stopping,
        many_at_once_where_io_uring_is_refused,
    ];
    trials.extend(tests![&[Need::IoUring]; many_at_once]);
    trials
}

/// Nobody but root reads what is in memory, or gets it as a core dump: the files of such a process below
/// `/proc` are root's.
fn its_memory_is_not_for_others() -> Result<()> {
    let script = "out=$(mktemp)
        imds serve --state memory --listen 127.0.0.1:0 --control off --access-log off >$out &
        until grep -q Serving $out; do kill -0 $! || exit 9; done
        stat -c %u /proc/$!/mem
        kill $!; wait $!; rm $out; id -u";
    let finished = Finished::success(&mut testkit::shell_of_nobody(script))?;
    let (owner, user) = finished.stdout.trim().split_once('\n').context("two numbers")?;
    ensure!(owner != user, "{finished:#?}");
    Ok(())
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

/// Also where a change cannot be served, and the next one can.
fn files_put_over_are_followed() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (rack, place) = (directory.path().join("rack"), directory.path().join("user-data"));
    fs::write(&rack, "7")?;
    let overlay = directory.path().to_string_lossy();
    let server = Server::start(&["--ami", "al2", "--overlay", &overlay])?;
    let get = |path: &str| server.request("GET", path, &[]).ok();
    let comes = |path: &str, text: &[u8]| {
        let what = format!("{path} is {}", String::from_utf8_lossy(text));
        eventually(&what, || get(path).filter(|answer| answer.body == text))
    };
    comes("/latest/rack", b"7")?;
    fs::write(&rack, "8")?;
    comes("/latest/rack", b"8")?;
    fs::create_dir(&place)?;
    fs::write(place.join("x"), "")?;
    fs::write(&rack, "9")?;
    eventually("a complaint", || {
        server.messages().contains("user-data is a value, not a directory").then_some(())
    })?;
    ensure!(get("/latest/rack").is_some_and(|answer| answer.body == b"8"), "half a change");
    fs::remove_dir_all(&place)?;
    comes("/latest/rack", b"9")?;
    fs::remove_file(&rack)?;
    eventually("a 404", || get("/latest/rack").filter(|answer| answer.status() == 404))?;
    Ok(())
}

fn a_ready_file_says_where_it_listens() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("ready.json");
    fs::write(&file, "of a service that was killed")?;
    let mut server = Server::start(&["--ready-file", &file.to_string_lossy()])?;
    let ready: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
    ensure!(ready["pid"] == server.process().child().id(), "{ready}");
    ensure!(ready["instance_id"] == "i-1234567890abcdef0", "{ready}");
    ensure!(ready["region"] == "us-east-1", "{ready}");
    let (metadata, control) = (server.address().to_string(), server.control().to_string());
    ensure!(ready["metadata"].as_array().is_some_and(|all| all.len() == 1), "{ready}");
    ensure!(ready["metadata"][0]["address"] == *metadata, "{ready}");
    ensure!(ready["metadata"][0]["url"] == format!("http://{metadata}"), "{ready}");
    ensure!(ready["metadata"][0]["instance_id"].is_null(), "{ready}");
    ensure!(ready["control"]["address"] == *control, "{ready}");
    ensure!(fs::read_dir(directory.path())?.count() == 1, "a draft is left");
    let mut second = imds();
    second.args(["serve", "--state", "memory", "--control", "off", "--ready-file"]).arg(&file);
    let refused = Finished::of(second.args(["--listen", &metadata]))?;
    ensure!(!refused.status.success() && file.exists(), "it removed the first one's: {refused:?}");
    server.process().signal("TERM")?;
    ensure!(server.process().ended()?.success(), "{}", server.messages());
    ensure!(!file.exists(), "it is left behind");

    let missing = directory.path().join("missing/ready.json");
    let mut serve = imds();
    serve.args(["serve", "--state", "memory", "--listen", "127.0.0.1:0", "--control", "off"]);
    let finished = Finished::of(serve.arg("--ready-file").arg(&missing))?;
    let stderr = finished.expect_code(2)?.stderr;
    ensure!(stderr.contains("--ready-file cannot be written to"), "{stderr}");
    Ok(())
}

fn a_json_log_says_where_it_listens() -> Result<()> {
    let server = Server::start(&["--log-format", "json"])?;
    let messages = eventually("all sockets in the log", || {
        Some(server.messages()).filter(|text| text.contains("\"ready\""))
    })?;
    let lines = messages.lines().map(serde_json::from_str::<Value>);
    let lines = lines.collect::<std::result::Result<Vec<_>, _>>()?;
    let address = |service: &str| {
        let line = lines.iter().find(|line| line["service"] == service)?;
        Some(line["address"].as_str()?.to_owned())
    };
    ensure!(address("metadata") == Some(server.address().to_string()), "{messages}");
    ensure!(address("ec2-api") == Some(server.control().to_string()), "{messages}");
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

fn many_at_once() -> Result<()> {
    let mut server = Server::start(&AT_ONCE)?;
    answers_many_at_once(&mut server)?;
    ensure!(has_io_uring(&mut server)?, "it sent each answer by itself");
    Ok(())
}

fn many_at_once_where_io_uring_is_refused() -> Result<()> {
    // In a thread of its own: the refusal cannot be taken back.
    let refused = std::thread::spawn(|| {
        seccomp::refuse_io_uring()?;
        Server::start(&AT_ONCE)
    });
    let mut server = refused.join().map_err(|_| anyhow!("the thread panicked"))??;
    answers_many_at_once(&mut server)?;
    ensure!(!has_io_uring(&mut server)?, "io_uring was not refused");
    Ok(())
}

/// Without the filter, which has `io_uring` made before it is needed.
const AT_ONCE: [&str; 5] = ["--ami", "al2", "--threads", "1", "--no-seccomp"];

/// More clients than the service hears of at a time have requests for it when it looks, and each
/// gets the answers to its own.
fn answers_many_at_once(server: &mut Server) -> Result<()> {
    let get = "GET /latest/meta-data/instance-id HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";
    let mut clients = Vec::new();
    for _ in 0..300 {
        let mut client = TcpStream::connect(server.address())?;
        client.set_read_timeout(Some(SOON))?;
        client.write_all(get.as_bytes())?;
        // Answered, it is known to be held.
        client.read_exact(&mut [0])?;
        clients.push(client);
    }
    server.process().signal("STOP")?;
    for (ttl, client) in (1..).zip(&mut clients) {
        let put = format!(
            "PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: {ttl}\r\n\r\n"
        );
        client.write_all(format!("{get}{get}{put}").as_bytes())?;
    }
    server.process().signal("CONT")?;
    for (ttl, client) in (1..).zip(&mut clients) {
        let mut bytes = b"H".to_vec();
        client.read_to_end(&mut bytes)?;
        let (answers, left_over) = Response::parse_all(&bytes)?;
        ensure!(answers.len() == 4 && left_over == 0, "{ttl}: {answers:?}");
        let (ids, token) = answers.split_at(3);
        ensure!(ids.iter().all(|answer| answer.body == b"i-1234567890abcdef0"), "{ttl}: {ids:?}");
        let given = token[0].header("X-Aws-Ec2-Metadata-Token-Ttl-Seconds");
        ensure!(given == Some(&ttl.to_string()), "{ttl}: {given:?}");
    }
    Ok(())
}

fn has_io_uring(server: &mut Server) -> Result<bool> {
    let files = fs::read_dir(format!("/proc/{}/fd", server.process().child().id()))?;
    let targets = files.map(|file| Ok(fs::read_link(file?.path())?)).collect::<Result<Vec<_>>>()?;
    Ok(targets.iter().any(|target| target.to_string_lossy().contains("io_uring")))
}
