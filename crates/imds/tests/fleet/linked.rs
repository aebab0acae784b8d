//! Hosts that follow the instances that are linked to them, and no others.

use imds_linux::Namespace;
use testkit::http::{Response, exchange};
use testkit::workloads::{namespace, place};
use testkit::{Family, Finished, Need, Result, Server, Trial, ensure, eventually, imds, tests};

use super::door::Door;
use super::{Fleet, ID, ask, require_tokens, state};
use crate::api::{call, until_applied};
use crate::instances::run_another;

pub(super) fn tests() -> Vec<Trial> {
    let mut trials = tests![
        &[Need::Etcd];
        a_host_hears_of_its_instances_and_of_no_others,
        applied_waits_for_the_hosts_of_an_instance_alone,
        an_instance_moves_from_host_to_host,
    ];
    trials.extend(tests![&[Need::Etcd, Need::Program("ip")]; a_link_that_is_added_is_followed]);
    trials.extend(tests![&[]; each_way_of_such_a_host_is_for_one_instance]);
    trials
}

/// Any address of this machine: the listener says which instance it is.
const HERE: &str = "127.0.0.1";

impl Fleet {
    /// A host that has a listener for each of these instances and follows no others; it reaches etcd through
    /// a door, if there is one.
    fn linked(&self, name: &str, door: Option<&Door>, instances: &[&str]) -> Result<Server> {
        let url = self.url_by(name, door.map_or(self.etcd.address(), Door::address));
        let listen = instances.iter().map(|id| format!("--listen=127.0.0.1:0={id}"));
        let usual = ["--state", &url, "--no-auth", "--ami", "al2", "--follow", "linked"];
        let arguments: Vec<_> = usual.into_iter().map(str::to_owned).chain(listen).collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        Server::start_on(&[], &arguments)
    }
}

fn each_way_of_such_a_host_is_for_one_instance() -> Result<()> {
    const SHARED: &str = "--state=etcd://127.0.0.1:1/?seal-key=/dev/null";
    for (state, way, words) in [
        ("--state=memory", "--listen=127.0.0.1:0=i-11111111", "for a state that hosts share"),
        (SHARED, "--listen=127.0.0.1:0", "--listen 127.0.0.1:0 names no instance"),
        (SHARED, "--link=netns=/run/netns/a", "--link netns=/run/netns/a names no instance"),
    ] {
        let mut serve = imds();
        serve.args(["serve", "--control=off", "--follow=linked", state, way]);
        let refused = Finished::of(&mut serve)?.expect_code(2)?;
        ensure!(refused.stderr.contains(words), "{way}: {refused:#?}");
    }
    Ok(())
}

fn is_applied(server: &Server, id: &str) -> Result<()> {
    until_applied(server.control(), id)
}

fn set_tokens(server: &Server, id: &str, tokens: &str) -> Result<()> {
    let parameters = format!("InstanceId={id}&HttpTokens={tokens}");
    call(server.control(), "ModifyInstanceMetadataOptions", &parameters).map(drop)
}

