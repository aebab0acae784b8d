//! State that an earlier release wrote: what calls had changed is still so.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use imds_kv::{Kv as _, Transaction};
use tempfile::TempDir;
use testkit::{Context as _, Result, Server, Trial, ensure, tests};

use crate::api::{call, element, elements};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[];
        what_calls_changed_outlives_an_upgrade,
        other_flags_still_launch_it_anew,
        one_unreadable_record_concerns_its_instance_alone,
    ]
}

/// The flags that `options.db` was made with.
const OPTIONS: [&str; 8] = [
    "--instance-id",
    "i-0123456789abcdef0",
    "--hop-limit",
    "2",
    "--role",
    "my-role",
    "--tag",
    "Name=web-1",
];

/// A copy of a release's file.
fn copy(name: &str) -> Result<(TempDir, PathBuf)> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("state.db");
    let releases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade");
    fs::copy(releases.join(name), &path)?;
    // As that release left it; a repository does not keep this.
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok((directory, path))
}

fn start(file: &Path, flags: &[&str]) -> Result<Server> {
    let file = file.to_str().context("a path in UTF-8")?;
    Server::start(&[&["--no-auth", "--state", file], flags].concat())
}

fn what_calls_changed_outlives_an_upgrade() -> Result<()> {
    let (_directory, file) = copy("0.1.0/plain.db")?;
    // The second start is on state that this release has written.
    for start_number in [1, 2] {
        let server = start(&file, &[])?;
        let found = call(server.control(), "DescribeInstances", "")?;
        let limit = element(&found, "httpPutResponseHopLimit")?;
        ensure!(limit == "7", "start {start_number}: {limit}");
    }

    let (_directory, file) = copy("0.1.0/options.db")?;
    for _ in 0..2 {
        let mut server = start(&file, &OPTIONS)?;
        let found =
            call(server.control(), "DescribeInstances", "InstanceId.1=i-0123456789abcdef0")?;
        ensure!(element(&found, "httpPutResponseHopLimit")? == "5", "{found}");
        ensure!(found.contains("<key>Stage</key><value>test</value>"), "{found}");
        let all = call(server.control(), "DescribeInstances", "")?;
        ensure!(elements(&all, "reservationId").len() == 2, "{all}");
        let templates = call(server.control(), "DescribeLaunchTemplates", "")?;
        ensure!(element(&templates, "launchTemplateName")? == "two-hops", "{templates}");
        let id = server.request("GET", "/latest/meta-data/instance-id", &[])?;
        ensure!(id.body == b"i-0123456789abcdef0", "tokens are required again: {id:?}");
        server.process().signal("TERM")?;
        server.process().ended()?;
    }
    Ok(())
}

fn other_flags_still_launch_it_anew() -> Result<()> {
    let (_directory, file) = copy("0.1.0/plain.db")?;
    let server = start(&file, &["--hop-limit", "3"])?;
    let found = call(server.control(), "DescribeInstances", "")?;
    ensure!(element(&found, "httpPutResponseHopLimit")? == "3", "{found}");
    Ok(())
}

/// As a later release could have left it, or a damaged disk.
fn one_unreadable_record_concerns_its_instance_alone() -> Result<()> {
    const NEIGHBOUR: &str = "i-0123456789abcdef0";
    for bytes in ["{\"version\":999,\"record\":{}}", "not a record"] {
        let (_directory, file) = copy("0.1.0/options.db")?;
        let key = {
            let kv = imds_kv::Sqlite::open(&file)?;
            let listing = kv.list("instances/")?;
            let mut keys = listing.entries.iter().map(|entry| &entry.key);
            let key = keys.find(|key| !key.ends_with(NEIGHBOUR)).context("two instances")?.clone();
            kv.commit(Transaction::new().put(&key, bytes))?;
            key
        };
        let server = start(&file, &OPTIONS)?;
        let all = call(server.control(), "DescribeInstances", "")?;
        ensure!(elements(&all, "instanceId") == [NEIGHBOUR], "{key}: {all}");
        let change = format!("InstanceId={NEIGHBOUR}&HttpPutResponseHopLimit=9");
        call(server.control(), "ModifyInstanceMetadataOptions", &change)?;
        let id = server.request("GET", "/latest/meta-data/instance-id", &[])?;
        ensure!(id.body == NEIGHBOUR.as_bytes(), "{id:?}");
        let log = server.messages();
        ensure!(log.contains(&key) && log.contains("cannot be read"), "{log}");
    }
    Ok(())
}
