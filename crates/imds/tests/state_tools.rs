//! `imds state`: a state goes from one place to another, and nobody who asks the service can tell.

mod mistakes;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use imds_account::transfer::{Contents, Import};
use imds_kv::{Kv as _, Transaction};
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Context as _, Etcd, Finished, Need, Result, Server, Trial, ensure, imds, tests};

use crate::populated::{Answers, KEY_ID, SECRET, populate, signature};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![
        &[];
        a_running_service_is_backed_up_and_restored_elsewhere,
        an_export_goes_through_a_pipe,
        an_export_replaces_nothing,
        only_an_empty_place_takes_a_whole_export,
        a_broken_off_import_is_refused_until_it_begins_again,
        a_moved_state_is_refused_where_it_was,
        records_that_cannot_be_read_are_named,
    ];
    trials.extend(
        tests![&[Need::Etcd]; a_state_moves_to_etcd_and_back, an_old_key_is_not_needed_any_more],
    );
    trials.extend(mistakes::tests());
    trials
}

/// A directory for a state, and the name of its file.
fn place() -> Result<(TempDir, PathBuf)> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("state.db");
    Ok((directory, file))
}

fn start(state: &Path) -> Result<Server> {
    Server::start(&["--no-auth", "--state", state.to_str().context("a path in UTF-8")?])
}

fn stop(mut server: Server) -> Result<()> {
    server.process().signal("TERM")?;
    server.process().ended().map(drop)
}

/// `imds state` with these arguments, which must end with `code`.
fn tool(arguments: &[&str], code: i32) -> Result<Finished> {
    let mut tool = imds();
    tool.arg("state").args(arguments).env_remove("XDG_STATE_HOME");
    Finished::of(&mut tool)?.expect_code(code)
}

/// The same, which must succeed; what it printed as JSON.
fn report(arguments: &[&str]) -> Result<Value> {
    let finished = tool(&[arguments, &["--json"]].concat(), 0)?;
    Ok(serde_json::from_str(&finished.stdout)?)
}

