//! etcd is gone for a while: hosts go on, catch up once it is back, and do not overrun it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use testkit::{
    EtcdCluster, Fault, Finished, Need, Result, Server, Trial, bail, ensure, eventually, tests,
};

use super::{ID, ask, fleet_minutes, request, require_tokens, state, write_seal_key};
use crate::instances::run_another;

pub(super) fn tests() -> Vec<Trial> {
    const NEEDS: &[Need] = &[Need::Etcd, Need::Program("ip")];
    let mut trials = tests![NEEDS; hosts_outlast_etcd_and_catch_up];
    // Connections that are silent are noticed after a quarter of a minute.
    if fleet_minutes().is_some() {
        trials.extend(tests![
            NEEDS;
            hosts_outlast_the_network_and_catch_up,
            hosts_outlast_stopped_members_and_catch_up,
        ]);
    }
    trials
}

/// From where hosts are asked that tell instances by their addresses.
const ADDRESS: &str = "172.31.78.11";

/// How many hosts follow all instances, and how many the linked ones.
const HOSTS: (u8, u8) = (3, 3);

/// How long etcd is gone at the least: longer than hosts wait before they say again that they live.
const SHORT: Duration = Duration::from_secs(5);

/// How many tokens and answers each host gives at the least while etcd is gone.
const ROUNDS: usize = 20;

/// How many calls a host may make at the most until it has caught up: of what it needs, each once or twice, and
/// more while members elect a leader.
const CALLS: u64 = 30;

/// How many calls a host makes in a second at the most while members stand still.
const FOUND_A_SECOND: u64 = 2;

/// What a host logs that has lost etcd, and has it again.
const LOST: [&str; 2] =
    ["cannot follow changes of the state", "cannot tell other hosts how far this one has come"];
const FOUND: [&str; 2] =
    ["follows changes of the state again", "other hosts know again how far this one has come"];

/// A host, and from where it is asked about the instance that all of them serve.
struct Host {
    server: Server,
    from: &'static str,
    answers: AtomicUsize,
}

impl Host {
    fn new(server: Server, from: &'static str) -> Self {
        Self { server, from, answers: AtomicUsize::new(0) }
    }

    /// A token, and an answer to whoever has it.
    fn answer(&self, id: &str) -> Result<()> {
        const PUT: &str =
            "PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";
        let token = request(self.server.address(), self.from, PUT)?;
        ensure!(token.status() == 200, "no token: {token:?}");
        let header = format!("X-aws-ec2-metadata-token: {}\r\n", token.text()?);
        let answer = ask(&self.server, self.from, ID, &header)?;
        ensure!(answer.status() == 200 && answer.text()? == id, "{answer:?}");
        self.answers.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Whether it has brought the change into force, and others know that it follows.
    fn has_caught_up(&self) -> bool {
        let obeys = ask(&self.server, self.from, ID, "").is_ok_and(|it| it.status() == 401);
        obeys && self.has_logged(FOUND)
    }

    fn has_logged(&self, all: [&str; 2]) -> bool {
        let messages = self.server.messages();
        all.into_iter().all(|words| messages.contains(words))
    }
}

fn hosts_outlast_etcd_and_catch_up() -> Result<()> {
    hosts_catch_up_after(Fault::Killed)
}

fn hosts_outlast_the_network_and_catch_up() -> Result<()> {
    hosts_catch_up_after(Fault::CutOff)
}

fn hosts_outlast_stopped_members_and_catch_up() -> Result<()> {
    hosts_catch_up_after(Fault::Stopped)
}

fn hosts_catch_up_after(fault: Fault) -> Result<()> {
    let mut cluster = EtcdCluster::start(&[])?;
    let files = TempDir::new()?;
    let key = write_seal_key(files.path())?;
    let hub = cluster.hub().try_clone()?;
    let (hosts, id) = hub.run(|| start_hosts(&cluster, &key))??;
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = hosts
            .iter()
            .map(|host| {
                let (hub, id, is_over) = (&hub, &id, &is_over);
                scope.spawn(move || hub.run(|| use_until_over(host, id, is_over))?)
            })
            .collect();
        let caught_up = outage(fault, &mut cluster, &hosts, &id);
        is_over.store(true, Ordering::SeqCst);
        for client in clients {
            client.join().unwrap_or_else(|_| bail!("a client panicked"))?;
        }
        caught_up
    })
}

