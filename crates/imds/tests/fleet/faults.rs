//! Three EC2 APIs on three members, each in a network namespace of its own, while members are killed, stopped,
//! cut off and slowed down, their disks are full, and the hosts' clocks differ: what callers are told is
//! linearizable, what is acknowledged is not lost, and what is applied is obeyed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use stateright::semantics::register::{RegisterOp, RegisterRet};
use tempfile::TempDir;
use testkit::{
    Context as _, EtcdCluster, Fault, Finished, Need, Result, Server, Trial, bail, ensure,
    eventually, tests,
};

use super::clocks::Clocks;
use super::figures::print_figures;
use super::history::{History, Value};
use super::{ID, ask, fleet_minutes, state, write_seal_key};
use crate::api::{self, call, element, elements};

pub(super) fn tests() -> Vec<Trial> {
    const NEEDS: &[Need] = &[
        Need::Etcd,
        Need::Program("ip"),
        Need::Program("tc"),
        Need::Program("cc"),
        Need::Program("nsenter"),
    ];
    tests![NEEDS; what_three_apis_say_is_linearizable]
}

/// How many callers each API has.
const CALLERS: usize = 6;

/// How many operations each caller must have carried out in a phase.
const OPERATIONS: usize = 8;

/// How many instances are changed and read in a phase.
const REGISTERS: usize = 8;

/// The hop limit with which instances are launched.
const INITIAL: Value = 1;

/// Where the instance is that tells whether what is applied is obeyed.
const ADDRESS: &str = "172.31.78.9";

/// By how many seconds the hosts' clocks are ahead.
const AHEAD: [i32; 3] = [0, 30, -30];

/// What callers share.
#[derive(Default)]
struct Board {
    history: History,
    /// The instances of this phase.
    registers: Mutex<Vec<String>>,
    /// Tags and launches that were acknowledged: resource and key, or an instance alone.
    tags: Mutex<BTreeSet<(String, String)>>,
    launches: Mutex<BTreeSet<String>>,
    counts: [AtomicUsize; CALLERS],
    is_over: AtomicBool,
}

/// What became of a call.
enum Told {
    Done(String),
    NotDone,
    Unknown,
}

fn what_three_apis_say_is_linearizable() -> Result<()> {
    let mut cluster = EtcdCluster::start_on_small_disks()?;
    let files = TempDir::new()?;
    let key = write_seal_key(files.path())?;
    let hub = cluster.hub().try_clone()?;
    let hosts = hub.run(|| start_hosts(&cluster, &key))??;
    let board = Board::default();
    let url =
        format!("etcd://{}/probe?plaintext=allow&seal-key={}", cluster.addresses(0), key.display());
    hub.run(|| print_figures(&hosts, &url))??;
    let checks = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| {
                let (hub, hosts, board) = (&hub, &hosts, &board);
                scope.spawn(move || hub.run(|| call_until_over(hosts, number, board))?)
            })
            .collect();
        let witness = scope.spawn(|| hub.run(|| witness(&hosts, &board))?);
        let faults = inflict(&mut cluster, &hosts, &board);
        board.is_over.store(true, Ordering::SeqCst);
        let ended: Vec<Result<()>> = callers
            .into_iter()
            .map(|caller| caller.join().unwrap_or_else(|_| bail!("a caller panicked")))
            .collect();
        let checks = witness.join().unwrap_or_else(|_| bail!("the witness panicked"));
        faults?;
        ended.into_iter().collect::<Result<Vec<_>>>()?;
        checks
    })?;
    hub.run(|| check_what_was_acknowledged(&hosts, &board))??;
    let (operations, unknown) = board.history.judge(INITIAL)?;
    let tags = lock(&board.tags).len();
    println!(
        "{operations} operations are linearizable, {unknown} of them with an outcome that nobody \
         knows; {tags} tags and {} launches acknowledged, none lost; {checks} applied changes obeyed \
         by {} hosts",
        lock(&board.launches).len(),
        hosts.len()
    );
    Ok(())
}

fn start_hosts(cluster: &EtcdCluster, key: &Path) -> Result<Vec<Server>> {
    Finished::success(testkit::program("ip").args(["address", "add", ADDRESS, "dev", "lo"]))?;
    let directory = key.parent().context("a directory")?;
    let clocks = Clocks::compile(directory)?;
    // Each asks another member first, and has another time.
    let start = |number: u8| {
        let (members, key) = (cluster.addresses(number), key.display());
        let url = format!("etcd://{members}/fleet?plaintext=allow&seal-key={key}&host=h{number}");
        let usual = ["--state", &url, "--no-auth", "--ami", "al2", "--when-cut-off", "refuse"];
        Server::start_by(clocks.ahead_by(AHEAD[usize::from(number)]), &usual)
    };
    (0..3).map(start).collect()
}

