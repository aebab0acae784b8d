//! Hosts that cannot reach the state: what they answer, and what is said of them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::http::{Response, exchange};
use testkit::{
    Context as _, Finished, Need, Result, Server, Trial, ensure, eventually, imds, tests,
};

use super::door::Door;
use super::{Fleet, ID, ask, launch, require_tokens, state};

pub(super) fn tests() -> Vec<Trial> {
    let mut trials =
        tests![&[Need::Etcd, Need::Program("ip")]; who_is_cut_off_refuses_or_serves_what_it_had];
    trials.extend(tests![&[]; nothing_cuts_a_host_off_from_a_state_of_its_own]);
    trials
}

fn nothing_cuts_a_host_off_from_a_state_of_its_own() -> Result<()> {
    let mut serve = imds();
    serve.args(["serve", "--listen=127.0.0.1:0", "--control=off", "--state=memory"]);
    let refused = Finished::of(serve.args(["--when-cut-off", "refuse"]))?.expect_code(2)?;
    ensure!(refused.stderr.contains("for a state that hosts share"), "{refused:#?}");
    Ok(())
}

/// How long a lease may take to end, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a lease lasts at the least, whenever it was kept alive last.
const LEAST: Duration = Duration::from_secs(9);

/// Three hosts lose the state at the same time: one refuses then, one goes on, and one stands still as its
/// machine would while it is suspended. The fourth calls the change applied without them.
fn who_is_cut_off_refuses_or_serves_what_it_had() -> Result<()> {
    const ADDRESS: &str = "172.31.78.8";
    let fleet = Fleet::start()?;
    let doors = [Door::to(fleet.etcd.address())?, Door::to(fleet.etcd.address())?];
    let refuse = ["--when-cut-off", "refuse"];
    let one = fleet.host("one")?;
    let refuses = fleet.host_by("refuses", doors[0].address(), &refuse)?;
    let serves = fleet.host_by("serves", doors[1].address(), &["--metrics", "127.0.0.1:0"])?;
    let mut still = fleet.host_by("still", fleet.etcd.address(), &refuse)?;
    let id = launch(&one, ADDRESS)?;
    eventually("all to serve it", || (state(&one, &id).ok()? == "applied").then_some(()))?;
    for host in [&refuses, &serves, &still] {
        ensure!(ask(host, ADDRESS, ID, "")?.status() == 200);
    }

    let began = Instant::now();
    for door in &doors {
        door.set_shut(true);
    }
    still.process().signal("STOP")?;
    require_tokens(&one, &id)?;
    ensure!(state(&one, &id)? == "pending", "three hosts may answer without tokens");
    let answers = ask(&refuses, ADDRESS, ID, "")?.status() == 200;
    ensure!(answers || began.elapsed() > LEAST, "it refuses before its lease can have ended");
    wait_until_applied(&one, &id)?;
    println!("applied without hosts that are cut off after {:?}", began.elapsed());

    // From here on nobody that refuses gives an old answer: requests are sent after `applied`.
    let mut connection = connect_from(ADDRESS, &still)?;
    connection.write_all(format!("GET {ID} HTTP/1.0\r\n\r\n").as_bytes())?;
    still.process().signal("CONT")?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer)?;
    let status = Response::parse(&answer)?.status();
    ensure!([401, 503].contains(&status), "who stood still answered {status}");
    ensure!(ask(&refuses, ADDRESS, ID, "")?.status() == 503);
    // That is what is given up.
    ensure!(ask(&serves, ADDRESS, ID, "")?.status() == 200);
    check_what_is_said(&fleet, &serves, &refuses)?;

    for door in &doors {
        door.set_shut(false);
    }
    for host in [&refuses, &still] {
        eventually("a host that refused to serve again", || {
            let status = ask(host, ADDRESS, ID, "").ok()?.status();
            assert!([401, 503].contains(&status), "an old answer: {status}");
            (status == 401).then_some(())
        })?;
    }
    eventually("the other host to catch up", || {
        (ask(&serves, ADDRESS, ID, "").ok()?.status() == 401).then_some(())
    })?;
    eventually("all hosts to be back", || {
        let hosts = hosts(&fleet).ok()?;
        hosts.iter().all(|host| host["is_alive"] == true && host["behind"] == 0).then_some(())
    })
}

/// Waits for as long as leases may last.
fn wait_until_applied(host: &Server, id: &str) -> Result<()> {
    let began = Instant::now();
    while state(host, id)? != "applied" {
        ensure!(began.elapsed() < PATIENCE, "the change is never applied");
    }
    Ok(())
}

/// Logs, the metric and the list of hosts.
fn check_what_is_said(fleet: &Fleet, serves: &Server, refuses: &Server) -> Result<()> {
    eventually("both to log it", || {
        let words = "cut off from the state: other hosts no longer wait for this one";
        let said = [(serves, "goes on serving"), (refuses, "refuses requests")];
        let is_said = |(host, what): &(&Server, &str)| {
            let messages = host.messages();
            messages.contains(words) && messages.contains(what)
        };
        said.iter().all(is_said).then_some(())
    })?;
    let get = b"GET /metrics HTTP/1.1\r\nHost: imds\r\nConnection: close\r\n\r\n";
    let metrics = Response::parse(&exchange(serves.metrics()?, get)?)?.text()?;
    ensure!(metrics.contains("\nimds_host_cut_off 1\n"), "{metrics}");
    let hosts = hosts(fleet)?;
    let alive = |name: &str| hosts.iter().find(|host| host["name"] == name)?["is_alive"].as_bool();
    ensure!(alive("one") == Some(true), "{hosts:?}");
    ensure!(alive("serves") == Some(false) && alive("refuses") == Some(false), "{hosts:?}");

    let shown = |arguments: &[&str]| -> Result<String> {
        let state = ["--state", &fleet.url("one")];
        Ok(Finished::success(imds().arg("host").args(arguments).args(state))?.stdout)
    };
    let list = shown(&["list"])?;
    ensure!(list.lines().count() == 5 && list.contains("gone"), "{list}");
    let one = shown(&["show", "one"])?;
    ensure!(one.contains("alive") && one.contains("EC2 API:          127.0.0.1:"), "{one}");
    let unknown = Finished::of(imds().args(["host", "show", "two", "--state", &fleet.url("one")]))?;
    ensure!(unknown.stderr.contains("no host two"), "{}", unknown.stderr);
    Ok(())
}

fn hosts(fleet: &Fleet) -> Result<Vec<Value>> {
    let mut command = imds();
    command.args(["host", "list", "--json", "--state", &fleet.url("one")]);
    let listed: Value = serde_json::from_str(&Finished::success(&mut command)?.stdout)?;
    listed.as_array().cloned().context("no list")
}

fn connect_from(address: &str, host: &Server) -> Result<TcpStream> {
    let stream = testkit::http::connect_from(address.parse()?, host.address())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}
