//! `imds state` that is told something wrong, or is killed: nothing is written, moved or left behind.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use testkit::{Etcd, Finished, Need, Result, Trial, ensure, imds, program, shell_of_nobody, tests};

use super::{OLD, place, refused, report, sealed, start, stop, text, tool};

pub(super) fn tests() -> Vec<Trial> {
    let mut trials = tests![&[]; a_draft_of_another_export_is_named];
    trials.extend(tests![&[Need::Program("strace")]; a_killed_export_leaves_no_keys_behind]);
    trials.extend(tests![&[Need::Root]; a_state_of_somebody_else_is_out_of_reach]);
    trials.extend(tests![&[Need::Etcd];
        a_place_without_a_state_is_not_taken_for_one,
        a_host_that_the_state_does_not_have_is_refused,
    ]);
    trials
}

/// Any prefix of a cluster can be read, also a mistyped one.
fn a_place_without_a_state_is_not_taken_for_one() -> Result<()> {
    let (directory, from) = place()?;
    let etcd = Etcd::start()?;
    let url = sealed(directory.path(), OLD, etcd.address())?.replace("/?", "/mistyped?");
    let none = ["there is no state at etcd://", "/mistyped", "the path of the URL"];
    let (file, to) = (from.with_file_name("backup.jsonl"), from.with_file_name("to.db"));
    refused(&["export", text(&file), "--state", &url], 2, &none)?;
    refused(&["check", "--state", &url], 2, &none)?;
    refused(&["reseal", "--state", &url], 2, &none)?;
    refused(&["move", &url, text(&to)], 2, &none)?;
    ensure!(!file.exists() && !to.exists());
    drop(imds_kv::Sqlite::open(&from)?);
    refused(&["check", "--state", text(&from)], 2, &["there is no state at", text(&from)])?;
    // A prefix is one name: below one there is no other.
    let nested = url.replace("/mistyped?", "/imds/inner?");
    refused(&["check", "--state", &nested], 2, &["its prefix contains `/`"])
}

fn a_host_that_the_state_does_not_have_is_refused() -> Result<()> {
    let ((directory, from), (_other, to)) = (place()?, place()?);
    stop(start(&from)?)?;
    let etcd = Etcd::start()?;
    let url = sealed(directory.path(), OLD, etcd.address())?;
    let there = report(&["move", text(&from), &url, "--host", "node-1"])?;
    let words = ["of a host node-2", "its hosts are: node-1"];
    refused(&["move", &url, text(&to), "--host", "node-2"], 2, &words)?;
    let file = from.with_file_name("etcd.jsonl");
    report(&["export", text(&file), "--state", &url])?;
    refused(&["import", text(&file), "--state", text(&to), "--host", "node-2"], 2, &words)?;
    ensure!(!to.exists(), "something was written");
    // The state is still there, and goes to the right name.
    ensure!(report(&["move", &url, text(&to), "--host", "node-1"])?["records"] == there["records"]);
    stop(start(&to)?)
}

fn a_state_of_somebody_else_is_out_of_reach() -> Result<()> {
    let (directory, from) = place()?;
    stop(start(&from)?)?;
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
    let script = format!("imds state check --state {}", text(&from));
    let refused = Finished::of(&mut shell_of_nobody(&script))?.expect_code(3)?;
    ensure!(refused.stderr.contains("Permission denied"), "{refused:#?}");
    Ok(())
}

fn names_in(directory: &Path) -> Result<Vec<String>> {
    let mut names: Vec<_> = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}

/// Killed when all is written, and before it has its name.
fn a_killed_export_leaves_no_keys_behind() -> Result<()> {
    let ((_directory, from), (elsewhere, _)) = (place()?, place()?);
    stop(start(&from)?)?;
    let file = elsewhere.path().join("backup.jsonl");
    let mut strace = program("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync"]);
    strace.args(["-e", "inject=fsync:signal=KILL", "--"]).arg(imds().get_program());
    strace.args(["state", "export", text(&file), "--state", text(&from)]);
    let killed = Finished::of(&mut strace)?;
    ensure!(!killed.status.success(), "{killed:#?}");
    let left = names_in(elsewhere.path())?;
    // Where the file system has no files without a name.
    ensure!(left.iter().all(|name| name.starts_with(".imds-export-")), "{left:?}");
    for name in &left {
        let metadata = fs::metadata(elsewhere.path().join(name))?;
        ensure!(metadata.mode() & 0o777 == 0o600, "{name}: {metadata:?}");
    }
    report(&["export", text(&file), "--state", text(&from)])?;
    ensure!(fs::metadata(&file)?.permissions().mode() & 0o777 == 0o600);
    ensure!(fs::metadata(&file)?.nlink() == 1);
    Ok(())
}

fn a_draft_of_another_export_is_named() -> Result<()> {
    let (_directory, from) = place()?;
    stop(start(&from)?)?;
    let (file, draft) =
        (from.with_file_name("backup.jsonl"), from.with_file_name(".imds-export-x"));
    fs::write(&draft, "keys")?;
    let exported = tool(&["export", text(&file), "--state", text(&from)], 0)?;
    ensure!(exported.stderr.contains(text(&draft)), "{exported:#?}");
    ensure!(fs::read_to_string(&draft)? == "keys", "it may be another one's");
    Ok(())
}