/// Calls an API, and tells what became of it.
fn told(host: &Server, action: &str, parameters: &str) -> Result<Told> {
    let Ok(answer) = api::ask(host.control(), action, parameters) else { return Ok(Told::Unknown) };
    let document = answer.text()?;
    Ok(match answer.status() {
        200 => Told::Done(document),
        500.. if document.contains("whether the request was carried out is not known") => {
            Told::Unknown
        }
        500.. => Told::NotDone,
        status => bail!("{action} {parameters}: {status} {document}"),
    })
}

const FAULTS: [Fault; 5] =
    [Fault::Killed, Fault::Stopped, Fault::CutOff, Fault::Slow, Fault::FullDisk];

/// Each fault, for as long as each caller needs to carry out a few operations.
fn inflict(cluster: &mut EtcdCluster, hosts: &[Server], board: &Board) -> Result<()> {
    let time = Duration::from_secs(60) * fleet_minutes().unwrap_or(0);
    let began = Instant::now();
    loop {
        phase(cluster, hosts, board, "no fault")?;
        for fault in FAULTS {
            let leader = cluster.leader()?;
            cluster.inflict(fault, leader)?;
            phase(cluster, hosts, board, &format!("the leader is {fault}"))?;
            cluster.end(fault, leader)?;
            cluster.wait_until_healthy()?;
        }
        cluster.compact()?;
        if began.elapsed() >= time {
            return phase(cluster, hosts, board, "history is compacted");
        }
    }
}

/// Has callers change and read other instances, and waits until each has done so a few times.
fn phase(cluster: &EtcdCluster, hosts: &[Server], board: &Board, name: &str) -> Result<()> {
    let ids = cluster.hub().run(|| {
        eventually("instances to be launched", || {
            let host = hosts.iter().find_map(|host| {
                let parameters = launch_parameters(REGISTERS);
                match told(host, "RunInstances", &parameters).ok()? {
                    Told::Done(document) => Some(document),
                    Told::NotDone | Told::Unknown => None,
                }
            })?;
            Some(elements(&host, "instanceId").into_iter().map(str::to_owned).collect::<Vec<_>>())
        })
    })??;
    lock(&board.launches).extend(ids.iter().cloned());
    *lock(&board.registers) = ids;
    let read = || board.counts.each_ref().map(|count| count.load(Ordering::SeqCst));
    let (before, began) = (read(), Instant::now());
    eventually(name, || {
        let more = read().into_iter().zip(before).all(|(now, then)| now - then >= OPERATIONS);
        (more || board.is_over.load(Ordering::SeqCst)).then_some(())
    })?;
    println!("{name}: {:?}", began.elapsed());
    Ok(())
}

pub(super) fn launch_parameters(count: usize) -> String {
    format!(
        "ImageId=ami-025c74f0395f660ea&MinCount={count}&MaxCount={count}&\
         MetadataOptions.HttpTokens=optional&MetadataOptions.HttpPutResponseHopLimit={INITIAL}"
    )
}

fn call_until_over(hosts: &[Server], number: usize, board: &Board) -> Result<()> {
    for round in 0.. {
        if board.is_over.load(Ordering::SeqCst) {
            break;
        }
        let host = &hosts[(number + round) % hosts.len()];
        let instance = {
            let registers = lock(&board.registers);
            match registers.len() {
                0 => None,
                count => Some(registers[(number * 3 + round * 5) % count].clone()),
            }
        };
        let Some(instance) = instance else {
            thread::park_timeout(Duration::from_millis(1));
            continue;
        };
        let is_done = match round % 8 {
            7 => tag(host, &instance, &format!("k{number}"), board)?,
            3 if round % 24 == 3 => launch(host, board)?,
            0 | 2 | 5 => {
                // A hop limit is 1 to 64.
                let value = Value::try_from((number * 11 + round * 7) % 64)? + 1;
                modify(host, &instance, number, value, &board.history)?
            }
            _ => describe(host, &instance, number, &board.history)?,
        };
        board.counts[number].fetch_add(usize::from(is_done), Ordering::SeqCst);
    }
    Ok(())
}

fn modify(
    host: &Server,
    instance: &str,
    caller: usize,
    value: Value,
    history: &History,
) -> Result<bool> {
    let operation = history.invoke(instance, caller, RegisterOp::Write(value));
    let parameters = format!("InstanceId={instance}&HttpPutResponseHopLimit={value}");
    match told(host, "ModifyInstanceMetadataOptions", &parameters)? {
        Told::Done(_) => history.returned(operation, RegisterRet::WriteOk),
        Told::NotDone => history.failed(operation),
        Told::Unknown => return Ok(false),
    }
    Ok(true)
}

