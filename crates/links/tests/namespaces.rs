//! The kinds that get a device of their own: host, netns, pid.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use imds_linux::Namespace;
use imds_linux::capture::Capture;
use testkit::{Context as _, Need, Result, SOON, Trial, ensure, eventually};

use crate::host::{self, V4, V6, ask, assert_lost, ensure_unchanged, namespace, place, snapshot};
use crate::service::Service;

const IP: &[Need] = &[Need::Program("ip")];

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = testkit::tests!(IP;
        a_workload_is_one_ip_hop_away,
        a_container_behind_the_host_is_one_hop_further,
        requests_come_from_the_workloads_own_address,
        workloads_with_the_same_address_reach_their_own_link,
        workloads_do_not_reach_each_other,
        ipv6_is_there_where_the_place_has_it,
        detach_leaves_nothing,
        a_service_that_ends_leaves_nothing,
        a_killed_service_leaves_nothing,
        what_a_killed_helper_left_is_removed,
        the_end_of_a_namespace_is_noticed,
        the_end_of_a_process_is_noticed,
        a_removed_device_is_noticed,
        a_place_is_linked_once,
        a_link_has_all_its_listeners_or_is_none,
        what_does_not_exist_is_named,
        an_address_that_is_taken_is_refused,
        a_hundred_links,
    );
    tests
        .extend(testkit::tests!(&[Need::Program("iptables")]; a_masqueraded_container_is_answered));
    tests.extend(testkit::tests!(&[Need::Root]; the_serving_process_can_do_nothing));
    tests
}

fn a_workload_is_one_ip_hop_away() -> Result<()> {
    let (home, workload) = (namespace()?, namespace()?);
    let mut service = Service::start(&home, "all")?;
    let device = service.attach(1, &place(&workload))?;
    ensure!(device == "imds0", "{device}");
    let mut capture = workload.run(|| Capture::start(&device))??;
    ask(&workload, V4, 64)?;
    let ttls = |frames: &[Vec<u8>]| -> Vec<u8> {
        let from_service = |frame: &&Vec<u8>| frame[26..30] == [169, 254, 169, 254];
        frames.iter().filter(from_service).map(|frame| frame[22]).collect()
    };
    ensure!(capture.wait_for(SOON, |frames| ttls(frames).len() > 2)?, "no packet");
    let seen = ttls(capture.frames()?);
    ensure!(seen.iter().all(|ttl| *ttl == 64), "{seen:?}");
    // What is sent with TTL 1 arrives.
    ask(&workload, V4, 1)?;
    Ok(())
}

fn a_container_behind_the_host_is_one_hop_further() -> Result<()> {
    let (host, container) = host::host_with_container()?;
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "host")?;
    ask(&host, V4, 1)?;
    // Its address is not masqueraded: the answer goes by the host, with no route of ours.
    let told = ask(&container, V4, 2)?;
    ensure!(told == "link 1 172.17.0.2", "{told}");
    assert_lost(&container, V4, 1)
}

fn a_masqueraded_container_is_answered() -> Result<()> {
    let (host, container) = host::host_with_container()?;
    let rule = ["-t", "nat", "-A", "POSTROUTING", "-s", "172.17.0.0/16", "!", "-o", "docker0"];
    host::run(&host, &[&["iptables"], &rule[..], &["-j", "MASQUERADE"]].concat())?;
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "host")?;
    let told = ask(&container, V4, 2)?;
    ensure!(told != "link 1 172.17.0.2" && told.starts_with("link 1 "), "{told}");
    assert_lost(&container, V4, 1)
}

fn requests_come_from_the_workloads_own_address() -> Result<()> {
    let (host, _container) = host::host_with_container()?;
    let (home, bare) = (namespace()?, namespace()?);
    let mut service = Service::start(&home, "all")?;
    service.attach(1, &place(&host))?;
    service.attach(2, &place(&bare))?;
    ensure!(ask(&host, V4, 1)? == "link 1 10.0.0.2");
    ensure!(ask(&bare, V4, 1)? == "link 2 169.254.169.1");
    // Where the address goes, the link stays.
    host::run(&host, &["ip", "address", "del", "10.0.0.2/24", "dev", "eth0"])?;
    ask(&host, V4, 1)?;
    Ok(())
}

