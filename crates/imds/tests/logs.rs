//! Logs that nobody reads: the service answers, obeys signals and ends all the same.

use std::fs::File;
use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Command, Stdio};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use testkit::http::exchange;
use testkit::{Context as _, Need, Process, Result, SOON, Server, Trial, ensure, eventually};
use testkit::{imds, program, test};

const GET: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

/// More lines than a pipe takes.
const REQUESTS: usize = 1500;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("logs::standard_error_that_nobody_reads_holds_nothing_up", &[], full_stderr),
        test("logs::an_access_log_that_nobody_reads_holds_nothing_up", &[], full_access_log),
        test(
            "logs::nor_together_with_too_many_open_files",
            &[Need::Program("prlimit")],
            no_descriptors,
        ),
        test("logs::a_token_in_a_path_is_left_out", &[], token_in_path),
        test("logs::a_pipe_that_nobody_reads_is_no_access_log", &[], unread_fifo),
    ]
}

/// A pipe that takes nothing more.
fn full_pipe() -> Result<(PipeReader, PipeWriter)> {
    let (reader, mut writer) = std::io::pipe()?;
    let flags = fcntl_getfl(&writer)?;
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK)?;
    for size in [4096, 1] {
        while writer.write(&[b'.'; 4096][..size]).is_ok() {}
    }
    fcntl_setfl(&writer, flags)?;
    Ok((reader, writer))
}

/// Starts `command`, which is `imds serve`, and reads where it listens, and nothing else.
fn start(command: &mut Command, home: &tempfile::TempDir) -> Result<(Process, SocketAddr)> {
    command.args(["--listen", "127.0.0.1:0", "--control", "off", "--ami", "al2"]);
    let mut process =
        Process::start(command.env("XDG_STATE_HOME", home.path()).stdout(Stdio::piped()))?;
    let stdout = process.child().stdout.as_mut().context("standard output is piped")?;
    let mut banner = String::new();
    BufReader::new(stdout).read_line(&mut banner)?;
    let address = banner.trim().rsplit("http://").next().context("no address")?.parse()?;
    Ok((process, address))
}

fn all_are_answered(address: SocketAddr) -> Result<()> {
    for _ in 0..REQUESTS {
        let answer = exchange(address, GET)?;
        ensure!(answer[8..].starts_with(b" 200 "), "{}", answer.escape_ascii());
    }
    Ok(())
}

fn full_stderr() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    for signal in ["TERM", "INT"] {
        let (_reader, stderr) = full_pipe()?;
        let (mut process, address) = start(imds().arg("serve").stderr(stderr), &home)?;
        all_are_answered(address)?;
        // Each logs something, or writes a log anew.
        process.signal("HUP")?;
        process.signal("USR1")?;
        all_are_answered(address)?;
        process.signal(signal)?;
        let status = process.ended()?;
        ensure!(status.code() == Some(0), "after SIG{signal}: {status}");
    }
    Ok(())
}

fn full_access_log() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    let messages = home.path().join("messages");
    let mut command = imds();
    command.args(["serve", "--access-log", "/dev/stdout"]).stderr(File::create(&messages)?);
    let (mut process, address) = start(&mut command, &home)?;
    all_are_answered(address)?;
    process.signal("TERM")?;
    let status = process.ended()?;
    let messages = std::fs::read_to_string(messages)?;
    ensure!(status.code() == Some(0), "{status}: {messages}");
    ensure!(messages.contains("the last lines of the access log are lost"), "{messages}");
    Ok(())
}

fn no_descriptors() -> Result<()> {
    const MOST: usize = 48;
    let home = tempfile::TempDir::new()?;
    let (mut reader, stderr) = full_pipe()?;
    let mut command = program("prlimit");
    command.arg(format!("--nofile={MOST}:{MOST}")).arg(imds().get_program());
    let (mut process, address) = start(command.arg("serve").stderr(stderr), &home)?;
    let held: Vec<_> =
        (0..2 * MOST).map(|_| TcpStream::connect(address)).collect::<std::io::Result<_>>()?;
    // Those that are held can be served; the others wait in the kernel.
    let mut first = &held[0];
    first.set_read_timeout(Some(SOON))?;
    first.write_all(GET)?;
    let mut answer = [0; 12];
    first.read_exact(&mut answer)?;
    ensure!(answer.ends_with(b" 200"), "{}", answer.escape_ascii());
    // The reader comes back: the service was about to say what it is short of.
    let mut said = Vec::new();
    eventually("a message about open files", || {
        let mut bytes = [0; 4096];
        let count = reader.read(&mut bytes).unwrap_or_default();
        said.extend_from_slice(&bytes[..count]);
        said.windows(16).any(|text| text == b"cannot accept a ").then_some(())
    })?;
    // While nothing is read again.
    drop(held);
    all_are_answered(address)?;
    let held: Vec<_> =
        (0..2 * MOST).map(|_| TcpStream::connect(address)).collect::<std::io::Result<_>>()?;
    process.signal("TERM")?;
    let status = process.ended()?;
    drop(held);
    ensure!(status.code() == Some(0), "{status}");
    Ok(())
}

fn token_in_path() -> Result<()> {
    let server = Server::start(&["--ami", "al2"])?;
    let token = server.token(60)?;
    for path in [format!("/latest/{token}"), format!("/latest/meta-data/{token}/x?{token}")] {
        server.request("GET", &path, &[])?;
    }
    let lines = server.log_lines(3)?;
    ensure!(lines[1].contains(" GET /latest/TOKEN 404"), "{lines:#?}");
    ensure!(lines[2].contains(" GET /latest/meta-data/TOKEN/x 404"), "{lines:#?}");
    ensure!(!server.log().contains(&token[..20]), "{lines:#?}");
    Ok(())
}

fn unread_fifo() -> Result<()> {
    let home = tempfile::TempDir::new()?;
    let fifo = home.path().join("access.fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)?;
    let mut command = imds();
    command.args(["serve", "--listen", "127.0.0.1:0", "--control", "off", "--access-log"]);
    let output = command.arg(&fifo).env("XDG_STATE_HOME", home.path()).output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success(), "{output:?}");
    ensure!(error.contains("a named pipe that nobody reads"), "{error}");
    // With a reader it is a log like another.
    let mut options = File::options();
    options.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    let mut reader = options.open(&fifo)?;
    let (_process, address) = start(imds().args(["serve", "--access-log"]).arg(&fifo), &home)?;
    exchange(address, GET)?;
    eventually("a line in the pipe", || {
        let mut line = [0; 4096];
        let count = reader.read(&mut line).unwrap_or_default();
        line[..count].ends_with(b" GET / 200 hops=0\n").then_some(())
    })
}
