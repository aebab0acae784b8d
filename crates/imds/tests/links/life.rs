//! Links that come and go, and services that do.

use std::fs;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use imds_linux::Namespace;
use testkit::client::{End, Oddities};
use testkit::http::{Response, exchange};
use testkit::workloads::{ensure_unchanged, host_with_container, namespace, place, run, snapshot};
use testkit::{
    Client, Context as _, Family, Need, Result, Server, Trial, ensure, eventually, tests,
};

use super::{DEFAULT_INSTANCE, Machine, Mount, instance_of};

const IP: &[Need] = &[Need::Program("ip")];

/// How often a service is killed; `IMDS_TEST_KILLS` says otherwise.
const KILLS: u32 = 4;

pub(super) fn tests() -> Vec<Trial> {
    tests![IP;
        a_namespace_that_goes_is_noticed_and_comes_back,
        a_link_waits_for_its_namespace,
        a_removed_device_is_made_again,
        a_device_that_is_down_is_made_again,
        removing_a_link_resets_its_connections,
        a_client_whose_token_was_lost_is_reset,
        links_outlive_the_service,
        an_engine_that_hangs_holds_up_no_command,
        a_damaged_record_concerns_its_link_alone,
        the_ec2_api_is_not_reachable_through_a_link,
        links_without_their_helper_say_so,
        killed_at_any_moment_every_link_is_right_and_nothing_is_left,
    ]
}

fn a_namespace_that_goes_is_noticed_and_comes_back() -> Result<()> {
    let (host, workload, steady) = (namespace()?, namespace()?, namespace()?);
    let machine = Machine::start(&host, &["--ami", "al2"])?;
    let mount = Mount::new(&workload)?;
    machine.add(&mount.place())?;
    machine.add(&place(&steady))?;
    ensure!(instance_of(&workload)? == DEFAULT_INSTANCE);
    mount.take_away()?;
    drop(workload);
    let waiting = machine.until(&mount.place(), "waiting")?;
    ensure!(waiting["requests"] == 1, "what was counted is lost: {waiting}");
    let workload = namespace()?;
    mount.give_to(&workload)?;
    machine.until(&mount.place(), "attached")?;
    for namespace in [&workload, &steady] {
        ensure!(instance_of(namespace)? == DEFAULT_INSTANCE);
    }
    let listed = machine.list()?;
    ensure!(listed[0]["requests"] == 2 && listed[0]["v1"] == 2, "{listed:?}");
    Ok(())
}

fn a_link_waits_for_its_namespace() -> Result<()> {
    let (host, workload) = (namespace()?, namespace()?);
    let mount = Mount::new(&workload)?;
    mount.take_away()?;
    let machine = Machine::start(&host, &["--ami", "al2", "--link", &mount.place()])?;
    let waiting = machine.until(&mount.place(), "waiting")?;
    let reason = waiting["reason"].as_str().context("no reason")?;
    ensure!(reason.ends_with("does not exist"), "{reason}");
    mount.give_to(&workload)?;
    machine.until(&mount.place(), "attached")?;
    ensure!(instance_of(&workload)? == DEFAULT_INSTANCE);
    Ok(())
}

fn a_removed_device_is_made_again() -> Result<()> {
    let (host, workload) = (namespace()?, namespace()?);
    let machine = Machine::start(&host, &["--ami", "al2"])?;
    machine.add(&place(&workload))?;
    for _ in 0..2 {
        run(&workload, &["ip", "link", "del", "imds0"])?;
        let answer = eventually("the device to be made again", || instance_of(&workload).ok())?;
        ensure!(answer == DEFAULT_INSTANCE);
    }
    Ok(())
}

/// A device that was down has lost its routes.
fn a_device_that_is_down_is_made_again() -> Result<()> {
    let (host, workload) = (namespace()?, namespace()?);
    let machine = Machine::start(&host, &["--ami", "al2"])?;
    machine.add(&place(&workload))?;
    for _ in 0..2 {
        run(&workload, &["ip", "link", "set", "imds0", "down"])?;
        let answer = eventually("the device to be made again", || instance_of(&workload).ok())?;
        ensure!(answer == DEFAULT_INSTANCE);
    }
    Ok(())
}

fn removing_a_link_resets_its_connections() -> Result<()> {
    const GET: &str = "GET /latest/meta-data/ HTTP/1.1\r\nConnection: keep-alive\r\n\r\n";
    let (host, _container) = host_with_container()?;
    let machine = Machine::start(&host, &["--ami", "al2", "--link", "host"])?;
    let mut client = Client::connect(&host, Family::Ipv4.service(), Oddities::default())?;
    client.send(GET)?;
    client.wait_for_answers(1)?;
    ensure!(machine.list()?[0]["open"] == 1);
    machine.link(&["remove", "host"])?.expect_code(0)?;
    let end = client.wait_for_end()?;
    ensure!(end == End::Reset, "ended by {end:?}");
    Ok(())
}

