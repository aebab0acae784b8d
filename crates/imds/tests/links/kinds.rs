//! Each kind of link, as its users meet it.

use std::process::{Command, Stdio};

use imds_linux::Namespace;
use testkit::workloads::{
    ensure_unchanged, host_with_container, host_with_guests, namespace, place, run, snapshot,
    wait_for_addresses,
};
use testkit::{Context as _, Family, Need, Process, Result, Trial, ensure, tests};

use super::{DEFAULT_INSTANCE, Machine, get_token, instance_of, instance_over, lose_token};

const IP: &[Need] = &[Need::Program("ip")];

pub(super) fn tests() -> Vec<Trial> {
    tests![IP;
        this_machine_is_the_instance,
        each_kind_of_workload,
        guests_with_the_same_address_are_two_instances,
        a_guest_cannot_speak_as_its_neighbour,
        ipv6_answers_where_the_option_says_so,
        what_cannot_be_linked_is_refused,
        the_settings_file_has_links,
    ]
}

/// The article's host: a container behind it loses its token at 1, gets IMDSv1, and a token at 2.
fn this_machine_is_the_instance() -> Result<()> {
    let (host, container) = host_with_container()?;
    let before = snapshot(&host)?;
    let mut machine = Machine::start(&host, &["--ami", "al2", "--link", "host"])?;
    for namespace in [&host, &container] {
        ensure!(instance_of(namespace)? == DEFAULT_INSTANCE);
    }
    get_token(&host)?;
    lose_token(&machine, &container)?;
    machine.set_hop_limit(2)?;
    get_token(&container)?;
    let link = &machine.list()?[0];
    ensure!(link["kind"] == "host" && link["state"] == "attached", "{link}");
    ensure!(link["v1"] == 2 && link["connections"].as_u64() >= Some(5), "{link}");
    machine.stop()?;
    ensure_unchanged(&host, &before)?;
    Ok(())
}

fn each_kind_of_workload() -> Result<()> {
    let (host, [guest, _]) = host_with_guests()?;
    let workload = namespace()?;
    let mut process = workload
        .run(|| Process::start(Command::new("sleep").arg("600").stdout(Stdio::null())))??;
    let machine = Machine::start(&host, &["--ami", "al2"])?;
    let by_path = place(&workload);
    let by_process = format!("pid={}", process.child().id());
    for (link, kind, client) in [
        ("host", "host", &host),
        (by_path.as_str(), "netns", &workload),
        (by_process.as_str(), "pid", &workload),
        ("device=tap0", "device", &guest),
    ] {
        let namespaces = [&host, &workload, &guest];
        let before = namespaces.map(snapshot);
        let number = machine.add(link)?;
        ensure!(instance_of(client)? == DEFAULT_INSTANCE, "{link}");
        get_token(client)?;
        let listed = machine.list()?;
        ensure!(listed.len() == 1, "{listed:?}");
        ensure!(listed[0]["kind"] == kind && listed[0]["place"] == link, "{listed:?}");
        ensure!(listed[0]["requests"] == 2 && listed[0]["v1"] == 1, "{listed:?}");
        ensure!(listed[0]["connections"] == 2, "{listed:?}");
        let table = machine.link(&["list"])?.expect_code(0)?.stdout;
        ensure!(table.contains("attached") && table.contains("2 (0 open)"), "{table}");
        machine.link(&["remove", &number.to_string()])?.expect_code(0)?;
        ensure!(machine.list()?.is_empty());
        for (namespace, before) in namespaces.iter().zip(before) {
            ensure_unchanged(namespace, &before?).with_context(|| link.to_owned())?;
        }
    }
    Ok(())
}

fn guests_with_the_same_address_are_two_instances() -> Result<()> {
    let (host, [first, second]) = host_with_guests()?;
    let machine = Machine::start(&host, &["--ami", "al2"])?;
    let other = machine.launch()?;
    machine.add(&format!("device=tap0,instance={DEFAULT_INSTANCE}"))?;
    machine.add(&format!("device=tap1,instance={other}"))?;
    for _ in 0..3 {
        ensure!(instance_of(&first)? == DEFAULT_INSTANCE);
        ensure!(instance_of(&second)? == other);
    }
    Ok(())
}

