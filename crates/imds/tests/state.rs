//! State: what outlives `imds serve`, and what is refused with a reason.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use testkit::{Finished, Result, Server, Trial, ensure, imds, tests};

use crate::api::{call, element};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[];
        a_damaged_file_is_refused_and_left_alone,
        a_file_of_a_later_release_is_refused,
        what_is_no_state_file_is_refused,
        one_process_at_a_time,
        where_nothing_may_be_written,
        memory_leaves_nothing,
        the_default_instance_stays_as_calls_left_it,
        other_flags_launch_it_anew,
        flags_that_are_refused_change_nothing,
    ]
}

/// Where a test's `imds serve` has its state.
fn file_of(server: &Server) -> PathBuf {
    server.state_home().join("imds/state.db")
}

/// An `imds serve`'s state file with all that was in its log, in a directory of its own.
fn state_file() -> Result<(tempfile::TempDir, PathBuf)> {
    let mut server = Server::start(&[])?;
    server.process().signal("TERM")?;
    server.process().ended()?;
    drop(imds_kv::Sqlite::open(&file_of(&server))?);
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("state.db");
    fs::copy(file_of(&server), &file)?;
    Ok((directory, file))
}

/// `imds serve` with this state file, which must refuse to; what it said.
fn refused(file: &str, code: i32) -> Result<String> {
    let mut serve = imds();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--state", file]);
    let finished = Finished::of(&mut serve)?.expect_code(code)?;
    ensure!(finished.stdout.is_empty(), "{finished:#?}");
    Ok(finished.stderr)
}

fn expect(message: &str, words: &[&str]) -> Result<()> {
    for word in words.iter().chain(&["cannot use the state", "hint: --state FILE"]) {
        ensure!(message.contains(word), "no {word:?} in: {message}");
    }
    Ok(())
}

fn a_damaged_file_is_refused_and_left_alone() -> Result<()> {
    let (_directory, file) = state_file()?;
    let mut bytes = fs::read(&file)?;
    let places: Vec<_> =
        (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"token-keys")).collect();
    ensure!(!places.is_empty(), "it has no token key");
    for at in places {
        bytes[at] ^= 1;
    }
    fs::write(&file, &bytes)?;
    let name = file.display().to_string();
    expect(&refused(&name, 2)?, &[&name, "is damaged", "restore a copy"])?;
    ensure!(fs::read(&file)? == bytes, "it was changed");
    Ok(())
}

fn a_file_of_a_later_release_is_refused() -> Result<()> {
    /// Where an SQLite file has the number of its format ("Database File Format", 1.3).
    const USER_VERSION: u64 = 60;
    let (_directory, file) = state_file()?;
    OpenOptions::new().write(true).open(&file)?.write_all_at(&[0, 0, 9, 9], USER_VERSION)?;
    let name = file.display().to_string();
    expect(&refused(&name, 2)?, &[&name, "has format 2313", "the program that wrote it"])
}

fn what_is_no_state_file_is_refused() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("notes.txt");
    fs::write(&file, "remember the milk".repeat(100))?;
    let name = file.display().to_string();
    expect(&refused(&name, 2)?, &[&name, "is not a state file"])?;
    ensure!(fs::read(&file)?.starts_with(b"remember"), "it was changed");
    Ok(())
}

fn one_process_at_a_time() -> Result<()> {
    let server = Server::start(&[])?;
    let name = file_of(&server).display().to_string();
    expect(&refused(&name, 4)?, &[&name, "in use by another process"])?;
    ensure!(server.request("GET", "/", &[])?.status() == 401, "the first one has suffered");
    Ok(())
}

fn where_nothing_may_be_written() -> Result<()> {
    const PLACE: &str = "/proc/imds/state.db";
    let serve = format!("imds serve --listen 127.0.0.1:0 --control 127.0.0.1:0 --state {PLACE}");
    let finished = Finished::of(&mut testkit::shell_of_nobody(&serve))?;
    ensure!(matches!(finished.status.code(), Some(3 | 4)), "{finished:#?}");
    expect(&finished.stderr, &["/proc/imds", "cannot create the directory"])
}

fn memory_leaves_nothing() -> Result<()> {
    let server = Server::start(&["--state", "memory"])?;
    server.token(60)?;
    ensure!(!server.state_home().join("imds").exists(), "there is a directory for state");
    Ok(())
}

fn hop_limit(server: &Server) -> Result<String> {
    let found = call(server.control(), "DescribeInstances", "")?;
    Ok(element(&found, "httpPutResponseHopLimit")?.to_owned())
}

const ID: &str = "i-1234567890abcdef0";

fn change_the_hop_limit(server: &Server) -> Result<()> {
    let change = format!("InstanceId={ID}&HttpPutResponseHopLimit=7&HttpTokens=optional");
    call(server.control(), "ModifyInstanceMetadataOptions", &change).map(drop)
}

/// A change that was answered is not lost, whatever happens then.
fn the_default_instance_stays_as_calls_left_it() -> Result<()> {
    let mut server = Server::start(&["--no-auth"])?;
    change_the_hop_limit(&server)?;
    server.kill_and_restart()?;
    ensure!(hop_limit(&server)? == "7");
    let answer = server.request("GET", "/latest/meta-data/instance-id", &[])?;
    ensure!(answer.body == ID.as_bytes(), "tokens are required again: {answer:?}");
    Ok(())
}

fn other_flags_launch_it_anew() -> Result<()> {
    let mut server = Server::start(&["--no-auth"])?;
    change_the_hop_limit(&server)?;
    server.kill_and_restart_with(&["--no-auth", "--hop-limit", "5"])?;
    ensure!(hop_limit(&server)? == "5");
    ensure!(server.request("GET", "/", &[])?.status() == 401, "tokens are not required again");
    server.kill_and_restart_with(&["--no-auth", "--instance-id", "i-0123456789abcdef0"])?;
    let found = call(server.control(), "DescribeInstances", "")?;
    ensure!(found.contains("i-0123456789abcdef0") && !found.contains(ID), "{found}");
    Ok(())
}

/// The account refuses what the flags say; the instance of before is still there.
fn flags_that_are_refused_change_nothing() -> Result<()> {
    let mut server = Server::start(&["--no-auth"])?;
    let api = server.control();
    let enforced = "HttpTokens=required&HttpTokensEnforced=enabled";
    call(api, "ModifyInstanceMetadataDefaults", enforced)?;
    let limit = format!("InstanceId={ID}&HttpPutResponseHopLimit=7");
    call(api, "ModifyInstanceMetadataOptions", &limit)?;
    server.process().signal("TERM")?;
    server.process().ended()?;
    let mut serve = imds();
    serve.args([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--control",
        "off",
        "--http-tokens",
        "optional",
    ]);
    let finished =
        Finished::of(serve.env("XDG_STATE_HOME", server.state_home()))?.expect_code(2)?;
    ensure!(finished.stderr.contains("--http-tokens required"), "{finished:#?}");
    server.kill_and_restart()?;
    ensure!(hop_limit(&server)? == "7");
    Ok(())
}
