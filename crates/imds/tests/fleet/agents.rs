//! Many hosts that follow linked instances: what each costs, beside one machine with the same instances.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use imds_kv::{Kv, Transaction};
use tempfile::TempDir;
use testkit::{
    Context as _, EtcdCluster, Need, Result, Server, Trial, bail, ensure, eventually, tests,
};

use super::door::Door;
use super::faults::is_applied;
use super::{ID, ask, write_seal_key};
use crate::api::{call, elements};
use crate::robustness::resident_kib;

pub(super) fn tests() -> Vec<Trial> {
    tests![&[Need::Etcd, Need::Program("ip")]; agents_cost_what_their_own_instances_do]
}

/// How many agents, and how many instances each, as in `20x1000`: set by `cargo xtask fleet agents`.
const SIZE: &str = "IMDS_FLEET_AGENTS";

/// How many callers each API has where launches are counted.
const CALLERS: usize = 4;

/// The most that one call launches.
const AT_ONCE: usize = 1000;

/// How often another host's instance is changed.
const CHANGES: usize = 100;

/// Any address of this machine: the listener says which instance it is.
const HERE: &str = "127.0.0.1";

/// A cluster, the key, and three hosts that follow all.
struct Scene {
    cluster: EtcdCluster,
    files: TempDir,
    apis: Vec<Server>,
}

impl Scene {
    fn start() -> Result<Self> {
        let (cluster, files) = (EtcdCluster::start(&[])?, TempDir::new()?);
        write_seal_key(files.path())?;
        let mut scene = Self { cluster, files, apis: Vec::new() };
        let hub = scene.cluster.hub().try_clone()?;
        let api = |number: u8| {
            let url = scene.url(&scene.cluster.addresses(number), &format!("api-{number}"));
            Server::start(&["--state", &url, "--no-auth", "--ami", "al2"])
        };
        scene.apis = hub.run(|| (0..3).map(api).collect::<Result<_>>())??;
        Ok(scene)
    }

    fn url(&self, members: &str, host: &str) -> String {
        let key = self.files.path().join("seal-key");
        format!("etcd://{members}/fleet?plaintext=allow&seal-key={}&host={host}", key.display())
    }
}

fn agents_cost_what_their_own_instances_do() -> Result<()> {
    let size = std::env::var(SIZE).unwrap_or("2x20".to_owned());
    let size = size.split_once('x').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let (agents, instances): (usize, usize) = size.context("a size such as 20x1000")?;
    let scene = Scene::start()?;
    let hub = scene.cluster.hub().try_clone()?;
    hub.run(|| {
        count_launches(&scene, instances.min(300))?;
        let ids: Vec<_> = (0..agents)
            .map(|number| launch(&scene.apis[number % 3], number, instances))
            .collect::<Result<_>>()?;
        let door = Door::that_hears(
            scene.cluster.addresses(0).split(',').next().context("one")?.parse()?,
        )?;
        let mut running = start_agents(&scene, &door, &ids)?;
        beside_one_machine(scene.files.path(), &mut running, instances)?;
        what_a_neighbour_hears(&scene, &door, &ids)
    })?
}

/// Launches as many instances as an agent is to have, in one of the Region's subnets.
fn launch(api: &Server, number: usize, mut count: usize) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    while count > 0 {
        let some = count.min(AT_ONCE);
        // Hosts' default instances are in us-east-1a.
        let zone = ["b", "c", "d", "e", "f"][number % 5];
        let parameters = format!(
            "ImageId=ami-025c74f0395f660ea&MinCount={some}&MaxCount={some}&\
             MetadataOptions.HttpTokens=optional&Placement.AvailabilityZone=us-east-1{zone}"
        );
        let launched = call(api.control(), "RunInstances", &parameters)?;
        ids.extend(elements(&launched, "instanceId").into_iter().map(str::to_owned));
        count -= some;
    }
    Ok(ids)
}