/// With the address and the Ethernet address of its neighbour it is still itself.
fn a_guest_cannot_speak_as_its_neighbour() -> Result<()> {
    let (host, [first, second]) = host_with_guests()?;
    let machine = Machine::start(&host, &["--ami", "al2"])?;
    let other = machine.launch()?;
    machine.add(&format!("device=tap0,instance={DEFAULT_INSTANCE}"))?;
    machine.add(&format!("device=tap1,instance={other}"))?;
    run(&second, &["ip", "link", "set", "eth0", "down"])?;
    let ethernet = ethernet_of(&first)?;
    run(&second, &["ip", "link", "set", "eth0", "address", &ethernet, "up"])?;
    run(&second, &["ip", "route", "replace", "169.254.169.254", "dev", "eth0"])?;
    for _ in 0..3 {
        ensure!(instance_of(&second)? == other);
        ensure!(instance_of(&first)? == DEFAULT_INSTANCE);
    }
    Ok(())
}

fn ethernet_of(guest: &Namespace) -> Result<String> {
    let shown =
        guest.run(|| Command::new("ip").args(["-o", "link", "show", "eth0"]).output())??;
    let shown = String::from_utf8(shown.stdout)?;
    let mut words = shown.split_whitespace().skip_while(|word| *word != "link/ether");
    words.nth(1).map(str::to_owned).context("no Ethernet address")
}

fn ipv6_answers_where_the_option_says_so() -> Result<()> {
    let (host, workload) = (namespace()?, namespace()?);
    let arguments = ["--ami", "al2", "--instance-type", "t3.micro"];
    let machine = Machine::start(&host, &arguments)?;
    machine.add(&place(&workload))?;
    wait_for_addresses(&workload)?;
    ensure!(instance_of(&workload)? == DEFAULT_INSTANCE);
    ensure!(instance_over(&workload, Family::Ipv6).is_err(), "it is disabled");
    let enabled = format!("InstanceId={DEFAULT_INSTANCE}&HttpProtocolIpv6=enabled");
    machine.call("ModifyInstanceMetadataOptions", &enabled)?;
    let answer =
        testkit::eventually("an answer over IPv6", || instance_over(&workload, Family::Ipv6).ok())?;
    ensure!(answer == DEFAULT_INSTANCE);
    Ok(())
}

fn what_cannot_be_linked_is_refused() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    let missing = format!("{},instance=i-11111111", place(&host));
    for (words, code, part) in [
        (&["add", "everything"][..], 2, "use host, netns=PATH"),
        (&["add", "host,instance=web"], 2, "\"web\""),
        (&["add", "pid=2147483647"], 1, "no process has this number"),
        (&["add", &missing], 1, "there is no instance i-11111111"),
        (&["remove", "7"], 1, "there is no link 7"),
        (&["remove", "container=web"], 1, "there is no link container=web"),
    ] {
        let finished = machine.link(words)?.expect_code(code)?;
        ensure!(finished.stderr.contains(part), "{words:?}: {finished:?}");
        ensure!(machine.list()?.is_empty(), "{words:?}");
    }
    machine.add("host")?;
    let again = machine.link(&["add", "host"])?.expect_code(2)?;
    ensure!(again.stderr.contains("host is link"), "{again:?}");
    // The same network by another name.
    let again = machine.link(&["add", &place(&host)])?.expect_code(2)?;
    ensure!(again.stderr.contains("another link of this machine has it"), "{again:?}");
    let end = machine.link(&["add", "device=imds0"])?.expect_code(2)?;
    ensure!(end.stderr.contains("a link's own end"), "{end:?}");
    ensure!(machine.list()?.len() == 1);
    // What comes later is waited for.
    let later = machine.link(&["add", "netns=/nonexistent"])?.expect_code(0)?;
    ensure!(
        later.stdout.contains("waits: netns=/nonexistent: /nonexistent does not exist"),
        "{later:?}"
    );
    Ok(())
}

fn the_settings_file_has_links() -> Result<()> {
    let (host, workload) = (namespace()?, namespace()?);
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("imds.toml");
    let place = place(&workload);
    let text = format!(
        "link = ['host', '{place},instance={DEFAULT_INSTANCE}']\n[instance]\nami = 'al2'\n"
    );
    std::fs::write(&file, text)?;
    let machine = Machine::start(&host, &["--config", file.to_str().context("UTF-8")?])?;
    for namespace in [&host, &workload] {
        ensure!(instance_of(namespace)? == DEFAULT_INSTANCE);
    }
    ensure!(machine.list()?[1]["instance"] == DEFAULT_INSTANCE);
    Ok(())
}