fn workloads_with_the_same_address_reach_their_own_link() -> Result<()> {
    let home = namespace()?;
    let mut service = Service::start(&home, "all")?;
    let (first, _behind_first) = host::host_with_container()?;
    let (second, behind_second) = host::host_with_container()?;
    service.attach(1, &place(&first))?;
    service.attach(2, &place(&second))?;
    for _ in 0..3 {
        ensure!(ask(&first, V4, 1)? == "link 1 10.0.0.2");
        ensure!(ask(&second, V4, 1)? == "link 2 10.0.0.2");
        ensure!(ask(&behind_second, V4, 2)? == "link 2 172.17.0.2");
    }
    Ok(())
}

fn workloads_do_not_reach_each_other() -> Result<()> {
    let home = namespace()?;
    let mut service = Service::start(&home, "all")?;
    let (first, _behind_first) = host::host_with_container()?;
    let second = namespace()?;
    service.attach(1, &place(&first))?;
    service.attach(2, &place(&second))?;
    let listener = first.run(|| std::net::TcpListener::bind("0.0.0.0:8080"))??;
    host::run(&second, &["ip", "route", "add", "10.0.0.2", "dev", "imds0"])?;
    let patience = std::time::Duration::from_millis(300);
    for target in ["10.0.0.2:8080", "169.254.169.254:8080"] {
        let target = target.parse()?;
        let reached = second.run(|| std::net::TcpStream::connect_timeout(&target, patience))?;
        ensure!(reached.is_err(), "{target} was reached");
    }
    drop(listener);
    Ok(())
}

fn ipv6_is_there_where_the_place_has_it() -> Result<()> {
    let home = namespace()?;
    let mut service = Service::start(&home, "all")?;
    let (with, without) = (namespace()?, namespace()?);
    host::run(&without, &["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"])?;
    host::run(&without, &["sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"])?;
    service.attach(1, &place(&with))?;
    service.attach(2, &place(&without))?;
    let told = ask(&with, V6, 1)?;
    ensure!(told.starts_with("link 1 fe80::"), "{told}");
    ensure!(ask(&without, V6, 1).is_err());
    ask(&without, V4, 1)?;
    Ok(())
}

fn detach_leaves_nothing() -> Result<()> {
    let (host, container) = host::host_with_container()?;
    let before = (snapshot(&host)?, snapshot(&container)?);
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "host")?;
    service.attach(2, &place(&container))?;
    ensure!(snapshot(&host)? != before.0);
    ensure!(service.ask("socket 1")? == "ok");
    for number in [1, 2, 2] {
        ensure!(service.ask(&format!("detach {number}"))? == "ok");
    }
    ensure_unchanged(&host, &before.0)?;
    ensure_unchanged(&container, &before.1)?;
    // The number and the place are free again.
    service.attach(1, "host")?;
    ask(&host, V4, 1)?;
    Ok(())
}

fn a_service_that_ends_leaves_nothing() -> Result<()> {
    let (host, _container) = host::host_with_container()?;
    let before = snapshot(&host)?;
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "host")?;
    service.stop()?;
    ensure_unchanged(&host, &before)?;
    Ok(())
}

fn a_killed_service_leaves_nothing() -> Result<()> {
    let (host, container) = host::host_with_container()?;
    let before = snapshot(&host)?;
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "host")?;
    // What waits to be sent keeps a namespace alive.
    assert_lost(&container, V4, 1)?;
    service.kill()?;
    eventually("the helper removes what it made", || {
        (snapshot(&host).ok()? == before).then_some(())
    })
}

