//! Signals to a running `imds serve`: logs are rotated, settings are read again, and it serves on.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use testkit::{Context as _, Process, Result, Server, Trial, ensure, eventually, imds, tests};

use crate::confinement::{GIVEN_UP, has_landlock};

pub(crate) fn tests() -> Vec<Trial> {
    tests!(&[];
        rotation_under_load_loses_and_cuts_no_line,
        a_log_that_cannot_be_reopened_goes_on,
        settings_are_read_again,
        values_over_the_metadata_are_read_again,
        the_access_log_moves,
        the_access_log_cannot_move_to_a_directory_that_was_given_up,
        a_closed_terminal_ends_it,
        nohup_outlives_its_terminal,
    )
}

/// `[paths]`, and only if all of them can be served.
fn values_over_the_metadata_are_read_again() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("imds.toml");
    let settings =
        |path: &str, row: &str| format!("[instance]\nami = 'al2'\n[paths]\n'{path}' = '{row}'\n");
    fs::write(&file, settings("rack/row", "7"))?;
    let mut server = Server::start(&["--config", &file.to_string_lossy()])?;
    let row = |server: &Server| server.request("GET", "/latest/rack/row", &[])?.text();
    ensure!(row(&server)? == "7");
    fs::write(&file, settings("rack/row", "8"))?;
    server.process().signal("HUP")?;
    let messages = told(&server, READ_AGAIN)?;
    ensure!(messages.contains(r#"applied="paths""#), "{messages}");
    eventually("the new row", || row(&server).ok().filter(|row| row == "8"))?;
    fs::write(&file, settings("meta-data", "9"))?;
    server.process().signal("HUP")?;
    told(&server, "meta-data cannot be a value: it is a directory")?;
    ensure!(row(&server)? == "8");
    Ok(())
}

/// What it says once a settings file was read again.
const READ_AGAIN: &str = "settings file read again";

/// Waits until its messages have `words`.
fn told(server: &Server, words: &str) -> Result<String> {
    eventually(words, || Some(server.messages()).filter(|messages| messages.contains(words)))
}

fn rotation_under_load_loses_and_cuts_no_line() -> Result<()> {
    const CLIENTS: usize = 4;
    const REQUESTS: usize = 400;
    const ROTATIONS: usize = 20;
    let mut server = Server::start(&["--ami", "al2"])?;
    let log = server.state_home().join("access.log");
    let renamed = |number| log.with_file_name(format!("access.log.{number}"));
    let address = server.address();
    let ask = move |client: usize| -> Result<()> {
        for number in 0..REQUESTS {
            let request = format!("GET /latest/{client}-{number} HTTP/1.0\r\n\r\n");
            testkit::http::exchange(address, request.as_bytes())?;
        }
        Ok(())
    };
    let clients: Vec<_> =
        (0..CLIENTS).map(|client| std::thread::spawn(move || ask(client))).collect();
    for number in 0..ROTATIONS {
        fs::rename(&log, renamed(number))?;
        server.process().signal(if number % 2 == 0 { "HUP" } else { "USR1" })?;
        eventually("a new log", || log.exists().then_some(()))?;
    }
    for client in clients {
        client.join().ok().context("a client")??;
    }
    server.process().signal("TERM")?;
    ensure!(server.process().ended()?.success(), "{}", server.messages());

    let files = (0..ROTATIONS).map(renamed).chain([log.clone()]);
    let text = files.map(fs::read_to_string).collect::<std::io::Result<Vec<_>>>()?;
    ensure!(text.iter().all(|text| text.is_empty() || text.ends_with('\n')), "a cut line");
    let mut seen = BTreeSet::new();
    for line in text.iter().flat_map(|text| text.lines()) {
        let words: Vec<_> = line.split(' ').collect();
        let ["127.0.0.1", ..] = words[1].split(':').collect::<Vec<_>>()[..] else {
            testkit::bail!("{line:?}");
        };
        ensure!(words[4] == "GET" && words[6..] == ["404", "hops=0"], "{line:?}");
        ensure!(seen.insert(words[5].to_owned()), "twice: {line:?}");
    }
    ensure!(seen.len() == CLIENTS * REQUESTS, "{} lines; {}", seen.len(), server.messages());
    Ok(())
}

fn a_log_that_cannot_be_reopened_goes_on() -> Result<()> {
    let mut server = Server::start(&[])?;
    let log = server.state_home().join("access.log");
    let old = log.with_file_name("old");
    fs::rename(&log, &old)?;
    fs::create_dir(&log)?;
    server.process().signal("HUP")?;
    told(&server, "the access log goes on in the old file: cannot write the access log to")?;
    server.exchange("GET /latest/still HTTP/1.0\r\n\r\n")?;
    eventually("a line in the old log", || {
        fs::read_to_string(&old).ok().filter(|text| text.contains("/latest/still"))
    })?;
    Ok(())
}

fn settings_are_read_again() -> Result<()> {
    // With the rule of HTTP both are answered, with EC2's only the first.
    const TWO: &str = "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n";
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("imds.toml");
    let path = file.to_str().context("a path in UTF-8")?.to_owned();
    let instance = "[instance]\ninstance-type = 't3.micro'\nrole.name = 'SECRETNAME'\n";
    fs::write(&file, format!("keep-alive = 'ec2'\nlog-level = 'warn'\n{instance}"))?;
    let mut server = Server::start(&["--config", &path, "--stall", "2s"])?;
    let answers = |server: &Server| -> Result<usize> {
        Ok(String::from_utf8_lossy(&server.exchange(TWO)?).matches("HTTP/1.1 401").count())
    };
    ensure!(answers(&server)? == 1);

    let changed = format!(
        "keep-alive = 'http'\nlog-level = 'info'\nthreads = 1\nstall = '3s'\n{instance}\
         tags = {{ Name = 'SECRETTAG' }}\n"
    );
    fs::write(&file, &changed)?;
    server.process().signal("HUP")?;
    let messages = told(&server, READ_AGAIN)?;
    // The flag wins over the file's stall.
    ensure!(messages.contains(r#"applied="log-level, keep-alive""#), "{messages}");
    ensure!(messages.contains(r#"needs_restart="instance.tags, threads""#), "{messages}");
    ensure!(answers(&server)? == 2);

    // What needs a restart still does; what was applied is no change any more.
    server.process().signal("HUP")?;
    let messages = told(&server, r#"applied="nothing""#)?;
    ensure!(messages.matches("instance.tags, threads").count() == 2, "{messages}");

    fs::write(&file, format!("keep-alive = 'ec2'\n{instance}secret-access-key = 'SECRETKEY\n"))?;
    server.process().signal("HUP")?;
    let messages = told(&server, "the settings stay as they are")?;
    ensure!(messages.contains(&format!("{path}: TOML parse error at line 5")), "{messages}");
    ensure!(!messages.contains("SECRET"), "{messages}");
    ensure!(answers(&server)? == 2);

    fs::remove_file(&file)?;
    server.process().signal("HUP")?;
    told(&server, "cannot read")?;
    ensure!(answers(&server)? == 2);
    Ok(())
}

/// `imds serve` with nothing but these arguments, at this address.
fn serve(address: &str, arguments: &[&str]) -> std::process::Command {
    let mut command = imds();
    command.args(["serve", "--control", "off", "--state", "memory", "--listen", address]);
    command.args(arguments);
    command
}

/// Asks until there is an answer.
fn answered(address: &str, path: &str) -> Result<()> {
    let address: SocketAddr = address.parse()?;
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    eventually("an answer", || testkit::http::exchange(address, request.as_bytes()).ok())?;
    Ok(())
}

fn has_line(file: &Path, words: &str) -> Result<String> {
    eventually(&format!("{words} in {}", file.display()), || {
        fs::read_to_string(file).ok().filter(|text| text.contains(words))
    })
}

/// A relative path in the file begins at the file; `stderr` is a destination as any.
fn the_access_log_moves() -> Result<()> {
    const ADDRESS: &str = "127.0.0.78:1338";
    let directory = tempfile::tempdir()?;
    let at = |name: &str| directory.path().join(name);
    fs::write(at("imds.toml"), "access-log = 'one.log'\nlog-format = 'json'\n")?;
    let settings = at("imds.toml");
    let settings = settings.to_str().context("a path in UTF-8")?;
    let mut command = serve(ADDRESS, &["--config", settings]);
    let process = Process::start(
        command.current_dir("/").stdout(Stdio::null()).stderr(File::create(at("messages"))?),
    )?;
    answered(ADDRESS, "/first")?;
    let line = has_line(&at("one.log"), "/first")?;
    ensure!(line.starts_with('{'), "{line}");

    fs::write(at("imds.toml"), "access-log = 'two.log'\nlog-format = 'json'\n")?;
    process.signal("HUP")?;
    has_line(&at("messages"), "two.log from here on")?;
    answered(ADDRESS, "/second")?;
    has_line(&at("two.log"), "/second")?;

    // It stays where the new one cannot be had.
    fs::write(at("imds.toml"), "access-log = 'missing/log'\nlog-format = 'json'\nstall = '2s'\n")?;
    process.signal("HUP")?;
    let messages = has_line(&at("messages"), "the settings stay as they are")?;
    ensure!(messages.contains("missing/log: No such file"), "{messages}");
    answered(ADDRESS, "/third")?;
    has_line(&at("two.log"), "/third")?;

    fs::write(at("imds.toml"), "access-log = 'stderr'\nlog-format = 'json'\n")?;
    process.signal("HUP")?;
    has_line(&at("messages"), "standard error from here on")?;
    answered(ADDRESS, "/fourth")?;
    has_line(&at("messages"), "\"path\":\"/fourth\"")?;

    fs::write(at("imds.toml"), "access-log = 'off'\nlog-format = 'json'\n")?;
    process.signal("HUP")?;
    has_line(&at("messages"), r#""needs_restart":"access-log""#)?;
    Ok(())
}

/// A file elsewhere cannot be written any more. The message says so, and nothing of the settings is applied.
fn the_access_log_cannot_move_to_a_directory_that_was_given_up() -> Result<()> {
    const ADDRESS: &str = "127.0.0.79:1338";
    let (directory, elsewhere) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let settings = directory.path().join("imds.toml");
    let write = |directory: &Path, row: &str| {
        let log = directory.join("access.log");
        let text = format!("access-log = '{}'\n[paths]\n'rack/row' = '{row}'\n", log.display());
        fs::write(&settings, text)
    };
    write(directory.path(), "7")?;
    let messages = directory.path().join("messages");
    let mut command = serve(ADDRESS, &["--log-level=debug", "--ami=al2", "--config"]);
    command.arg(&settings).stdout(Stdio::null()).stderr(File::create(&messages)?);
    let process = Process::start(&mut command)?;
    answered(ADDRESS, "/latest/rack/row")?;
    if !has_landlock(&fs::read_to_string(&messages)?)? {
        return Ok(());
    }
    write(elsewhere.path(), "8")?;
    process.signal("HUP")?;
    let messages = has_line(&messages, GIVEN_UP)?;
    ensure!(messages.contains("the settings stay as they are: cannot write"), "{messages}");
    let row = testkit::http::exchange(ADDRESS.parse()?, b"GET /latest/rack/row HTTP/1.0\r\n\r\n")?;
    ensure!(row.ends_with(b"7"), "{}", String::from_utf8_lossy(&row));
    Ok(())
}

/// Starts a command in a session of its own, with a terminal; waits for its first line.
fn on_a_terminal(words: &[&str]) -> Result<(Process, OwnedFd)> {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&screen)?;
    unlockpt(&screen)?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let terminal: OwnedFd = open(ptsname(&screen, Vec::new())?, flags, Mode::empty())?;
    let mut command = testkit::program("setsid");
    command.args(["--ctty", "--wait"]).args(words);
    command.stdin(Stdio::from(terminal)).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = Process::start(&mut command)?;
    let stdout = process.child().stdout.take().context("standard output is piped")?;
    let banner = BufReader::new(stdout).lines().next().context("a banner")??;
    ensure!(banner.starts_with("Serving "), "{banner}");
    Ok((process, screen))
}

const SERVE: [&str; 7] = ["serve", "--control", "off", "--state", "memory", "--access-log", "off"];

fn a_closed_terminal_ends_it() -> Result<()> {
    let imds = testkit::binary().to_str().context("a path in UTF-8")?;
    let words = [&[imds][..], &SERVE, &["--listen", "127.0.0.91:1338"]].concat();
    let (mut process, screen) = on_a_terminal(&words)?;
    drop(screen);
    let status = process.ended()?;
    ensure!(status.success(), "{status}");
    Ok(())
}

fn nohup_outlives_its_terminal() -> Result<()> {
    const ADDRESS: &str = "127.0.0.80:1338";
    let imds = testkit::binary().to_str().context("a path in UTF-8")?;
    let words = [&["nohup", imds][..], &SERVE, &["--listen", ADDRESS]].concat();
    let (process, screen) = on_a_terminal(&words)?;
    drop(screen);
    // The signal comes with the end of the terminal, so it was there before this one.
    process.signal("HUP").ok();
    answered(ADDRESS, "/")?;
    Ok(())
}
