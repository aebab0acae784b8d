//! What a call is answered when, and while, its change cannot be on the disk.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use testkit::{Need, Process, Result, Trial, ensure, eventually, program, test};

use crate::api::{ask, call, element};

pub(super) fn tests() -> Vec<Trial> {
    let strace = &[Need::Program("strace")];
    let unshare = &[Need::Program("unshare")];
    vec![
        test("control::an_answer_leaves_when_its_change_is_flushed", strace, flushed_first),
        test("control::a_full_disk_refuses_changes_and_nothing_else", unshare, full_disk),
    ]
}

const INSTANCE: &str = "InstanceId=i-1234567890abcdef0";
const CHANGES: u32 = 20;

fn change(api: SocketAddr, hop_limit: u32) -> Result<String> {
    let parameters = format!("{INSTANCE}&HttpPutResponseHopLimit={hop_limit}");
    call(api, "ModifyInstanceMetadataOptions", &parameters)
}

/// Starts `imds serve` by another program, with its API at this address, which no other test has.
fn start(by: &mut Command, api: SocketAddr, home: &Path) -> Result<Process> {
    by.arg(testkit::binary())
        .args(["serve", "--no-auth", "--access-log", "off", "--listen", "127.0.0.1:0"])
        .arg(format!("--control={api}"))
        .env("XDG_STATE_HOME", home)
        .stdout(Stdio::null())
        .stderr(File::create(home.with_extension("messages"))?);
    let process = Process::start(by)?;
    eventually("an answer", || call(api, "DescribeInstances", "").ok())?;
    Ok(process)
}

/// Power may be lost right behind an answer.
fn flushed_first() -> Result<()> {
    let api: SocketAddr = "127.0.0.89:1339".parse()?;
    let directory = tempfile::tempdir()?;
    let trace = directory.path().join("trace");
    let mut strace = program("strace");
    strace.args(["-f", "-y", "-s", "300", "-o"]).arg(&trace);
    strace.args(["-e", "trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg", "--"]);
    let mut process = start(&mut strace, api, &directory.path().join("home"))?;
    for hop_limit in 1..=CHANGES {
        change(api, hop_limit)?;
    }
    let written = fs::read_to_string(&trace)?;
    // strace ends with what it traces, and not the other way round.
    let traced = written.split_whitespace().next().unwrap_or_default();
    testkit::Finished::success(program("kill").args(["-TERM", traced]))?;
    process.ended()?;

    let answers = judge(&fs::read_to_string(&trace)?)?;
    ensure!(answers == CHANGES, "{answers} answers in the trace");
    // The judgement can be another: it is where nothing is flushed.
    let unflushed: String =
        written.lines().filter(|line| !is_flushed(line)).flat_map(|line| [line, "\n"]).collect();
    ensure!(judge(&unflushed).is_err(), "no flush is missed");
    Ok(())
}

/// Fails if an answer left while something was not flushed, or nothing was since the one before;
/// else how many there were.
fn judge(trace: &str) -> Result<u32> {
    let (mut unflushed, mut flushes, mut answers) = (BTreeSet::new(), 0, 0);
    for line in trace.lines() {
        let thread = line.split_whitespace().next().unwrap_or_default();
        if line.contains(" pwrite64(") && line.contains("state.db-wal>") {
            unflushed.insert(thread);
        } else if is_flushed(line) {
            unflushed.remove(thread);
            flushes += 1;
        } else if line.contains("<ModifyInstanceMetadataOptionsResponse") {
            ensure!(unflushed.is_empty() && flushes > 0, "not flushed before: {line}");
            (flushes, answers) = (0, answers + 1);
        }
    }
    Ok(answers)
}

/// Whether a flush has returned well.
fn is_flushed(line: &str) -> bool {
    let is_flush = [" fsync(", " fdatasync(", " fsync resumed", " fdatasync resumed"];
    is_flush.iter().any(|words| line.contains(words)) && line.trim_end().ends_with("= 0")
}

/// A change that cannot be kept is refused, and in force is what was; then it goes on.
fn full_disk() -> Result<()> {
    let api: SocketAddr = "127.0.0.90:1339".parse()?;
    let directory = tempfile::tempdir()?;
    let home = directory.path().join("home");
    fs::create_dir(&home)?;
    let mut unshare = program("unshare");
    let script = "mount -t tmpfs -o size=1m tmpfs \"$1\" && shift && exec \"$@\"";
    unshare.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(&home);
    let mut process = start(&mut unshare, api, &home)?;
    change(api, 7)?;

    // The disk is the process's own.
    let seen = format!("/proc/{}/root{}/filler", process.child().id(), home.display());
    let mut filler = File::create(&seen)?;
    for size in [4096, 1] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
    for _ in 0..3 {
        let parameters = format!("{INSTANCE}&HttpPutResponseHopLimit=8");
        let answer = ask(api, "ModifyInstanceMetadataOptions", &parameters)?;
        ensure!(answer.status() == 500, "{answer:?}");
        ensure!(element(&answer.text()?, "Code")? == "InternalError", "{answer:?}");
        let described = call(api, "DescribeInstances", "")?;
        ensure!(element(&described, "httpPutResponseHopLimit")? == "7", "{described}");
    }
    let messages = fs::read_to_string(home.with_extension("messages"))?;
    for words in ["cannot use the state", "ModifyInstanceMetadataOptions", "state.db"] {
        ensure!(messages.contains(words), "no {words:?} in: {messages}");
    }
    fs::remove_file(&seen)?;
    drop(filler);
    ensure!(element(&change(api, 9)?, "httpPutResponseHopLimit")? == "9");
    Ok(())
}