fn what_a_killed_helper_left_is_removed() -> Result<()> {
    let (host, container) = host::host_with_container()?;
    let before = snapshot(&host)?;
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "host")?;
    assert_lost(&container, V4, 1)?;
    let pid = service.child.id();
    let helpers = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    let helper = helpers.trim().parse().ok().and_then(rustix::process::Pid::from_raw);
    let helper = helper.context("the service has one child, the helper")?;
    rustix::process::kill_process(helper, rustix::process::Signal::KILL)?;
    ensure!(service.ask("gone 1")? == "gone");
    service.kill()?;
    ensure!(
        snapshot(&host)? != before,
        "the kernel removed the device, so there is nothing to try"
    );
    let mut next = Service::start(&host, "all")?;
    ensure!(next.attach(1, "host")? == "imds0");
    ask(&host, V4, 1)?;
    next.stop()?;
    let after = snapshot(&host)?;
    ensure!(after == before, "{before}\nis now\n{after}");
    Ok(())
}

fn the_end_of_a_namespace_is_noticed() -> Result<()> {
    let (home, workload, other) = (namespace()?, namespace()?, namespace()?);
    let mut service = Service::start(&home, "all")?;
    service.attach(1, &place(&workload))?;
    service.attach(2, &place(&other))?;
    drop(workload);
    ensure!(service.ask("gone 1")? == "gone", "not within a second");
    ensure!(service.ask("gone 2")? == "there");
    ensure!(service.ask("detach 1")? == "ok");
    ask(&other, V4, 1)?;
    Ok(())
}

fn the_end_of_a_process_is_noticed() -> Result<()> {
    let (home, workload) = (namespace()?, namespace()?);
    let mut service = Service::start(&home, "all")?;
    let mut process = workload
        .run(|| Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn())??;
    service.attach(1, &format!("pid={}", process.id()))?;
    ask(&workload, V4, 1)?;
    drop(process.stdin.take());
    process.stdout.take().context("no output")?.read_to_end(&mut Vec::new())?;
    ensure!(service.ask("gone 1")? == "gone", "not within a second");
    process.wait()?;
    Ok(())
}

fn a_removed_device_is_noticed() -> Result<()> {
    let (home, workload) = (namespace()?, namespace()?);
    let mut service = Service::start(&home, "all")?;
    service.attach(1, &place(&workload))?;
    host::run(&workload, &["ip", "link", "del", "imds0"])?;
    ensure!(service.ask("gone 1")? == "gone", "not within a second");
    ensure!(service.ask("detach 1")? == "ok");
    service.attach(1, &place(&workload))?;
    ask(&workload, V4, 1)?;
    Ok(())
}

fn a_place_is_linked_once() -> Result<()> {
    let (home, workload) = (namespace()?, namespace()?);
    let mut service = Service::start(&home, "all")?;
    let mut second = Service::start(&home, "all")?;
    let place = place(&workload);
    service.attach(1, &place)?;
    for answer in [
        service.ask(&format!("attach 1 {place}"))?,
        service.ask(&format!("attach 2 {place}"))?,
        second.ask(&format!("attach 1 {place}"))?,
    ] {
        ensure!(answer.contains("first") && answer.contains(&place), "{answer}");
    }
    ask(&workload, V4, 1)?;
    Ok(())
}

fn what_does_not_exist_is_named() -> Result<()> {
    let home = namespace()?;
    let mut service = Service::start(&home, "all")?;
    for (place, part) in [
        ("netns=/run/netns/nowhere", "/run/netns/nowhere does not exist"),
        ("netns=/etc/passwd", "not a network namespace"),
        ("pid=2147483647", "no process has this number"),
        ("device=nowhere0", "there is no device nowhere0"),
        ("container=nowhere", "no running container"),
    ] {
        let answer = service.ask(&format!("attach 1 {place}"))?;
        ensure!(answer.starts_with(place) && answer.contains(part), "{answer}");
    }
    Ok(())
}