fn a_host_hears_of_its_instances_and_of_no_others() -> Result<()> {
    const CHANGES: usize = 100;
    let fleet = Fleet::start()?;
    let [all_hears, b_hears] = [(); 2].map(|()| Door::that_hears(fleet.etcd.address()));
    let (all_hears, b_hears) = (all_hears?, b_hears?);
    let all = fleet.host_by("all", all_hears.address(), &[])?;
    let [one, other] = ["172.31.79.1", "172.31.79.2"].map(|address| run_another(&all, address));
    let (one, other) = (one?, other?);
    let a = fleet.linked("a", None, &[&one])?;
    let b = fleet.linked("b", Some(&b_hears), &[&other])?;
    for (host, id) in [(&a, &one), (&b, &other)] {
        ensure!(ask(host, HERE, ID, "")?.text()? == *id);
    }

    let (before, all_before) = (b_hears.heard().len(), all_hears.heard().len());
    for change in 0..CHANGES {
        set_tokens(&all, &one, if change % 2 == 0 { "required" } else { "optional" })?;
    }
    is_applied(&all, &one)?;
    let (after, all_after) = (b_hears.heard().len(), all_hears.heard().len());
    println!(
        "{CHANGES} changes of another host's instance: {} bytes received by its host's neighbour, \
         {} by a host that follows all",
        after - before,
        all_after - all_before
    );
    // Names of keys are not sealed.
    let names = |door: &Door, id: &str| {
        door.heard().windows(id.len()).filter(|bytes| *bytes == id.as_bytes()).count()
    };
    ensure!(names(&b_hears, &one) == 0, "it received something of another host's instance");
    ensure!(names(&b_hears, &other) > 0, "keys have names");
    ensure!(names(&all_hears, &one) >= CHANGES, "it follows all");

    obeys(&b, &other, [&a, &b, &all])
}

/// A host obeys what any of these APIs changes of its instance, once that is applied.
fn obeys(b: &Server, other: &str, apis: [&Server; 3]) -> Result<()> {
    let [a, ..] = apis;
    for (api, tokens) in apis.into_iter().zip(["required", "optional"].into_iter().cycle()) {
        set_tokens(api, other, tokens)?;
        is_applied(api, other)?;
        let expected = if tokens == "required" { 401 } else { 200 };
        ensure!(ask(b, HERE, ID, "")?.status() == expected, "{tokens}");
    }
    call(
        a.control(),
        "CreateTags",
        &format!("ResourceId.1={other}&Tag.1.Key=Stage&Tag.1.Value=test"),
    )?;
    call(
        a.control(),
        "ModifyInstanceMetadataOptions",
        &format!("InstanceId={other}&InstanceMetadataTags=enabled&HttpTokens=optional"),
    )?;
    is_applied(a, other)?;
    let stage = ask(b, HERE, "/latest/meta-data/tags/instance/Stage", "")?;
    ensure!(stage.text()? == "test", "tags are told as well");
    call(a.control(), "TerminateInstances", &format!("InstanceId.1={other}"))?;
    eventually("nobody to serve it", || {
        let found =
            call(a.control(), "DescribeInstances", &format!("InstanceId.1={other}")).ok()?;
        found.contains("<name>terminated</name>").then_some(())
    })?;
    let answer = b.exchange(format!("GET {ID} HTTP/1.0\r\n\r\n"))?;
    ensure!(answer.is_empty(), "nobody is served as an instance that is over");
    Ok(())
}

fn applied_waits_for_the_hosts_of_an_instance_alone() -> Result<()> {
    let fleet = Fleet::start()?;
    let all = fleet.host("all")?;
    let [one, other] = ["172.31.79.1", "172.31.79.2"].map(|address| run_another(&all, address));
    let (one, other) = (one?, other?);
    let a = fleet.linked("a", None, &[&one])?;
    let mut b = fleet.linked("b", None, &[&other])?;
    is_applied(&all, &other)?;

    b.process().signal("STOP")?;
    for api in [&all, &a] {
        set_tokens(api, &one, "required")?;
        is_applied(api, &one)?;
        ensure!(ask(&a, HERE, ID, "")?.status() == 401, "it was applied");
        set_tokens(api, &one, "optional")?;
        is_applied(api, &one)?;
        ensure!(ask(&a, HERE, ID, "")?.status() == 200, "it was applied");
    }
    require_tokens(&all, &other)?;
    for api in [&all, &a] {
        ensure!(state(api, &other)? == "pending", "its host stands still");
    }
    b.process().signal("CONT")?;
    for api in [&a, &all] {
        is_applied(api, &other)?;
        ensure!(ask(&b, HERE, ID, "")?.status() == 401, "it was applied");
    }
    Ok(())
}