/// The same, which must refuse, for a reason with these words.
fn refused(arguments: &[&str], code: i32, words: &[&str]) -> Result<()> {
    let finished = tool(arguments, code)?;
    for word in words {
        ensure!(finished.stderr.contains(word), "no {word:?} in {finished:#?}");
    }
    ensure!(!finished.stderr.contains(SECRET) && !finished.stdout.contains(SECRET));
    Ok(())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// `imds serve`, which must not start.
fn serve_is_refused(state: &str, words: &[&str]) -> Result<()> {
    let mut serve = imds();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0", "--state", state]);
    let finished = Finished::of(&mut serve)?.expect_code(2)?;
    for word in words {
        ensure!(finished.stderr.contains(word), "no {word:?} in {finished:#?}");
    }
    Ok(())
}

fn a_running_service_is_backed_up_and_restored_elsewhere() -> Result<()> {
    let ((_one, from), (_two, to)) = (place()?, place()?);
    let server = start(&from)?;
    populate(&server, &from)?;
    let token = server.token(3600)?;
    let before = Answers::of(&server, &token)?;
    let file = from.with_file_name("backup.jsonl");
    let exported = report(&["export", text(&file), "--state", text(&from)])?;
    ensure!(fs::metadata(&file)?.permissions().mode() & 0o777 == 0o600);
    // What comes after the export is not in it.
    let late = server.token(3600)?;
    crate::api::call(
        server.control(),
        "CreateTags",
        "ResourceId.1=i-1234567890abcdef0&Tag.1.Key=late&Tag.1.Value=1",
    )?;
    stop(server)?;

    let imported = report(&["import", text(&file), "--state", text(&to)])?;
    ensure!(imported == exported, "{imported} {exported}");
    let again = to.with_file_name("again.jsonl");
    ensure!(report(&["export", text(&again), "--state", text(&to)])? == exported);
    let records = |path: &Path| -> Result<Vec<String>> {
        Ok(fs::read_to_string(path)?.lines().skip(1).map(str::to_owned).collect())
    };
    ensure!(records(&file)? == records(&again)?, "the export of the import differs");
    let checked = report(&["check", "--state", text(&to)])?;
    ensure!(checked["readable"] == exported["records"], "{checked} {exported}");
    ensure!(checked["unknown"] == Value::Array(vec![]), "{checked}");

    let server = start(&to)?;
    before.expect(&Answers::of(&server, &token)?)?;
    // Keys of tokens do not change.
    Answers::of(&server, &late)?;
    let mut list = imds();
    list.args(["access-key", "list", "--state", text(&to)]);
    let keys = Finished::success(&mut list)?.stdout;
    ensure!(keys.contains(KEY_ID) && !keys.contains(SECRET), "{keys}");
    Ok(())
}

fn an_export_goes_through_a_pipe() -> Result<()> {
    let ((_one, from), (_two, to)) = (place()?, place()?);
    stop(start(&from)?)?;
    let mut export = imds();
    export.args(["state", "export", "-", "--state", text(&from)]).stdout(Stdio::piped());
    let mut export = export.stderr(Stdio::piped()).spawn()?;
    let output = export.stdout.take().context("a pipe")?;
    let mut import = imds();
    import.args(["state", "import", "-", "--state", text(&to)]).stdin(output);
    let imported = Finished::success(&mut import)?.stdout;
    let exported = export.wait_with_output()?;
    ensure!(exported.status.success() && imported.starts_with("imported "), "{imported}");
    ensure!(String::from_utf8_lossy(&exported.stderr).contains("It holds the keys"));
    stop(start(&to)?)
}

fn an_export_replaces_nothing() -> Result<()> {
    let (_directory, from) = place()?;
    let file = from.with_file_name("backup.jsonl");
    refused(&["export", text(&file), "--state", text(&from)], 4, &["cannot open", "No such file"])?;
    stop(start(&from)?)?;
    fs::write(&file, "of somebody else")?;
    refused(&["export", text(&file), "--state", text(&from)], 2, &["exists already"])?;
    ensure!(fs::read_to_string(&file)? == "of somebody else");
    refused(&["export", "/proc/x", "--state", text(&from)], 4, &["cannot write /proc/x"])?;
    refused(&["export", "-", "--state", "memory"], 2, &["seen by its own process alone"])
}

fn only_an_empty_place_takes_a_whole_export() -> Result<()> {
    let ((_one, from), (_two, to)) = (place()?, place()?);
    let server = start(&from)?;
    signature(&server)?;
    stop(server)?;
    let file = from.with_file_name("backup.jsonl");
    tool(&["export", text(&file), "--state", text(&from)], 0)?;
    let import = ["import", text(&file), "--state", text(&to)];
    refused(&["import", text(&file), "--state", text(&from)], 2, &["is not empty"])?;
    let whole = fs::read_to_string(&file)?;
    for (bytes, words) in [
        (whole.replacen("\"version\":1", "\"version\":7", 1), "has version 7"),
        (whole.lines().take(3).map(|line| format!("{line}\n")).collect(), "is cut off"),
        (whole.replacen("\"value\":\"e", "\"value\":\"f", 1), "are not those that were exported"),
        ("remember the milk\n".to_owned(), "is not a file that `imds state export` made"),
    ] {
        fs::write(&file, bytes)?;
        refused(&import, 2, &["cannot import", words])?;
        ensure!(!to.exists(), "{words}: something was written");
    }
    fs::write(&file, &whole)?;
    refused(&[&import[..], &["--host", "one"]].concat(), 2, &["--host is for"])?;
    // One process at a time.
    let server = start(&to)?;
    refused(&import, 4, &["in use by another process"])?;
    stop(server)?;
    refused(&import, 2, &["is not empty"])?;
    // Keys of another state are not replaced.
    let other = to.with_file_name("other.db");
    fs::write(to.with_file_name("identity-us-east-1.pem"), "")?;
    ensure!(whole.contains("identity-keys/us-east-1"), "it has no keys that sign");
    let relocate = ["move", text(&from), text(&other)];
    refused(&relocate, 4, &["identity-us-east-1.pem"])?;
    ensure!(!other.exists());
    // What refused to move is as it was.
    stop(start(&from)?)
}

fn a_broken_off_import_is_refused_until_it_begins_again() -> Result<()> {
    let ((_one, from), (_two, to)) = (place()?, place()?);
    stop(start(&from)?)?;
    let file = from.with_file_name("backup.jsonl");
    let exported = report(&["export", text(&file), "--state", text(&from)])?;
    {
        // What a process leaves behind that is killed on the way.
        let kv = imds_kv::Sqlite::open(&to)?;
        let half = Contents::of(imds_kv::Sqlite::open(&from)?.list("")?)?;
        Import::begin(&kv, text(&file), false)?.write(&half, |_| {})?;
    }
    serve_is_refused(text(&to), &["incomplete", text(&file), "import --restart"])?;
    refused(&["export", "-", "--state", text(&to)], 2, &["incomplete"])?;
    refused(&["move", text(&to), "elsewhere.db"], 2, &["incomplete"])?;
    let checked = tool(&["check", "--state", text(&to)], 1)?;
    ensure!(checked.stdout.contains("incomplete"), "{checked:#?}");
    let import = ["import", text(&file), "--state", text(&to)];
    refused(&import, 2, &["incomplete", "--restart"])?;
    ensure!(report(&[&import[..], &["--restart"]].concat())? == exported);
    stop(start(&to)?)
}

fn a_moved_state_is_refused_where_it_was() -> Result<()> {
    let ((_one, from), (_two, to)) = (place()?, place()?);
    let server = start(&from)?;
    let token = server.token(3600)?;
    let relocate = ["move", text(&from), text(&to)];
    refused(&relocate, 4, &["in use by another process"])?;
    ensure!(!to.exists());
    stop(server)?;
    refused(&["move", text(&from), text(&from)], 2, &["is both FROM and TO"])?;
    refused(&["move", text(&to), text(&from)], 2, &["there is no state at"])?;
    let moved = report(&relocate)?;
    ensure!(moved["left_out"] == 0, "{moved}");
    serve_is_refused(text(&from), &["was moved to", text(&to)])?;
    refused(&relocate, 2, &["was moved to", "already"])?;
    let server = start(&to)?;
    let header = format!("X-aws-ec2-metadata-token: {token}");
    ensure!(server.request("GET", "/latest/meta-data/", &[&header])?.status() == 200);
    stop(server)?;
    // It can still be taken back from there.
    let file = from.with_file_name("backup.jsonl");
    let exported = report(&["export", text(&file), "--state", text(&from)])?;
    ensure!(exported["sha256"] == moved["sha256"], "{exported} {moved}");
    Ok(())
}

fn records_that_cannot_be_read_are_named() -> Result<()> {
    let (_directory, file) = place()?;
    stop(start(&file)?)?;
    imds_kv::Sqlite::open(&file)?.commit(
        Transaction::new()
            .put("instances/us-east-1/i-1", r#"{"version":999,"record":{}}"#)
            .put("tags/us-east-1/i-1", format!("\"{SECRET}\""))
            .put("placements/x", "of a later release"),
    )?;
    let checked = tool(&["check", "--state", text(&file), "--json"], 1)?.stdout;
    let checked: Value = serde_json::from_str(&checked)?;
    ensure!(checked["unreadable"][0]["key"] == "instances/us-east-1/i-1", "{checked}");
    let reason = checked["unreadable"][0]["reason"].as_str().unwrap_or_default();
    ensure!(reason.contains("version 999"), "{checked}");
    ensure!(checked["unreadable"][1]["key"] == "tags/us-east-1/i-1", "{checked}");
    ensure!(checked["unknown"][0] == "placements/x", "{checked}");
    ensure!(!checked.to_string().contains(SECRET), "{checked}");
    // They go along as they are.
    let to = file.with_file_name("copy.db");
    ensure!(report(&["move", text(&file), text(&to)])?["unreadable"] == 2);
    let again = tool(&["check", "--state", text(&to), "--json"], 1)?.stdout;
    let again: Value = serde_json::from_str(&again)?;
    ensure!(again["unreadable"] == checked["unreadable"], "{again}");
    ensure!(again["unknown"] == checked["unknown"], "{again}");
    refused(&["reseal", "--state", text(&file)], 2, &["only values in etcd are sealed"])
}

const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
const NEW: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n";

/// A file with keys that seal, and the URL that names it.
fn sealed(directory: &Path, keys: &str, etcd: SocketAddr) -> Result<String> {
    let file = directory.join("seal-key");
    fs::write(&file, keys)?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    Ok(format!("etcd://{etcd}/?seal-key={}", file.display()))
}

fn a_state_moves_to_etcd_and_back() -> Result<()> {
    let ((one, from), (_two, to)) = (place()?, place()?);
    let server = start(&from)?;
    populate(&server, &from)?;
    let token = server.token(3600)?;
    let before = Answers::of(&server, &token)?;
    stop(server)?;

    let etcd = Etcd::start()?;
    let url = sealed(one.path(), OLD, etcd.address())?;
    let there = report(&["move", text(&from), &url, "--host", "node-1"])?;
    ensure!(there["left_out"] == 0, "{there}");
    serve_is_refused(text(&from), &["was moved to etcd://"])?;
    // Somebody with etcd's files sees names of keys, and no secret.
    ensure!(etcd.has_on_disk(KEY_ID)?, "this looks at the wrong files");
    for secret in [SECRET, "PRIVATE KEY", "c3NoLWVkMjU1MTkg", "t3.nano"] {
        ensure!(!etcd.has_on_disk(secret)?, "etcd has {secret}");
    }
    let checked = report(&["check", "--state", &url])?;
    ensure!(checked["readable"] == there["records"], "{checked} {there}");
    let file = one.path().join("etcd.jsonl");
    let exported = report(&["export", text(&file), "--state", &url])?;
    ensure!(exported["sha256"] == there["sha256"], "{exported} {there}");

    // Without a host, its own records stay behind: a copy that was not to be had.
    let copy = one.path().join("elsewhere/copy.db");
    let left = report(&["import", text(&file), "--state", text(&copy)])?;
    ensure!(left["left_out"] == 1, "{left}");
    // Not while a host uses it.
    let kv = imds_kv::open(&url)?;
    kv.commit(Transaction::new().put("host-claims/node-2", "{}"))?;
    refused(&["move", &url, text(&to)], 4, &["in use by host node-2"])?;
    kv.commit(Transaction::new().delete("host-claims/node-2"))?;
    ensure!(!to.exists());
    let back = report(&["move", &url, text(&to), "--host", "node-1"])?;
    ensure!(back["left_out"] == 0 && back["records"] == there["records"], "{back} {there}");
    refused(&["move", &url, "other.db"], 2, &["was moved to"])?;
    let server = start(&to)?;
    before.expect(&Answers::of(&server, &token)?)
}

fn an_old_key_is_not_needed_any_more() -> Result<()> {
    let (directory, from) = place()?;
    stop(start(&from)?)?;
    let etcd = Etcd::start()?;
    let url = sealed(directory.path(), OLD, etcd.address())?;
    let moved = report(&["move", text(&from), &url])?;
    // Nobody without the key reads anything, or takes it for another state.
    let url = sealed(directory.path(), NEW, etcd.address())?;
    let checked = tool(&["check", "--state", &url], 1)?.stdout;
    ensure!(checked.starts_with("0 records"), "{checked}");
    refused(
        &["export", "-", "--state", &url],
        2,
        &["not sealed for this place with one of our keys"],
    )?;
    refused(&["import", "/dev/null", "--state", &url], 2, &["is not a file that"])?;

    let url = sealed(directory.path(), &format!("{NEW}{OLD}"), etcd.address())?;
    let first = report(&["reseal", "--state", &url])?;
    ensure!(first["resealed"] == moved["records"] && first["outdated"] == 0, "{first} {moved}");
    ensure!(report(&["reseal", "--state", &url])?["resealed"] == 0);
    let url = sealed(directory.path(), NEW, etcd.address())?;
    let checked = report(&["check", "--state", &url])?;
    ensure!(checked["readable"] == moved["records"], "{checked} {moved}");
    let url = sealed(directory.path(), OLD, etcd.address())?;
    let opened = tool(&["reseal", "--state", &url, "--json"], 1)?.stdout;
    let opened: Value = serde_json::from_str(&opened)?;
    let unreadable = opened["unreadable"].as_array().map(Vec::len);
    ensure!(unreadable.map(Value::from) == Some(moved["records"].clone()), "{opened}");
    Ok(())
}
