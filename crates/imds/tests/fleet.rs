//! Several hosts with one state, in etcd: what one of them is told, the others serve.

mod agents;
mod clocks;
mod cut_off;
mod door;
mod faults;
mod figures;
mod full;
mod history;
mod keys;
mod launches;
mod linked;
mod outage;
mod starts;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use imds_kv::Transaction;
use tempfile::TempDir;
use testkit::http::{Response, exchange_from};
use testkit::{
    Context as _, Etcd, Finished, Need, Result, Server, Trial, ensure, eventually, imds, tests,
};

use crate::api::{self, call, element, elements, options_state};
use crate::instances::run_another;

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = tests![
        &[Need::Etcd, Need::Program("ip")];
        what_one_host_is_told_the_other_serves,
        a_change_is_applied_once_the_last_host_obeys,
        hosts_go_on_without_their_state,
        what_a_backup_has_is_served_once_it_is_restored,
    ];
    trials.extend(agents::tests());
    trials.extend(clocks::tests());
    trials.extend(cut_off::tests());
    trials.extend(faults::tests());
    trials.extend(full::tests());
    trials.extend(keys::tests());
    trials.extend(launches::tests());
    trials.extend(linked::tests());
    trials.extend(outage::tests());
    trials.extend(starts::tests());
    trials.extend(tests![&[]; state_in_etcd_is_sealed_and_encrypted]);
    trials
}

/// Any 32 bytes.
const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// For how many minutes `cargo xtask fleet` has tests go on that are short otherwise.
fn fleet_minutes() -> Option<u32> {
    std::env::var("IMDS_FLEET_MINUTES").ok()?.parse().ok()
}

/// A cluster of one member, and what hosts need to share it.
struct Fleet {
    etcd: Etcd,
    files: TempDir,
}

impl Fleet {
    fn start() -> Result<Self> {
        let (etcd, files) = (Etcd::start()?, TempDir::new()?);
        write_seal_key(files.path())?;
        Ok(Self { etcd, files })
    }

    fn url(&self, host: &str) -> String {
        self.url_by(host, self.etcd.address())
    }

    fn url_by(&self, host: &str, etcd: SocketAddr) -> String {
        let key = self.files.path().join("seal-key");
        format!("etcd://{etcd}/fleet?seal-key={}&host={host}", key.display())
    }

    fn host(&self, name: &str) -> Result<Server> {
        self.host_by(name, self.etcd.address(), &[])
    }

    /// A host that reaches etcd at an address of its own, with more arguments.
    fn host_by(&self, name: &str, etcd: SocketAddr, arguments: &[&str]) -> Result<Server> {
        let url = self.url_by(name, etcd);
        let usual = ["--state", &url, "--no-auth", "--ami", "al2"];
        Server::start(&[&usual, arguments].concat())
    }
}

/// Writes the key that values are sealed with into a directory.
fn write_seal_key(directory: &Path) -> Result<PathBuf> {
    let key = directory.join("seal-key");
    fs::write(&key, SEAL_KEY)?;
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
    Ok(key)
}

/// Gives this machine an address, and launches an instance there that answers without tokens.
fn launch(server: &Server, address: &str) -> Result<String> {
    Finished::success(testkit::program("ip").args(["address", "add", address, "dev", "lo"]))?;
    run_another(server, address)
}

/// What a host answers at a path to a request from an address.
fn ask(server: &Server, from: &str, path: &str, headers: &str) -> Result<Response> {
    request(server.address(), from, &format!("GET {path} HTTP/1.0\r\n{headers}\r\n"))
}

fn request(to: SocketAddr, from: &str, request: &str) -> Result<Response> {
    Response::parse(&exchange_from(from.parse()?, to, request.as_bytes())?)
}

const ID: &str = "/latest/meta-data/instance-id";