fn describe(host: &Server, instance: &str, caller: usize, history: &History) -> Result<bool> {
    let operation = history.invoke(instance, caller, RegisterOp::Read);
    match told(host, "DescribeInstances", &format!("InstanceId.1={instance}"))? {
        Told::Done(document) => {
            let value = element(&document, "httpPutResponseHopLimit")?.parse()?;
            history.returned(operation, RegisterRet::ReadOk(value));
            Ok(true)
        }
        Told::NotDone | Told::Unknown => {
            history.failed(operation);
            Ok(false)
        }
    }
}

fn tag(host: &Server, instance: &str, key: &str, board: &Board) -> Result<bool> {
    let parameters = format!("ResourceId.1={instance}&Tag.1.Key={key}&Tag.1.Value=there");
    let is_done = matches!(told(host, "CreateTags", &parameters)?, Told::Done(_));
    if is_done {
        lock(&board.tags).insert((instance.to_owned(), key.to_owned()));
    }
    Ok(is_done)
}

fn launch(host: &Server, board: &Board) -> Result<bool> {
    let Told::Done(document) = told(host, "RunInstances", &launch_parameters(1))? else {
        return Ok(false);
    };
    lock(&board.launches).insert(element(&document, "instanceId")?.to_owned());
    Ok(true)
}

/// Changes whether one instance needs tokens, again and again. Once that is applied each host must obey, or
/// refuse. Returns how often that was so.
fn witness(hosts: &[Server], board: &Board) -> Result<usize> {
    let is_over = || board.is_over.load(Ordering::SeqCst);
    let parameters = format!("{}&PrivateIpAddress={ADDRESS}", launch_parameters(1));
    let launched = eventually("the witness to be launched", || {
        match told(&hosts[0], "RunInstances", &parameters).ok()? {
            Told::Done(document) => Some(document),
            Told::NotDone | Told::Unknown => None,
        }
    })?;
    let id = element(&launched, "instanceId")?.to_owned();
    let (mut checks, mut expected) = (0, 200);
    while !is_over() {
        for (number, tokens) in ["required", "optional"].into_iter().enumerate() {
            let host = &hosts[(checks + number) % hosts.len()];
            let parameters = format!("InstanceId={id}&HttpTokens={tokens}");
            let modified = told(host, "ModifyInstanceMetadataOptions", &parameters)?;
            // One that is not known cannot be carried out after a later one that is.
            if !matches!(modified, Told::Done(_)) {
                continue;
            }
            expected = if tokens == "required" { 401 } else { 200 };
            while !is_over() && !is_applied(host, &id) {}
            if is_over() {
                break;
            }
            for host in hosts {
                let status = ask(host, ADDRESS, ID, "")?.status();
                ensure!([expected, 503].contains(&status), "{status}, tokens are {tokens}");
                checks += usize::from(status == expected);
            }
        }
    }
    ensure!(expected != 0 && checks > 0, "nothing was applied");
    Ok(checks)
}

pub(super) fn is_applied(host: &Server, id: &str) -> bool {
    state(host, id).is_ok_and(|state| state == "applied")
}

/// Asks each API for all that was acknowledged.
fn check_what_was_acknowledged(hosts: &[Server], board: &Board) -> Result<()> {
    for host in hosts {
        let described = describe_all(host, "DescribeInstances")?;
        let there: BTreeSet<_> =
            described.iter().flat_map(|page| elements(page, "instanceId")).collect();
        let launches = lock(&board.launches);
        let lost: Vec<_> = launches.iter().filter(|id| !there.contains(id.as_str())).collect();
        ensure!(lost.is_empty(), "acknowledged launches are lost: {lost:?}");
        let described = describe_all(host, "DescribeTags")?;
        let tags_of = |page| elements(page, "resourceId").into_iter().zip(elements(page, "key"));
        let there = described.iter().flat_map(|page| tags_of(page.as_str()));
        let there = there.map(|(resource, key)| (resource.to_owned(), key.to_owned())).collect();
        let lost: Vec<_> = lock(&board.tags).difference(&there).cloned().collect();
        ensure!(lost.is_empty(), "acknowledged tags are lost: {lost:?}");
    }
    Ok(())
}

/// All pages of what there is.
fn describe_all(host: &Server, action: &str) -> Result<Vec<String>> {
    let mut pages: Vec<String> = Vec::new();
    loop {
        let token = pages.last().and_then(|page| elements(page, "nextToken").pop());
        let parameters = match token {
            None if !pages.is_empty() => return Ok(pages),
            token => token.map_or(String::new(), |token| format!("NextToken={token}")),
        };
        let answer = || call(host.control(), action, &parameters).ok();
        pages.push(eventually("an API to answer", answer)?);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