fn an_instance_moves_from_host_to_host() -> Result<()> {
    let fleet = Fleet::start()?;
    let all = fleet.host("all")?;
    let id = run_another(&all, "172.31.79.1")?;
    let mut old = fleet.linked("old", None, &[&id])?;
    let put = "PUT /latest/api/token HTTP/1.0\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n";
    let token = super::request(old.address(), HERE, put)?.text()?;
    let new = fleet.linked("new", None, &[&id])?;

    // Both serve it: a change is applied once both obey.
    require_tokens(&all, &id)?;
    is_applied(&all, &id)?;
    for host in [&old, &new] {
        ensure!(ask(host, HERE, ID, "")?.status() == 401, "it was applied");
        let header = format!("X-aws-ec2-metadata-token: {token}\r\n");
        ensure!(ask(host, HERE, ID, &header)?.text()? == id, "a token is good on each");
    }
    old.process().signal("STOP")?;
    set_tokens(&new, &id, "optional")?;
    eventually("the new host to obey", || {
        (ask(&new, HERE, ID, "").ok()?.status() == 200).then_some(())
    })?;
    ensure!(state(&new, &id)? == "pending", "the old host may still serve it");
    old.process().signal("CONT")?;
    is_applied(&new, &id)?;
    ensure!(ask(&old, HERE, ID, "")?.status() == 200, "it was applied");
    old.process().signal("TERM")?;
    old.process().ended()?;
    require_tokens(&all, &id)?;
    is_applied(&all, &id)?;
    ensure!(ask(&new, HERE, ID, "")?.status() == 401, "it was applied");
    Ok(())
}

/// Runs `imds link` on a host.
fn link(fleet: &Fleet, host: &str, words: &[&str]) -> Result<Finished> {
    let mut command = imds();
    Finished::of(command.arg("link").args(words).args(["--state", &fleet.url(host)]))
}

/// What the metadata address answers a workload.
fn ask_in(workload: &Namespace) -> Result<Response> {
    let request = format!("GET {ID} HTTP/1.0\r\n\r\n");
    Response::parse(&workload.run(|| exchange(Family::Ipv4.service(), request.as_bytes()))??)
}

fn a_link_that_is_added_is_followed() -> Result<()> {
    let fleet = Fleet::start()?;
    let all = fleet.host("all")?;
    let [one, other] = ["172.31.79.1", "172.31.79.2"].map(|address| run_another(&all, address));
    let (one, other) = (one?, other?);
    let mut host = fleet.linked("linked", None, &[&other])?;
    let workload = namespace()?;
    let place = place(&workload);
    for (way, words) in [
        (place.clone(), "name the one that the link is for"),
        (format!("{place},instance=i-0123456789abcdef0"), "there is no instance"),
    ] {
        let refused = link(&fleet, "linked", &["add", &way])?;
        ensure!(!refused.status.success() && refused.stderr.contains(words), "{refused:#?}");
    }
    // It answers once it has the instance as it is, and obeys what is changed from then on.
    let way = format!("{place},instance={one}");
    link(&fleet, "linked", &["add", &way])?.expect_code(0)?;
    ensure!(ask_in(&workload)?.text()? == one);
    for (tokens, expected) in [("required", 401), ("optional", 200)] {
        set_tokens(&all, &one, tokens)?;
        is_applied(&all, &one)?;
        ensure!(ask_in(&workload)?.status() == expected, "{tokens} was applied");
    }
    host.process().signal("STOP")?;
    require_tokens(&all, &one)?;
    ensure!(state(&all, &one)? == "pending", "the host of its link stands still");
    host.process().signal("CONT")?;
    is_applied(&all, &one)?;
    ensure!(ask_in(&workload)?.status() == 401, "it was applied");
    // Without the link it has no part in what becomes of the instance.
    link(&fleet, "linked", &["remove", &place])?.expect_code(0)?;
    host.process().signal("STOP")?;
    set_tokens(&all, &one, "optional")?;
    is_applied(&all, &one)?;
    host.process().signal("CONT")
}
