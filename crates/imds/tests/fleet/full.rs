//! etcd whose database is full.

use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Context as _, Etcd, Need, Result, Server, Trial, ensure, eventually, tests};

use super::{Fleet, ID, ask, launch, require_tokens, state, write_seal_key};
use crate::api::{self, call, element};

pub(super) fn tests() -> Vec<Trial> {
    tests![&[Need::Etcd, Need::Program("ip")]; hosts_go_on_while_the_database_is_full]
}

const ADDRESS: &str = "172.31.78.13";

/// How long a host's lease lasts after it was kept alive, and a little more.
const LEASE: Duration = Duration::from_secs(16);

/// How many bytes the database may have.
const QUOTA: &str = "--quota-backend-bytes=2000000";

/// Fills the database with one key of somebody else, until etcd refuses.
fn fill(etcd: &Etcd) -> Result<()> {
    let put =
        json!({ "key": STANDARD.encode("other"), "value": STANDARD.encode(vec![7_u8; 100_000]) });
    let is_full = (0..100).any(|_| etcd.call("/v3/kv/put", &put).is_err());
    ensure!(is_full, "it is never full");
    let alarms = etcd.call("/v3/maintenance/alarm", &json!({}))?;
    ensure!(alarms["alarms"][0]["alarm"] == "NOSPACE", "{alarms}");
    Ok(())
}

/// Makes room, as an operator does.
fn make_room(etcd: &Etcd) -> Result<()> {
    etcd.compact()?;
    etcd.call("/v3/maintenance/defragment", &json!({}))?;
    let disarm = |alarm: &Value| {
        let body =
            json!({ "action": "DEACTIVATE", "alarm": "NOSPACE", "memberID": alarm["memberID"] });
        etcd.call("/v3/maintenance/alarm", &body).map(drop)
    };
    let alarms = etcd.call("/v3/maintenance/alarm", &json!({}))?;
    alarms["alarms"].as_array().context("no alarm")?.iter().try_for_each(disarm)
}

/// A host sees a change, which etcd takes as it makes room, and cannot say so: others wait for it, so it goes on.
fn has_its_lease_though_it_cannot_report(fleet: &Fleet, host: &Server, id: &str) -> Result<()> {
    let key = STANDARD.encode(format!("fleet/tags/us-east-1/{id}"));
    let deleted = fleet.etcd.call("/v3/kv/deleterange", &json!({ "key": key }))?;
    ensure!(deleted["deleted"] == "1", "{deleted}");
    eventually("the host not to be able to report", || {
        host.messages().contains("cannot tell other hosts how far this one has come").then_some(())
    })?;
    let began = Instant::now();
    while began.elapsed() < LEASE {
        let answer = ask(host, ADDRESS, ID, "")?;
        ensure!(answer.status() == 200, "after {:?}: {answer:?}", began.elapsed());
        thread::park_timeout(Duration::from_millis(100));
    }
    Ok(())
}

fn hosts_go_on_while_the_database_is_full() -> Result<()> {
    let (etcd, files) = (Etcd::start_with(&[QUOTA])?, TempDir::new()?);
    write_seal_key(files.path())?;
    let fleet = Fleet { etcd, files };
    let other = fleet.host_by("other", fleet.etcd.address(), &["--when-cut-off", "refuse"]);
    let (one, other) = (fleet.host("one")?, other?);
    let id = launch(&one, ADDRESS)?;
    let tag = format!("ResourceId.1={id}&Tag.1.Key=Stage&Tag.1.Value=test");
    call(one.control(), "CreateTags", &tag)?;
    eventually("both to serve it", || (state(&one, &id).ok()? == "applied").then_some(()))?;

    fill(&fleet.etcd)?;
    for host in [&one, &other] {
        ensure!(ask(host, ADDRESS, ID, "")?.status() == 200);
        let described = call(host.control(), "DescribeInstances", &format!("InstanceId.1={id}"))?;
        ensure!(element(&described, "instanceId")? == id);
        let parameters = format!("InstanceId={id}&HttpTokens=required");
        let refused = api::ask(host.control(), "ModifyInstanceMetadataOptions", &parameters)?;
        let document = refused.text()?;
        ensure!(refused.status() >= 500, "{document}");
        ensure!(
            document.contains("whether the request was carried out is not known"),
            "{document}"
        );
    }
    has_its_lease_though_it_cannot_report(&fleet, &other, &id)?;
    make_room(&fleet.etcd)?;
    eventually("changes to be made again", || require_tokens(&one, &id).ok())?;
    eventually("both to follow", || (state(&one, &id).ok()? == "applied").then_some(()))?;
    for host in [&one, &other] {
        ensure!(ask(host, ADDRESS, ID, "")?.status() == 401, "it was applied");
    }
    Ok(())
}
