//! State that an earlier release wrote: what calls had changed is still so.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use imds_kv::{Kv as _, Transaction};
use tempfile::TempDir;
use testkit::{Context as _, Finished, Result, Server, Trial, ensure, imds, tests};

use crate::api::{call, element, elements};
use crate::populated::{KEY_ID, SECRET, populate};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[];
        what_calls_changed_outlives_an_upgrade,
        other_flags_still_launch_it_anew,
        one_unreadable_record_concerns_its_instance_alone,
        everything_that_calls_made_outlives_an_upgrade,
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

/// Each volume and each network interface by its id, and what is on an instance is shown there.
fn what_instances_have_is_found(api: SocketAddr) -> Result<()> {
    for (plural, one, name) in [
        ("DescribeVolumes", "VolumeId.1", "volumeId"),
        ("DescribeNetworkInterfaces", "NetworkInterfaceId.1", "networkInterfaceId"),
    ] {
        let all = call(api, plural, "")?;
        let ids: BTreeSet<_> = elements(&all, name).into_iter().collect();
        ensure!(ids.len() >= 5, "{all}");
        for id in ids {
            let found = call(api, plural, &format!("{one}={id}"))?;
            ensure!(element(&found, name)? == id, "{found}");
        }
    }
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

/// The newest state with something of everything. `IMDS_TEST_RECORD=1` makes it anew: only for a release
/// whose records or file format differ, in a folder of its own.
const POPULATED: &str = "0.2.0-dev/populated.db";

fn record_populated(place: &Path) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("state.db");
    let mut server = start(&file, &[])?;
    populate(&server, &file)?;
    server.process().signal("TERM")?;
    server.process().ended()?;
    // Moves the log into the file.
    drop(imds_kv::Sqlite::open(&file)?);
    fs::create_dir_all(place.parent().context("a folder")?)?;
    fs::copy(&file, place).map(drop).context("cannot record")
}

fn everything_that_calls_made_outlives_an_upgrade() -> Result<()> {
    if std::env::var_os("IMDS_TEST_RECORD").is_some() {
        let releases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/upgrade");
        record_populated(&releases.join(POPULATED))?;
    }
    let (_directory, file) = copy(POPULATED)?;
    let check = |file: &Path| {
        let mut check = imds();
        check.args(["state", "check", "--state"]).arg(file);
        Finished::success(&mut check)
    };
    let checked = check(&file)?.stdout;
    ensure!(checked.contains("can be read") && !checked.contains("not known"), "{checked}");
    // The second start is on state that this release has written.
    for _ in 0..2 {
        let mut server = start(&file, &[])?;
        let api = server.control();
        let found = call(api, "DescribeInstances", "")?;
        let mut states = elements(&found, "instanceState");
        states.retain(|state| state.contains("running"));
        // The default one, two that were launched, and two of the fleet.
        ensure!(states.len() == 5 && found.contains("<name>stopped</name>"), "{found}");
        for part in [
            "<keyName>mine</keyName>",
            "<key>Name</key><value>web</value>",
            "<httpPutResponseHopLimit>9<",
            "<clientToken>once</clientToken>",
            "<capacityReservationPreference>none<",
        ] {
            ensure!(found.contains(part), "no {part} in {found}");
        }
        for (action, parameters, part) in [
            ("DescribeVolumes", "", "<size>20</size>"),
            ("DescribeKeyPairs", "", "<keyType>ed25519</keyType>"),
            ("DescribeNetworkInterfaces", "", "<status>available</status>"),
            ("DescribeLaunchTemplates", "", "<latestVersionNumber>2<"),
            ("DescribeLaunchTemplateVersions", "LaunchTemplateName=two-hops", "t3.nano"),
            ("DescribeImages", "Owner.1=self", "<name>mine</name>"),
            ("GetInstanceMetadataDefaults", "", "<httpPutResponseHopLimit>3<"),
        ] {
            let answer = call(api, action, parameters)?;
            ensure!(answer.contains(part), "no {part} in {answer}");
        }
        what_instances_have_is_found(api)?;
        server.process().signal("TERM")?;
        server.process().ended()?;
    }
    // The access key signs with the secret that was made up for it.
    let mut server = Server::start(&["--state", file.to_str().context("a path in UTF-8")?])?;
    let mut list = imds();
    list.args(["instance", "list", "--json"])
        .env("AWS_ENDPOINT_URL_EC2", format!("http://{}", server.control()))
        .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", KEY_ID)])
        .env("AWS_SECRET_ACCESS_KEY", SECRET);
    let listed = Finished::success(&mut list)?.stdout;
    ensure!(listed.matches("\"InstanceId\"").count() == 6, "{listed}");
    server.process().signal("TERM")?;
    server.process().ended().map(drop)
}