/// Launches by as many callers as there are, through three APIs, and transactions of etcd by as many.
fn count_launches(scene: &Scene, count: usize) -> Result<()> {
    let hub = scene.cluster.hub();
    let rate = |work: &(dyn Fn(usize) -> Result<()> + Sync)| {
        let began = Instant::now();
        thread::scope(|scope| {
            let callers: Vec<_> = (0..3 * CALLERS)
                .map(|caller| {
                    scope.spawn(move || {
                        hub.run(|| {
                            (caller..count).step_by(3 * CALLERS).try_for_each(|_| work(caller))
                        })?
                    })
                })
                .collect();
            callers.into_iter().try_for_each(|it| it.join().unwrap_or_else(|_| bail!("a panic")))
        })?;
        Ok::<_, testkit::Error>(per_second(count, began.elapsed()))
    };
    let launches = rate(&|caller| launch(&scene.apis[caller % 3], caller, 1).map(drop))?;
    let open = |first: u8| imds_kv::open(scene.url(&scene.cluster.addresses(first), "probe"));
    let clients: Vec<Arc<dyn Kv>> = (0..3).map(open).collect::<Result<_, _>>()?;
    // As many keys as a launch writes, and as long ones.
    let commit = |caller: usize| {
        let keys = (0..6).map(|key| format!("probe/{caller}/{key}"));
        let all = keys.fold(Transaction::new(), |all, key| all.put(key, vec![7; 500]));
        Ok(clients[caller % 3].commit(all).map(drop)?)
    };
    let transactions = rate(&commit)?;
    println!(
        "{} callers: {launches} launches per second through three APIs, of one instance each; {transactions} \
         transactions per second of as many keys",
        3 * CALLERS
    );
    Ok(())
}

fn per_second(count: usize, time: Duration) -> u128 {
    count as u128 * 1_000_000 / time.as_micros().max(1)
}

/// What says that a listener is for each of these instances.
fn listeners(ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| format!("--listen=127.0.0.1:0={id}")).collect()
}

/// One agent for each of these sets of instances; the last one through a door.
fn start_agents(scene: &Scene, door: &Door, ids: &[Vec<String>]) -> Result<Vec<Server>> {
    let (mut running, mut times) = (Vec::new(), Vec::new());
    for (number, own) in ids.iter().enumerate() {
        let is_last = number + 1 == ids.len();
        let members = if is_last { door.address().to_string() } else { scene.cluster.addresses(0) };
        let (url, listen) = (scene.url(&members, &format!("agent-{number}")), listeners(own));
        let usual = ["--state", &url, "--no-auth", "--ami", "al2", "--follow", "linked"];
        let arguments: Vec<_> =
            usual.into_iter().chain(listen.iter().map(String::as_str)).collect();
        let began = Instant::now();
        let agent = Server::start_on(&[], &arguments)?;
        times.push(began.elapsed());
        ensure!(ask(&agent, HERE, ID, "")?.text()? == own[0], "it serves another instance");
        running.push(agent);
    }
    times.sort_unstable();
    let (half, most) = (times[times.len() / 2], times[times.len() - 1]);
    println!("{} agents: a start takes {half:?} (median), {most:?} at the most", ids.len());
    Ok(running)
}

/// Memory of agents, and of `serve` on SQLite that has as many instances.
fn beside_one_machine(directory: &Path, agents: &mut [Server], instances: usize) -> Result<()> {
    let state = directory.join("state.db").display().to_string();
    let usual = ["--no-auth", "--ami", "al2", "--state", &state];
    let mut first = Server::start(&usual)?;
    let listen = listeners(&launch(&first, 0, instances)?);
    first.process().signal("TERM")?;
    first.process().ended()?;
    let arguments: Vec<_> = usual.into_iter().chain(listen.iter().map(String::as_str)).collect();
    let began = Instant::now();
    let mut alone = Server::start_on(&[], &arguments)?;
    let (time, alone) = (began.elapsed(), resident_kib(&mut alone)?);
    let mut all = agents.iter_mut().map(resident_kib).collect::<Result<Vec<_>>>()?;
    all.sort_unstable();
    let half = all[all.len() / 2];
    println!(
        "memory with {instances} instances: {half} KiB an agent (median), {alone} KiB on SQLite: {} %; its \
         start takes {time:?}",
        half * 100 / alone
    );
    Ok(())
}

/// What the last agent receives while an instance of the first one changes.
fn what_a_neighbour_hears(scene: &Scene, door: &Door, ids: &[Vec<String>]) -> Result<()> {
    let [first, .., last] = ids else { bail!("two agents at the least") };
    let (api, before, began) = (&scene.apis[0], door.heard().len(), Instant::now());
    for change in 0..CHANGES {
        let tokens = if change % 2 == 0 { "required" } else { "optional" };
        let parameters = format!("InstanceId={}&HttpTokens={tokens}", first[0]);
        call(api.control(), "ModifyInstanceMetadataOptions", &parameters)?;
    }
    eventually("the changes to be applied", || is_applied(api, &first[0]).then_some(()))?;
    let (time, heard) = (began.elapsed(), door.heard());
    let bytes = heard.len() - before;
    println!(
        "{CHANGES} changes of another host's instance in {time:?}: {bytes} bytes received by its neighbour, \
         which renews its lease meanwhile"
    );
    let is_named = |id: &str| heard.windows(id.len()).any(|bytes| bytes == id.as_bytes());
    ensure!(!is_named(&first[0]), "it received something of another host's instance");
    ensure!(is_named(&last[0]), "keys have names");
    Ok(())
}
