//! Links to devices of the host.

use testkit::{Need, Result, Trial, ensure, eventually};

use crate::host::{
    self, V4, V6, ask, assert_lost, connect, ensure_unchanged, host_with_guests, namespace,
    snapshot,
};
use crate::service::Service;

const IP: &[Need] = &[Need::Program("ip")];

pub(crate) fn tests() -> Vec<Trial> {
    testkit::tests!(IP;
        guests_with_the_same_address_reach_their_own_link,
        a_container_in_a_guest_is_one_hop_further,
        guests_on_a_bridge_are_answered,
        a_strict_source_check_is_relaxed_for_the_device_alone,
        what_was_on_the_device_stays,
        a_removed_device_is_noticed,
        port_80_of_another_program_is_named,
    )
}

fn guests_with_the_same_address_reach_their_own_link() -> Result<()> {
    let (host, [first, second]) = host_with_guests()?;
    let mut service = Service::start(&host, "all")?;
    ensure!(service.attach(1, "device=tap0")? == "tap0");
    ensure!(service.attach(2, "device=tap1")? == "tap1");
    for _ in 0..3 {
        ensure!(ask(&first, V4, 1)? == "link 1 10.0.0.2");
        ensure!(ask(&second, V4, 1)? == "link 2 10.0.0.2");
    }
    // IPv6 by the link-local addresses that guests have.
    host::run(&first, &["ip", "route", "add", "fd00:ec2::254", "dev", "eth0"])?;
    for namespace in [&host, &first] {
        host::wait_for_addresses(namespace)?;
    }
    let told = ask(&first, V6, 1)?;
    ensure!(told.starts_with("link 1 fe80::"), "{told}");
    Ok(())
}

fn a_container_in_a_guest_is_one_hop_further() -> Result<()> {
    let (host, [guest, _]) = host_with_guests()?;
    let container = namespace()?;
    host::run(&guest, &["sysctl", "-qw", "net.ipv4.ip_forward=1"])?;
    connect((&guest, "docker0", 50), (&container, "eth0", 51), [172, 17, 0])?;
    let rule = ["iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "eth0", "-j", "MASQUERADE"];
    host::run(&guest, &rule)?;
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "device=tap0")?;
    ask(&guest, V4, 1)?;
    ask(&container, V4, 2)?;
    assert_lost(&container, V4, 1)
}

fn guests_on_a_bridge_are_answered() -> Result<()> {
    let (host, guests) = host_with_guests()?;
    host::run(&host, &["ip", "link", "add", "br0", "type", "bridge"])?;
    host::run(&host, &["ip", "link", "set", "br0", "up"])?;
    for device in ["tap0", "tap1"] {
        host::run(&host, &["ip", "link", "set", device, "master", "br0"])?;
    }
    host::run(&guests[1], &["ip", "address", "del", "10.0.0.2/24", "dev", "eth0"])?;
    host::run(&guests[1], &["ip", "address", "add", "10.0.0.3/24", "dev", "eth0"])?;
    host::run(&guests[1], &["ip", "route", "replace", "169.254.169.254", "dev", "eth0"])?;
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "device=br0")?;
    ensure!(ask(&guests[0], V4, 1)? == "link 1 10.0.0.2");
    ensure!(ask(&guests[1], V4, 1)? == "link 1 10.0.0.3");
    Ok(())
}

fn a_strict_source_check_is_relaxed_for_the_device_alone() -> Result<()> {
    let (host, [first, second]) = host_with_guests()?;
    host::run(&host, &["sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1"])?;
    host::run(&host, &["ip", "route", "add", "10.0.0.0/24", "dev", "tap0"])?;
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "device=tap0")?;
    service.attach(2, "device=tap1")?;
    ensure!(ask(&first, V4, 1)? == "link 1 10.0.0.2");
    ensure!(ask(&second, V4, 1)? == "link 2 10.0.0.2");
    let check =
        || -> Result<Option<u8>> { Ok(host.run(|| imds_linux::sysctl::source_check("tap1"))?) };
    ensure!(check()? == Some(2));
    ensure!(service.ask("detach 2")? == "ok");
    ensure!(check()? != Some(2));
    Ok(())
}

fn what_was_on_the_device_stays() -> Result<()> {
    let (host, _guests) = host_with_guests()?;
    host::run(&host, &["ip", "address", "add", "192.168.7.1/24", "dev", "tap0"])?;
    let before = snapshot(&host)?;
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "device=tap0")?;
    ensure!(snapshot(&host)? != before);
    ensure!(service.ask("detach 1")? == "ok");
    ensure_unchanged(&host, &before)?;
    service.attach(1, "device=tap0")?;
    service.kill()?;
    eventually("the helper removes the address", || (snapshot(&host).ok()? == before).then_some(()))
}

fn a_removed_device_is_noticed() -> Result<()> {
    let (host, [_first, second]) = host_with_guests()?;
    let mut service = Service::start(&host, "all")?;
    service.attach(1, "device=tap0")?;
    service.attach(2, "device=tap1")?;
    host::run(&host, &["ip", "link", "del", "tap0"])?;
    ensure!(service.ask("gone 1")? == "gone", "not within a second");
    ensure!(service.ask("gone 2")? == "there");
    ask(&second, V4, 1)?;
    Ok(())
}

fn port_80_of_another_program_is_named() -> Result<()> {
    let (host, _guests) = host_with_guests()?;
    let listener = host.run(|| std::net::TcpListener::bind("0.0.0.0:80"))??;
    let before = snapshot(&host)?;
    let mut service = Service::start(&host, "all")?;
    let answer = service.ask("attach 1 device=tap0")?;
    ensure!(answer.contains("listens on port 80 of all addresses"), "{answer}");
    ensure_unchanged(&host, &before)?;
    drop(listener);
    service.attach(1, "device=tap0")?;
    Ok(())
}