fn what_one_host_is_told_the_other_serves() -> Result<()> {
    const ADDRESS: &str = "172.31.78.5";
    let fleet = Fleet::start()?;
    let (one, other) = (fleet.host("one")?, fleet.host("other")?);
    // Each has a default instance of its own.
    let defaults = [&one, &other].map(|host| host.request("GET", ID, &[])?.text());
    let [first, second] = defaults;
    ensure!(first? != second?, "they have the same default instance");

    let id = launch(&one, ADDRESS)?;
    eventually("the other host to serve it", || {
        let answer = ask(&other, ADDRESS, ID, "").ok()?;
        answer.text().is_ok_and(|text| text == id).then_some(())
    })?;
    // An instance may move: its tokens and its signatures are good on every host.
    let put = "PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";
    let token = request(one.address(), ADDRESS, put)?.text()?;
    let header = format!("X-aws-ec2-metadata-token: {token}\r\n");
    let answer = ask(&other, ADDRESS, ID, &header)?;
    ensure!(answer.status() == 200, "{answer:?}");
    let pkcs7 = "/latest/dynamic/instance-identity/pkcs7";
    let signed = |host| -> Result<String> {
        // Keys are made first.
        let answer = || ask(host, ADDRESS, pkcs7, "").ok().filter(|answer| answer.status() == 200);
        eventually("a signature", answer)?.text()
    };
    ensure!(signed(&one)? == signed(&other)?, "the hosts sign with other keys");

    // Each API has its own address, and the same keys.
    for (name, host) in [("one", &one), ("other", &other)] {
        let printed = Finished::success(imds().args(["env", "--state", &fleet.url(name)]))?.stdout;
        ensure!(printed.contains(&host.control().to_string()), "{printed}");
        let secret = printed.lines().find_map(|line| line.split_once("SECRET_ACCESS_KEY="));
        let secret = secret.context("no key")?.1.trim_matches(['\'', '"', ';']);
        ensure!(secret.len() == 40, "{printed}");
        ensure!(!fleet.etcd.has_on_disk(secret)?, "the secret can be read in etcd");
    }
    ensure!(fleet.etcd.has_on_disk(&id)?, "keys have names");

    // One transaction has its bounds in etcd, which a caller is told.
    let many = "ImageId=ami-025c74f0395f660ea&MinCount=200&MaxCount=200";
    let launched = call(one.control(), "RunInstances", many)?;
    let ids = elements(&launched, "instanceId");
    let ids = ids.iter().zip(1..).map(|(id, nth)| format!("&InstanceId.{nth}={id}"));
    let refused = api::ask(one.control(), "StopInstances", &ids.collect::<String>())?;
    ensure!(refused.status() == 400, "{refused:?}");
    ensure!(element(&refused.text()?, "Code")? == "ResourceCountExceeded", "{refused:?}");
    Ok(())
}

fn require_tokens(server: &Server, id: &str) -> Result<()> {
    let parameters = format!("InstanceId={id}&HttpTokens=required");
    call(server.control(), "ModifyInstanceMetadataOptions", &parameters).map(drop)
}

/// The state of the options of an instance, as a host says it.
fn state(server: &Server, id: &str) -> Result<String> {
    options_state(server.control(), id)
}

fn a_change_is_applied_once_the_last_host_obeys() -> Result<()> {
    const ADDRESS: &str = "172.31.78.6";
    let fleet = Fleet::start()?;
    let (one, mut other) = (fleet.host("one")?, fleet.host("other")?);
    let id = launch(&one, ADDRESS)?;
    eventually("both to serve it", || (state(&one, &id).ok()? == "applied").then_some(()))?;
    ensure!(ask(&other, ADDRESS, ID, "")?.status() == 200);

    other.process().signal("STOP")?;
    require_tokens(&one, &id)?;
    eventually("the first host to obey", || {
        (ask(&one, ADDRESS, ID, "").ok()?.status() == 401).then_some(())
    })?;
    ensure!(state(&one, &id)? == "pending", "one host stands still");
    other.process().signal("CONT")?;
    eventually("the change to be applied", || (state(&one, &id).ok()? == "applied").then_some(()))?;
    ensure!(ask(&other, ADDRESS, ID, "")?.status() == 401, "it was applied");

    // The other way round, many times: no answer is old once a change is applied.
    for tokens in ["optional", "required"].into_iter().cycle().take(20) {
        let parameters = format!("InstanceId={id}&HttpTokens={tokens}");
        call(other.control(), "ModifyInstanceMetadataOptions", &parameters)?;
        let expected = if tokens == "required" { 401 } else { 200 };
        eventually("the change to be applied", || {
            (state(&other, &id).ok()? == "applied").then_some(())
        })?;
        for host in [&one, &other] {
            ensure!(ask(host, ADDRESS, ID, "")?.status() == expected, "{tokens}");
        }
    }
    Ok(())
}

