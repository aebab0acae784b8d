//! etcd whose database is full.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Context as _, Etcd, Need, Result, Trial, ensure, eventually, tests};

use super::{Fleet, ID, ask, launch, require_tokens, state, write_seal_key};
use crate::api::{self, call, element};

pub(super) fn tests() -> Vec<Trial> {
    tests![&[Need::Etcd, Need::Program("ip")]; hosts_go_on_while_the_database_is_full]
}

/// How many bytes the database may have.
const QUOTA: &str = "--quota-backend-bytes=2000000";

/// Fills the database with one key of somebody else, until etcd refuses.
fn fill(etcd: &Etcd) -> Result<()> {
    let put = json!({ "key": STANDARD.encode("other"), "value": STANDARD.encode([7; 100_000]) });
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

fn hosts_go_on_while_the_database_is_full() -> Result<()> {
    const ADDRESS: &str = "172.31.78.13";
    let (etcd, files) = (Etcd::start_with(&[QUOTA])?, TempDir::new()?);
    write_seal_key(files.path())?;
    let fleet = Fleet { etcd, files };
    let (one, other) = (fleet.host("one")?, fleet.host("other")?);
    let id = launch(&one, ADDRESS)?;
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
    make_room(&fleet.etcd)?;
    eventually("changes to be made again", || require_tokens(&one, &id).ok())?;
    eventually("both to follow", || (state(&one, &id).ok()? == "applied").then_some(()))?;
    for host in [&one, &other] {
        ensure!(ask(host, ADDRESS, ID, "")?.status() == 401, "it was applied");
    }
    Ok(())
}
