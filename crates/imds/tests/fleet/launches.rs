//! Launches of more instances than one transaction of etcd can write.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_account::Store;
use imds_account::clock::unix_ms;
use imds_account::sweep::Sweeper;
use serde_json::json;
use testkit::http::Response;
use testkit::{Context as _, Need, Result, Server, Trial, bail, ensure, eventually, tests};

use super::{Fleet, fleet_minutes, state};
use crate::api::{self, call, element, elements};

pub(super) fn tests() -> Vec<Trial> {
    tests![
        &[Need::Etcd];
        many_instances_are_launched_as_one,
        nothing_is_left_of_a_launch_whose_host_dies,
        what_a_dead_host_has_launched_is_swept,
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

    /// The keys of the account in etcd: all but those that say which hosts live, and whose turn it is.
    fn account(&self) -> Result<BTreeSet<String>> {
        const OF_HOSTS: [&str; 4] = ["host-claims/", "notices/", "turns/", "watermarks/"];
        let keys = self.keys()?.into_iter();
        Ok(keys.filter(|key| !OF_HOSTS.iter().any(|prefix| key.starts_with(prefix))).collect())
    }

    fn has(&self, key: &str) -> Result<bool> {
        Ok(self.keys()?.contains(key))
    }

    /// All keys that etcd has of the fleet, without its prefix.
    fn keys(&self) -> Result<BTreeSet<String>> {
        let [key, end] = ["fleet/", "fleet0"].map(|key| STANDARD.encode(key));
        let range = json!({ "key": key, "range_end": end, "keys_only": true });
        let found = self.etcd.call("/v3/kv/range", &range)?;
        let pairs = found["kvs"].as_array().context("no keys")?.iter();
        let keys = pairs.map(|pair| {
            let key = STANDARD.decode(pair["key"].as_str().context("no key")?)?;
            Ok(String::from_utf8(key)?.trim_start_matches("fleet/").to_owned())
        });
        keys.collect()
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

/// Kills a host while it launches, with this many records written at the least.
fn kill_while_it_launches(
    fleet: &Fleet,
    host: &mut Server,
    other: &Server,
    token: &str,
    least: usize,
) -> Result<()> {
    let (before, records, api) = (instances(other)?, fleet.records()?, host.control());
    thread::scope(|scope| {
        let launch = scope.spawn(|| api::ask(api, "RunInstances", &parameters(token)));
        eventually("some of it to be written", || {
            (fleet.records().ok()? >= records + least).then_some(())
        })?;
        host.process().signal("STOP")?;
        let part = fleet.records()? - records;
        ensure!(instances(other)? == before, "{part} of a launch are seen");
        host.process().signal("KILL")?;
        host.process().ended()?;
        ensure!(launch.join().is_ok_and(|it| it.is_err()), "it had {part} of {COUNT}");
        println!("died with {part} of {COUNT}");
        Ok(())
    })
}

/// Its host dies at one moment or another, with some of it written.
fn nothing_is_left_of_a_launch_whose_host_dies() -> Result<()> {
    let fleet = Fleet::start()?;
    let other = fleet.host("other")?;
    for (nth, least) in [1, COUNT / 4, COUNT / 2].into_iter().enumerate() {
        let mut one = fleet.host("one")?;
        let (before, token) = (instances(&other)?, format!("launch-{nth}"));
        kill_while_it_launches(&fleet, &mut one, &other, &token, least)?;
        ensure!(instances(&other)? == before, "a part is seen");
        // The same call again launches all of them, whatever is left.
        let made = launch(&other, &token)?;
        let all = instances(&other)?;
        ensure!(made.len() == COUNT && all.len() == before.len() + COUNT, "{}", all.len());
        ensure!(all.is_superset(&made) && launch(&other, &token)? == made);
    }
    Ok(())
}

/// Of a launch whose host died nothing is left in etcd once the sweep was there. `cargo xtask fleet` waits for that
/// of another host, after that of the dead one has had its turn; else it is the sweep alone that has its minutes at once.
fn what_a_dead_host_has_launched_is_swept() -> Result<()> {
    let fleet = Fleet::start()?;
    let mut one = fleet.host("one")?;
    if fleet_minutes().is_some() {
        wait(MINUTE * 2, "the first host to have the turn", || fleet.has("turns/sweep"))?;
    }
    let other = fleet.host("other")?;
    let before = fleet.account()?;
    kill_while_it_launches(&fleet, &mut one, &other, "swept", COUNT / 2)?;
    let part: BTreeSet<_> = fleet.account()?.difference(&before).cloned().collect();
    let parts: BTreeSet<_> =
        part.iter().filter(|key| !key.starts_with("launches/")).cloned().collect();
    let addresses: Vec<_> = parts.iter().filter_map(|key| key.strip_prefix("addresses/")).collect();
    ensure!(addresses.len() >= COUNT / 2, "{part:?}");
    let (first, last) = (addresses[0], addresses[addresses.len() - 1]);
    for address in [first, last] {
        let refused = launch_at(&other, address)?;
        ensure!(refused.status() == 400, "{refused:?}");
        ensure!(element(&refused.text()?, "Code")? == "InvalidIPAddress.InUse", "{refused:?}");
    }

    let began = Instant::now();
    if fleet_minutes().is_some() {
        // The turn of the host that died lasts three minutes.
        let is_undone = || Ok(fleet.account()?.is_disjoint(&parts));
        wait(MINUTE * 7, "its instances and addresses to be gone", is_undone)?;
        println!("its instances and addresses were gone after {:?}", began.elapsed());
        wait(MINUTE * 4, "nothing to be left of it", || Ok(fleet.account()? == before))?;
    } else {
        let mut sweeper = Sweeper::new(Store::new(imds_kv::open(fleet.url("sweeper"))?));
        // It sees the launch, undoes it, sees that, and forgets it.
        (0..4).try_for_each(|_| sweeper.sweep(unix_ms() / 1000))?;
    }
    let after = fleet.account()?;
    ensure!(after == before, "{:?}", after.symmetric_difference(&before));
    println!("{} keys of it were gone after {:?}", part.len(), began.elapsed());
    for address in [first, last] {
        let launched = launch_at(&other, address)?;
        ensure!(launched.status() == 200, "{launched:?}");
    }
    // The same call again launches all of them.
    ensure!(launch(&other, "swept")?.len() == COUNT);
    Ok(())
}

const MINUTE: Duration = Duration::from_secs(60);

/// Waits for what takes minutes.
fn wait(most: Duration, what: &str, is_so: impl Fn() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !is_so()? {
        ensure!(began.elapsed() < most, "waited {most:?} in vain: {what}");
        thread::park_timeout(Duration::from_millis(200));
    }
    Ok(())
}

/// Launches one instance at an address.
fn launch_at(host: &Server, address: &str) -> Result<Response> {
    let parameters =
        format!("ImageId=ami-025c74f0395f660ea&MinCount=1&MaxCount=1&PrivateIpAddress={address}");
    api::ask(host.control(), "RunInstances", &parameters)
}
