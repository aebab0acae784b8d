//! Launches of more instances than one transaction of etcd can write.

use std::collections::BTreeSet;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use testkit::{Need, Result, Server, Trial, bail, ensure, eventually, tests};

use super::{Fleet, state};
use crate::api::{self, call, elements};

pub(super) fn tests() -> Vec<Trial> {
    tests![
        &[Need::Etcd];
        many_instances_are_launched_as_one,
        nothing_is_left_of_a_launch_whose_host_dies,
    ]
}

/// How many instances a call launches: dozens of transactions.
const COUNT: usize = 250;

fn parameters(token: &str) -> String {
    format!("ImageId=ami-025c74f0395f660ea&MinCount=1&MaxCount={COUNT}&ClientToken={token}")
}

/// The ids of what a host launches.
fn launch(host: &Server, token: &str) -> Result<BTreeSet<String>> {
    let launched = call(host.control(), "RunInstances", &parameters(token))?;
    Ok(elements(&launched, "instanceId").into_iter().map(str::to_owned).collect())
}

/// The ids of all instances, as a host lists them.
fn instances(host: &Server) -> Result<BTreeSet<String>> {
    let all = call(host.control(), "DescribeInstances", "")?;
    Ok(elements(&all, "instanceId").into_iter().map(str::to_owned).collect())
}

impl Fleet {
    /// How many instances have a record.
    fn records(&self) -> Result<usize> {
        let [key, end] = ["fleet/instances/", "fleet/instances0"].map(|key| STANDARD.encode(key));
        let range = json!({ "key": key, "range_end": end, "count_only": true });
        let found = self.etcd.call("/v3/kv/range", &range)?;
        Ok(found["count"].as_str().map_or(Ok(0), str::parse)?)
    }
}

fn many_instances_are_launched_as_one() -> Result<()> {
    let fleet = Fleet::start()?;
    let (one, other) = (fleet.host("one")?, fleet.host("other")?);
    let before = instances(&other)?.len();
    let (first, again, seen) = thread::scope(|scope| {
        let [first, again] = [&one, &other].map(|host| scope.spawn(|| launch(host, "many")));
        let mut seen = BTreeSet::new();
        while !(first.is_finished() && again.is_finished()) {
            seen.insert(instances(&other)?.len());
        }
        let [first, again] = [first, again].map(|launch| match launch.join() {
            Ok(launched) => launched,
            Err(_) => bail!("a launch panicked"),
        });
        Ok::<_, testkit::Error>((first?, again?, seen))
    })?;
    ensure!(first.len() == COUNT && first == again, "{} and {}", first.len(), again.len());
    ensure!(seen.iter().all(|it| [before, before + COUNT].contains(it)), "{before}: {seen:?}");
    ensure!(instances(&one)?.len() == before + COUNT && fleet.records()? == before + COUNT);
    for id in [first.first(), first.last()].into_iter().flatten() {
        for host in [&one, &other] {
            eventually("all hosts to serve it", || {
                (state(host, id).ok()? == "applied").then_some(())
            })?;
        }
    }
    // Another host's next launch has addresses of its own.
    ensure!(launch(&other, "more")?.is_disjoint(&first));
    Ok(())
}

/// Its host dies at one moment or another, with some of it written.
fn nothing_is_left_of_a_launch_whose_host_dies() -> Result<()> {
    let fleet = Fleet::start()?;
    let other = fleet.host("other")?;
    for (nth, least) in [1, COUNT / 4, COUNT / 2].into_iter().enumerate() {
        let mut one = fleet.host("one")?;
        let (before, records) = (instances(&other)?, fleet.records()?);
        let (api, token) = (one.control(), format!("launch-{nth}"));
        let launched = thread::scope(|scope| {
            let launch = scope.spawn(|| api::ask(api, "RunInstances", &parameters(&token)));
            eventually("some of it to be written", || {
                (fleet.records().ok()? >= records + least).then_some(())
            })?;
            one.process().signal("STOP")?;
            let part = fleet.records()? - records;
            ensure!(instances(&other)? == before, "{part} of a launch are seen");
            one.process().signal("KILL")?;
            one.process().ended()?;
            ensure!(launch.join().is_ok_and(|it| it.is_err()), "it had {part} of {COUNT}");
            println!("died with {part} of {COUNT}");
            Ok::<_, testkit::Error>(())
        });
        launched?;
        ensure!(instances(&other)? == before, "a part is seen");
        // The same call again launches all of them, whatever is left.
        let made = launch(&other, &token)?;
        let all = instances(&other)?;
        ensure!(made.len() == COUNT && all.len() == before.len() + COUNT, "{}", all.len());
        ensure!(all.is_superset(&made) && launch(&other, &token)? == made);
    }
    Ok(())
}
