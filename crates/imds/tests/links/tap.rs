//! Virtual machines behind TAP devices. A small program plays the monitor, and a namespace the guest.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use imds_linux::link::End;
use imds_linux::{Batch, Namespace, Netlink};
use testkit::workloads::{connect, namespace, run};
use testkit::{Context as _, Need, Process, Result, Trial, ensure, program, tests};

use super::{Machine, get_token, instance_of, lose_token};

pub(super) fn tests() -> Vec<Trial> {
    tests![&[
        Need::Root,
        Need::Tap,
        Need::Program("ip"),
        Need::Program("iptables"),
        Need::Program("python3"),
    ];
        guests_behind_tap_devices,
    ]
}

/// Makes a TAP device as people do, and starts a guest behind it.
fn boot(host: &Namespace, tap: &str, index: u32) -> Result<(Process, Namespace)> {
    let (guest, cable) = (namespace()?, format!("cable{index}"));
    run(host, &["ip", "tuntap", "add", tap, "mode", "tap", "vnet_hdr"])?;
    run(host, &["ip", "link", "set", tap, "up"])?;
    host.run(|| {
        let end = |name, index| End { name, index, mac: None, mtu: 1500 };
        let mut batch = Batch::new();
        batch.veth(end(&cable, index), end("eth0", 70), &guest);
        Netlink::open()?.commit(&batch)
    })??;
    // The cable is not the host's: nothing there may answer.
    run(host, &["ip", "link", "set", &cable, "arp", "off", "up"])?;
    run(&guest, &["ip", "address", "add", "10.0.0.2/24", "dev", "eth0"])?;
    run(&guest, &["ip", "link", "set", "eth0", "up"])?;
    run(&guest, &["ip", "route", "add", "169.254.169.254", "dev", "eth0"])?;
    let script = format!("{}/tests/links/tap.py", env!("CARGO_MANIFEST_DIR"));
    let mut monitor = program("python3");
    monitor.args([script.as_str(), tap, &cable]).stdout(Stdio::piped());
    let mut monitor = host.run(|| Process::start(&mut monitor))??;
    let stdout = monitor.child().stdout.as_mut().context("no output")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    ensure!(line == "ready\n", "the monitor ended");
    Ok((monitor, guest))
}

/// Two guests with one address are two instances; a container in one is a router further.
fn guests_behind_tap_devices() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &["--ami", "al2"])?;
    let (_first_monitor, first) = boot(&host, "tap0", 60)?;
    let (mut second_monitor, second) = boot(&host, "tap1", 61)?;
    let ids = [machine.launch()?, machine.launch()?];
    machine.add(&format!("device=tap0,instance={}", ids[0]))?;
    machine.add(&format!("device=tap1,instance={}", ids[1]))?;
    for (guest, id) in [&first, &second].into_iter().zip(&ids) {
        ensure!(instance_of(guest)? == *id);
        get_token(guest)?;
    }
    let container = namespace()?;
    run(&first, &["sysctl", "-qw", "net.ipv4.ip_forward=1"])?;
    connect((&first, "docker0", 80), (&container, "eth0", 81), [172, 17, 0])?;
    let rule = ["iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "eth0", "-j", "MASQUERADE"];
    run(&first, &rule)?;
    ensure!(instance_of(&container)? == ids[0]);
    machine.set_hop_limit_of(&ids[0], 1)?;
    lose_token(&machine, &container)?;
    // The monitor ends, and its device with it.
    second_monitor.child().kill()?;
    second_monitor.child().wait()?;
    run(&host, &["ip", "link", "delete", "tap1"])?;
    machine.until("device=tap1", "waiting")?;
    ensure!(instance_of(&first)? == ids[0]);
    Ok(())
}