/// `--stall`, from a socket of the helper.
fn a_client_whose_token_was_lost_is_reset() -> Result<()> {
    let (host, container) = host_with_container()?;
    let arguments = ["--ami", "al2", "--hop-limit", "1", "--stall", "300ms", "--link", "host"];
    let _machine = Machine::start(&host, &arguments)?;
    for _ in 0..3 {
        let mut client = Client::connect(&container, Family::Ipv4.service(), Oddities::default())?;
        client.send(super::PUT)?;
        let end = client.wait_for_end()?;
        ensure!(end == End::Reset, "ended by {end:?}");
        ensure!(client.received()?.is_empty(), "the token arrived");
    }
    Ok(())
}

fn links_outlive_the_service() -> Result<()> {
    let (host, first, second) = (namespace()?, namespace()?, namespace()?);
    let before = [&host, &first, &second].map(snapshot);
    let mut machine = Machine::start(&host, &["--ami", "al2"])?;
    let other = machine.launch()?;
    machine.add("host")?;
    machine.add(&place(&first))?;
    let kept = machine.add(&format!("{},instance={other}", place(&second)))?;
    machine.link(&["remove", &place(&first)])?.expect_code(0)?;
    machine.kill_and_restart()?;
    let link = machine.until(&place(&second), "attached")?;
    ensure!(link["number"] == kept && link["instance"] == other.as_str(), "{link}");
    ensure!(instance_of(&second)? == other);
    machine.until("host", "attached")?;
    ensure!(instance_of(&host)? == DEFAULT_INSTANCE);
    ensure!(machine.list()?.len() == 2);
    ensure!(machine.add(&place(&first))? > kept, "a number is used twice");
    machine.stop()?;
    for (namespace, before) in [&host, &first, &second].into_iter().zip(before) {
        ensure_unchanged(namespace, &before?)?;
    }
    Ok(())
}

