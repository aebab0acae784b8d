//! What is left of a host whose start fails.

use serde_json::Value;
use testkit::{Context as _, Finished, Need, Result, Server, Trial, ensure, imds, tests};

use super::Fleet;
use crate::api::{call, elements};

pub(super) fn tests() -> Vec<Trial> {
    tests![&[Need::Etcd]; a_host_that_never_started_leaves_nothing]
}

/// The names of all hosts, as one of them lists them.
fn hosts(fleet: &Fleet, host: &Server) -> Result<Vec<String>> {
    let endpoint = format!("http://{}", host.control());
    let mut list = imds();
    list.args(["host", "list", "--json", "--state", &fleet.url("one")]);
    let listed = Finished::success(list.env("AWS_ENDPOINT_URL_EC2", endpoint))?.stdout;
    let listed: Vec<Value> = serde_json::from_str(&listed)?;
    let names = listed.iter().map(|host| host["name"].as_str().map(str::to_owned));
    names.collect::<Option<_>>().context("each has a name")
}

fn instances(host: &Server) -> Result<Vec<String>> {
    let document = call(host.control(), "DescribeInstances", "")?;
    Ok(elements(&document, "instanceId").into_iter().map(str::to_owned).collect())
}

/// Starts a host with more faults than there may be: it has its name and its default instance by then.
fn start_in_vain(fleet: &Fleet, name: &str) -> Result<()> {
    let faults = ["--fault", "identity,latency=1ms"].repeat(101);
    let mut serve = imds();
    serve.args(["serve", "--listen=127.0.0.1:0", "--control=off", "--state", &fleet.url(name)]);
    let failed = Finished::of(serve.args(faults))?.expect_code(2)?;
    ensure!(failed.stderr.contains("100 faults"), "{failed:#?}");
    Ok(())
}

fn a_host_that_never_started_leaves_nothing() -> Result<()> {
    let fleet = Fleet::start()?;
    let one = fleet.host("one")?;
    let (names, before) = (hosts(&fleet, &one)?, instances(&one)?);
    start_in_vain(&fleet, "new")?;
    ensure!(hosts(&fleet, &one)? == names, "{:?}", hosts(&fleet, &one));
    ensure!(instances(&one)? == before, "{:?}", instances(&one));

    // One that has served before has what it had.
    let mut other = fleet.host("other")?;
    let (names, before) = (hosts(&fleet, &one)?, instances(&one)?);
    other.process().signal("TERM")?;
    other.process().ended()?;
    start_in_vain(&fleet, "other")?;
    ensure!(hosts(&fleet, &one)? == names, "{:?}", hosts(&fleet, &one));
    ensure!(instances(&one)? == before, "{:?}", instances(&one));
    Ok(())
}