/// The hosts, and the instance that all of them serve.
fn start_hosts(cluster: &EtcdCluster, key: &Path) -> Result<(Vec<Host>, String)> {
    Finished::success(testkit::program("ip").args(["address", "add", ADDRESS, "dev", "lo"]))?;
    // Each asks another member first.
    let url = |number: u8| {
        let (members, key) = (cluster.addresses(number % 3), key.display());
        format!("etcd://{members}/fleet?plaintext=allow&seal-key={key}&host=h{number}")
    };
    let all = |number: u8| {
        Server::start(&["--state", &url(number), "--no-auth", "--ami", "al2"])
            .map(|server| Host::new(server, ADDRESS))
    };
    let mut hosts = (0..HOSTS.0).map(all).collect::<Result<Vec<_>>>()?;
    let id = run_another(&hosts[0].server, ADDRESS)?;
    let linked = |number: u8| {
        let (url, listen) = (url(number), format!("--listen=127.0.0.1:0={id}"));
        let usual = ["--state", &url, "--no-auth", "--ami", "al2", "--follow", "linked", &listen];
        Server::start_on(&[], &usual).map(|server| Host::new(server, "127.0.0.1"))
    };
    let linked = (HOSTS.0..HOSTS.0 + HOSTS.1).map(linked).collect::<Result<Vec<_>>>()?;
    hosts.extend(linked);
    eventually("all to serve it", || {
        (state(&hosts[0].server, &id).ok()? == "applied").then_some(())
    })?;
    Ok((hosts, id))
}

fn use_until_over(host: &Host, id: &str, is_over: &AtomicBool) -> Result<()> {
    while !is_over.load(Ordering::SeqCst) {
        host.answer(id)?;
        thread::park_timeout(Duration::from_millis(50));
    }
    Ok(())
}

/// Takes all members away for a while.
fn outage(fault: Fault, cluster: &mut EtcdCluster, hosts: &[Host], id: &str) -> Result<()> {
    let before = cluster.calls()?;
    (0..3).try_for_each(|member| cluster.inflict(fault, member))?;
    let lasted = wait(hosts)?;
    (0..3).try_for_each(|member| cluster.end(fault, member))?;
    cluster.wait_until_one_answers()?;
    let hub = cluster.hub().try_clone()?;
    hub.run(|| catch_up(hosts, id))??;
    let mut calls = cluster.calls()?;
    // Members that start count anew.
    if !matches!(fault, Fault::Killed) {
        for (method, count) in &mut calls {
            *count -= before.get(method).unwrap_or(&0);
        }
    }
    // Members that stood still find what hosts have called since.
    let found = if matches!(fault, Fault::Stopped) { FOUND_A_SECOND * lasted.as_secs() } else { 0 };
    judge(&calls, hosts.len(), CALLS + found)?;
    hub.run(|| {
        eventually("the change to be applied", || {
            (state(&hosts[0].server, id).ok()? == "applied").then_some(())
        })
    })?
}

/// Waits for as long as etcd is to be gone, and says how long that was.
fn wait(hosts: &[Host]) -> Result<Duration> {
    let answers = || hosts.iter().map(|host| host.answers.load(Ordering::SeqCst));
    let least = fleet_minutes().map_or(SHORT, |minutes| Duration::from_secs(60) * minutes / 3);
    let (began, before) = (Instant::now(), answers().collect::<Vec<_>>());
    let more = || answers().zip(&before).map(|(now, before)| now - before).collect::<Vec<_>>();
    while began.elapsed() < least {
        thread::park_timeout(Duration::from_millis(10));
    }
    eventually("each host to answer without etcd, and to miss it", || {
        let answer = more().into_iter().all(|more| more >= ROUNDS);
        (answer && hosts.iter().all(|host| host.has_logged(LOST))).then_some(())
    })?;
    let (lasted, answered) = (began.elapsed(), more().into_iter().sum::<usize>());
    println!("etcd was gone for {lasted:?}: {answered} tokens and answers, none failed");
    Ok(lasted)
}

/// Changes something as soon as that can be done, and waits until each host has caught up.
fn catch_up(hosts: &[Host], id: &str) -> Result<()> {
    let began = Instant::now();
    eventually("a change to be accepted", || require_tokens(&hosts[0].server, id).ok())?;
    println!("the first change was accepted {:?} after etcd was back", began.elapsed());
    eventually("all hosts to have caught up", || {
        hosts.iter().all(Host::has_caught_up).then_some(())
    })?;
    println!("all {} hosts had caught up after {:?}", hosts.len(), began.elapsed());
    for Host { server, .. } in hosts {
        let messages = server.messages();
        ensure!(!messages.contains("cannot read the state"), "it has read all again: {messages}");
    }
    Ok(())
}

/// Fails if hosts made many more calls of etcd than they need.
fn judge(calls: &BTreeMap<String, u64>, hosts: usize, most: u64) -> Result<()> {
    let hosts = u64::try_from(hosts)?;
    let all: u64 = calls.values().sum();
    let some: Vec<_> = calls.iter().filter(|(_, count)| **count > 0).collect();
    println!("{} calls of etcd per host meanwhile, of all hosts: {some:?}", all.div_ceil(hosts));
    ensure!(all > hosts, "this counts the wrong calls: {some:?}");
    ensure!(all <= most * hosts, "{some:?} are too many for {hosts} hosts");
    Ok(())
}