fn hosts_go_on_without_their_state() -> Result<()> {
    const ADDRESS: &str = "172.31.78.7";
    let fleet = Fleet::start()?;
    let (one, other) = (fleet.host("one")?, fleet.host("other")?);
    let id = launch(&one, ADDRESS)?;
    eventually("both to serve it", || (state(&one, &id).ok()? == "applied").then_some(()))?;
    fleet.etcd.stop()?;
    for host in [&one, &other] {
        ensure!(ask(host, ADDRESS, ID, "")?.text()? == id);
    }
    let refused = call(one.control(), "DescribeInstances", "");
    ensure!(refused.is_err(), "nobody knows what is in the state");
    ensure!(ask(&one, ADDRESS, ID, "")?.text()? == id);
    fleet.etcd.go_on()?;
    eventually("the API to answer again", || require_tokens(&one, &id).ok())?;
    let began = Instant::now();
    eventually("both to follow again", || (state(&one, &id).ok()? == "applied").then_some(()))?;
    println!("followed again after {:?}", began.elapsed());
    for host in [&one, &other] {
        ensure!(ask(host, ADDRESS, ID, "")?.status() == 401);
    }
    Ok(())
}

/// Though others have written so much since that revisions did not go back.
fn what_a_backup_has_is_served_once_it_is_restored() -> Result<()> {
    const ADDRESS: &str = "172.31.78.14";
    let mut fleet = Fleet::start()?;
    let (one, other) = (fleet.host("one")?, fleet.host("other")?);
    let id = launch(&one, ADDRESS)?;
    let is_applied = || (state(&one, &id).ok()? == "applied").then_some(());
    eventually("both to serve it", is_applied)?;
    let backup = fleet.etcd.back_up()?;
    eventually("a change to be made", || require_tokens(&one, &id).ok())?;
    eventually("the change to be applied", is_applied)?;
    let key = fleet.files.path().join("seal-key");
    fleet.etcd.restore(&backup, |etcd| {
        let url = format!("etcd://{}/other?seal-key={}", etcd.address(), key.display());
        let kv = imds_kv::open(url)?;
        (0..100).try_for_each(|number| {
            let write = Transaction::new().put(format!("k{number}"), "");
            Ok(kv.commit(write).map(drop)?)
        })
    })?;
    for host in [&one, &other] {
        eventually("what was restored to be served", || {
            (ask(host, ADDRESS, ID, "").ok()?.status() == 200).then_some(())
        })?;
    }
    eventually("both to follow again", is_applied)
}

/// Nothing that is secret leaves the machine in plain text, or lies in a database so.
fn state_in_etcd_is_sealed_and_encrypted() -> Result<()> {
    for (url, words) in [
        ("etcd://127.0.0.1:1", "seal-key=FILE"),
        ("etcd://10.0.0.1:2379?seal-key=/dev/null", "ca=FILE"),
        ("etcd://root:secret@127.0.0.1:1?seal-key=/dev/null", "password-file="),
        ("etcd://127.0.0.1:1?seal-key=/absent", "/absent"),
    ] {
        let mut serve = imds();
        serve.args(["serve", "--listen=127.0.0.1:0", "--control=off", "--state", url]);
        let finished = Finished::of(&mut serve)?;
        ensure!(!finished.status.success(), "{url}");
        ensure!(finished.stderr.contains(words), "{url}: {}", finished.stderr);
        ensure!(!finished.stderr.contains("root:secret"), "{}", finished.stderr);
    }
    Ok(())
}