/// Links are attached again one at a time, and commands are obeyed in between.
fn an_engine_that_hangs_holds_up_no_command() -> Result<()> {
    /// To ask for all of them takes longer than any test waits.
    const CONTAINERS: usize = 12;
    let (host, workload, programs) = (namespace()?, namespace()?, tempfile::tempdir()?);
    let hangs = programs.path().join("hangs");
    let hang = format!("if [ -e '{}' ]; then exec sleep 1000; fi", hangs.display());
    for (engine, does) in [("podman", hang.as_str()), ("docker", "")] {
        let program = programs.path().join(engine);
        fs::write(&program, format!("#!/bin/sh\n{does}\nexit 125\n"))?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    let listen = ["127.0.0.1:0".parse()?];
    let arguments = ["--no-auth", "--ami", "al2"];
    let start = || Server::start_with_programs(&listen, &arguments, programs.path());
    let mut machine = Machine { host: &host, server: host.run(start)?? };
    for number in 0..CONTAINERS {
        machine.link(&["add", &format!("container=web{number}")])?.expect_code(0)?;
    }
    machine.add(&place(&workload))?;
    fs::write(&hangs, "")?;
    machine.kill_and_restart()?;
    eventually("all links to be listed", || {
        let listed = machine.list().ok()?;
        (listed.len() == CONTAINERS + 1).then_some(())
    })?;
    machine.link(&["remove", "container=web11"])?.expect_code(0)?;
    machine.link(&["remove", &place(&workload)])?.expect_code(0)?;
    machine.stop()
}

fn a_damaged_record_concerns_its_link_alone() -> Result<()> {
    use imds_kv::Kv as _;
    let (host, first, second) = (namespace()?, namespace()?, namespace()?);
    let mut machine = Machine::start(&host, &["--ami", "al2"])?;
    let damaged = machine.add(&place(&first))?;
    machine.add(&place(&second))?;
    machine.stop()?;
    let file = machine.server.state_home().join("imds/state.db");
    let key = format!("links/{damaged:010}");
    let store = imds_kv::Sqlite::open(&file)?;
    store.commit(imds_kv::Transaction::new().put(&key, b"no record".to_vec()))?;
    drop(store);
    machine.kill_and_restart()?;
    machine.until(&place(&second), "attached")?;
    ensure!(instance_of(&second)? == DEFAULT_INSTANCE);
    let listed = machine.list()?;
    ensure!(listed[0]["number"] == damaged && listed[0]["place"].is_null(), "{listed:?}");
    let reason = listed[0]["reason"].as_str().context("no reason")?;
    ensure!(reason.contains(&format!("imds link remove {damaged}")), "{reason}");
    machine.link(&["remove", &damaged.to_string()])?.expect_code(0)?;
    ensure!(machine.list()?.len() == 1);
    Ok(())
}

fn the_ec2_api_is_not_reachable_through_a_link() -> Result<()> {
    let (host, workload) = (namespace()?, namespace()?);
    let arguments = ["--ami", "al2", "--link", "host", "--console", "127.0.0.1:0"];
    let arguments = [&arguments[..], &["--metrics", "127.0.0.1:0"]].concat();
    let machine = Machine::start(&host, &arguments)?;
    machine.add(&place(&workload))?;
    for namespace in [&host, &workload] {
        let request = b"GET /metrics HTTP/1.0\r\n\r\n";
        let answer = namespace.run(|| exchange(Family::Ipv4.service(), request))??;
        ensure!(Response::parse(&answer)?.status() == 404, "a link has metrics");
    }
    // Nor are the web console and the metrics.
    let server = &machine.server;
    for port in [server.control().port(), server.console()?.port(), server.metrics()?.port()] {
        let through_link = ([169, 254, 169, 254], port).into();
        for namespace in [&host, &workload] {
            let patience = Duration::from_millis(300);
            let connected =
                namespace.run(|| std::net::TcpStream::connect_timeout(&through_link, patience))?;
            ensure!(connected.is_err(), "port {port} answers");
        }
    }
    Ok(())
}

fn links_without_their_helper_say_so() -> Result<()> {
    let (host, workload) = (namespace()?, namespace()?);
    let mut machine = Machine::start(&host, &["--ami", "al2"])?;
    machine.add(&place(&workload))?;
    let pid = machine.server.process().child().id();
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    testkit::Finished::success(testkit::program("kill").args(["-KILL", children.trim()]))?;
    let waiting = machine.until(&place(&workload), "waiting")?;
    let reason = waiting["reason"].as_str().context("no reason")?;
    ensure!(reason.contains("is gone") || reason.contains("restart the service"), "{reason}");
    // What it left is removed by the next.
    machine.kill_and_restart()?;
    machine.until(&place(&workload), "attached")?;
    ensure!(instance_of(&workload)? == DEFAULT_INSTANCE);
    Ok(())
}

fn killed_at_any_moment_every_link_is_right_and_nothing_is_left() -> Result<()> {
    let kills = std::env::var("IMDS_TEST_KILLS").ok().and_then(|text| text.parse().ok());
    let host = namespace()?;
    let workloads = (0..4).map(|_| namespace()).collect::<Result<Vec<_>>>()?;
    let all: Vec<&Namespace> = workloads.iter().chain([&host]).collect();
    let before = all.iter().map(|namespace| snapshot(namespace)).collect::<Result<Vec<_>>>()?;
    let mut machine = Machine::start(&host, &["--ami", "al2", "--link", "host"])?;
    let kills = kills.unwrap_or(KILLS);
    for _ in 0..kills {
        let is_over = AtomicBool::new(false);
        let state = machine.server.state_home().to_owned();
        thread::scope(|scope| -> Result<()> {
            for workload in &workloads {
                let (is_over, state, host) = (&is_over, &state, &host);
                scope.spawn(move || {
                    let place = place(workload);
                    while !is_over.load(Ordering::Relaxed) {
                        for word in ["add", "remove"] {
                            // It fails once the service is dead.
                            let _ = host.run(|| {
                                let mut command = testkit::imds();
                                command.args(["link", word, &place]).env("XDG_STATE_HOME", state);
                                testkit::Finished::of(&mut command)
                            });
                        }
                    }
                });
            }
            thread::park_timeout(moment());
            machine.server.process().child().kill()?;
            machine.server.process().child().wait()?;
            is_over.store(true, Ordering::Relaxed);
            Ok(())
        })?;
        machine.kill_and_restart()?;
        machine.until("host", "attached")?;
        // What is recorded is attached, and the others have nothing of us.
        let listed = machine.list()?;
        for (workload, before) in workloads.iter().zip(&before) {
            let place = place(workload);
            if listed.iter().any(|link| link["place"] == place.as_str()) {
                machine.until(&place, "attached")?;
                ensure!(instance_of(workload)? == DEFAULT_INSTANCE);
            } else {
                eventually("the killed service's helper to tidy up", || {
                    (snapshot(workload).ok()? == *before).then_some(())
                })?;
            }
        }
    }
    machine.stop()?;
    for (namespace, before) in all.iter().zip(&before) {
        ensure_unchanged(namespace, before)?;
    }
    Ok(())
}

/// A moment that differs each time, within half a second.
fn moment() -> Duration {
    Duration::from_millis(RandomState::new().build_hasher().finish() % 500)
}