fn an_address_that_is_taken_is_refused() -> Result<()> {
    let (home, workload) = (namespace()?, namespace()?);
    let mut service = Service::start(&home, "all")?;
    for (add, fix) in [
        (
            &["ip", "address", "add", "169.254.169.254/32", "dev", "lo"][..],
            "ip address del 169.254.169.254 dev lo",
        ),
        (&["ip", "route", "add", "unreachable", "169.254.169.254"], "stop what has it"),
    ] {
        host::run(&workload, add)?;
        let before = snapshot(&workload)?;
        let answer = service.ask(&format!("attach 1 {}", place(&workload)))?;
        ensure!(answer.contains("169.254.169.254 is taken"), "{answer}");
        ensure!(answer.contains(fix), "{answer}");
        ensure_unchanged(&workload, &before)?;
        let undo: Vec<&str> =
            add.iter().map(|word| if *word == "add" { "del" } else { *word }).collect();
        host::run(&workload, &undo)?;
    }
    service.attach(1, &place(&workload))?;
    Ok(())
}

fn a_link_has_all_its_listeners_or_is_none() -> Result<()> {
    let (home, workload) = (namespace()?, namespace()?);
    let mut service = Service::start(&home, "all")?;
    let before = snapshot(&workload)?;
    ensure!(service.ask("fill")? == "ok");
    let answer = service.ask(&format!("attach 1 {}", place(&workload)))?;
    ensure!(answer.contains("receive descriptors: Too many open files"), "{answer}");
    ensure_unchanged(&workload, &before)?;
    ensure!(service.ask("empty")? == "ok");
    service.attach(1, &place(&workload))?;
    ensure!(ask(&workload, V4, 1)? == "link 1 169.254.169.1");
    // The helper is there after a request that no answer could come to.
    let long = format!("netns=/{}", "a".repeat(20_000));
    let answer = service.ask(&format!("attach 2 {long}"))?;
    ensure!(answer.contains("the name of the place is too long"), "{answer}");
    ensure!(ask(&workload, V4, 1)? == "link 1 169.254.169.1");
    Ok(())
}

fn a_hundred_links() -> Result<()> {
    const COUNT: u32 = 100;
    let home = namespace()?;
    let mut service = Service::start(&home, "all")?;
    let workloads = (0..COUNT).map(|_| namespace()).collect::<Result<Vec<Namespace>>>()?;
    let start = Instant::now();
    for (number, workload) in (1_u32..).zip(&workloads) {
        service.attach(number, &place(workload))?;
    }
    println!("{COUNT} links: {:?} each", start.elapsed() / COUNT);
    for (number, workload) in (1_u32..).zip(&workloads) {
        ensure!(ask(workload, V4, 1)? == format!("link {number} 169.254.169.1"));
    }
    let start = Instant::now();
    service.stop()?;
    println!("{COUNT} links removed: {:?} each", start.elapsed() / COUNT);
    for workload in &workloads {
        ensure!(!snapshot(workload)?.contains("imds0"));
    }
    Ok(())
}

fn the_serving_process_can_do_nothing() -> Result<()> {
    let (home, workload) = (namespace()?, namespace()?);
    let mut service = Service::start(&home, "none")?;
    service.attach(1, &place(&workload))?;
    ask(&workload, V4, 1)?;
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.child.id()))?;
    for line in [
        "Uid:\t65534\t65534\t65534\t65534",
        "Gid:\t65534\t65534\t65534\t65534",
        "Groups:\t ",
        "CapInh:\t0000000000000000",
        "CapPrm:\t0000000000000000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "CapAmb:\t0000000000000000",
        "NoNewPrivs:\t1",
    ] {
        ensure!(status.lines().any(|other| other == line), "{line} is not in\n{status}");
    }
    for path in ["/proc/self/ns/net".to_owned(), place(&workload).replace("netns=", "")] {
        let answer = service.ask(&format!("enter {path}"))?;
        ensure!(answer.contains("PermissionDenied"), "{answer}");
    }
    Ok(())
}
