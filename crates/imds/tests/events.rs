//! Events of a running service: what a command or the settings file lets happen, clients see.

use std::fs;

use serde_json::{Value, json};
use testkit::{Finished, Need, Result, Server, Trial, ensure, eventually, test, tests};

use crate::api::{call, element};
use crate::tools::{expect, imds_beside, output};

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = tests![
        &[];
        a_spot_notice_comes_and_is_taken_back,
        a_notice_waits_for_its_time,
        rebalance_and_lifecycle_come_and_go,
        maintenance_has_a_history,
        events_are_one_instances_and_outlive_the_process,
        what_cannot_happen_is_named,
        the_settings_file_has_a_schedule,
    ];
    let needs = &[Need::Program("curl")];
    tests.push(test("events::exec_keeps_the_schedule", needs, exec_keeps_the_schedule));
    tests
}

const DEFAULT: &str = "i-1234567890abcdef0";

fn status(server: &Server, path: &str) -> Result<u16> {
    Ok(server.request("GET", &format!("/latest/meta-data/{path}"), &[])?.status())
}

fn text(server: &Server, path: &str) -> Result<String> {
    server.request("GET", &format!("/latest/meta-data/{path}"), &[])?.text()
}

/// Waits until a path is there, or is gone.
fn becomes(server: &Server, path: &str, expected: u16) -> Result<()> {
    let probe = || (status(server, path).ok()? == expected).then_some(());
    eventually(&format!("{expected} for {path}"), probe)
}

/// Waits until a path's value has these words, and gives it.
fn shows(server: &Server, path: &str, words: &str) -> Result<String> {
    let probe = || text(server, path).ok().filter(|text| text.contains(words));
    eventually(&format!("{words:?} in {path}"), probe)
}

fn listed(server: &Server) -> Result<Vec<Value>> {
    Ok(serde_json::from_str(&output(server, &["event", "list", "--json"])?)?)
}

fn a_spot_notice_comes_and_is_taken_back() -> Result<()> {
    let server = Server::start(&["--ami", "al2"])?;
    ensure!(status(&server, "spot/instance-action")? == 404);
    let said = output(&server, &["event", "spot-interruption"])?;
    expect(&said, &["ID ", "spot-interruption  terminate  active"])?;
    becomes(&server, "spot/instance-action", 200)?;
    let notice: Value = serde_json::from_str(&text(&server, "spot/instance-action")?)?;
    let [event] = &listed(&server)?[..] else { panic!("one event is listed") };
    let notice_is_early = event["time"].as_u64().unwrap_or(0) - 120;
    ensure!(notice["action"] == "terminate" && event["shown_from"] == notice_is_early, "{event}");
    ensure!(notice["time"] == text(&server, "spot/termination-time")?, "{notice}");
    expect(&text(&server, "")?, &["spot/"])?;

    // Another one takes its place; EC2 says no termination time where it only stops.
    output(&server, &["event", "spot-interruption", "--action", "stop", "--in", "30s"])?;
    becomes(&server, "spot/termination-time", 404)?;
    expect(&text(&server, "spot/instance-action")?, &["\"stop\""])?;

    output(&server, &["event", "cancel", "spot-interruption"])?;
    becomes(&server, "spot/instance-action", 404)?;
    becomes(&server, "spot/", 404)?;
    ensure!(listed(&server)?.is_empty());
    Ok(())
}

/// The notice is two minutes early, and no earlier.
fn a_notice_waits_for_its_time() -> Result<()> {
    let server = Server::start(&["--ami", "al2"])?;
    let at = ["--at", "2100-01-01T00:00:00Z"];
    let said = output(&server, &[&["event", "spot-interruption"], &at[..]].concat())?;
    expect(&said, &["pending", "2100-01-01T00:00:00Z", "2099-12-31T23:58:00Z"])?;
    // What is committed later is seen later: this one was in force before.
    output(&server, &["event", "rebalance"])?;
    becomes(&server, "events/recommendations/rebalance", 200)?;
    ensure!(status(&server, "spot/instance-action")? == 404);
    Ok(())
}

fn rebalance_and_lifecycle_come_and_go() -> Result<()> {
    let server = Server::start(&["--ami", "al2"])?;
    let [rebalance, state] =
        ["events/recommendations/rebalance", "autoscaling/target-lifecycle-state"];
    output(&server, &["event", "rebalance"])?;
    shows(&server, rebalance, "noticeTime")?;
    for wanted in ["InService", "Terminated", "Warmed:Hibernated"] {
        output(&server, &["event", "lifecycle-state", wanted])?;
        shows(&server, state, wanted)?;
    }
    for (id, path) in [("rebalance", rebalance), ("lifecycle-state", state)] {
        output(&server, &["event", "cancel", id])?;
        becomes(&server, path, 404)?;
    }
    Ok(())
}

fn maintenance_has_a_history() -> Result<()> {
    let server = Server::start(&["--ami", "al2", "--no-auth"])?;
    let [scheduled, history] = ["events/maintenance/scheduled", "events/maintenance/history"];
    let add = |code: &str, more: &[&str]| -> Result<String> {
        let words = ["event", "maintenance", "add", "--json", "--code", code];
        let added: Value = serde_json::from_str(&output(&server, &[&words, more].concat())?)?;
        Ok(added[0]["id"].as_str().unwrap_or_default().to_owned())
    };
    let reboot = add("system-reboot", &["--at", "2100-01-01T00:00:00Z", "--lasts", "1h"])?;
    let stop = add("instance-stop", &["--description", "a stop of its own"])?;
    let shown = shows(&server, scheduled, &stop)?;
    let entries: Vec<Value> = serde_json::from_str(&shown)?;
    let first = json!({
        "NotBefore": "1 Jan 2100 00:00:00 GMT", "NotAfter": "1 Jan 2100 01:00:00 GMT",
        "Code": "system-reboot", "Description": "scheduled reboot", "EventId": reboot,
        "State": "active",
    });
    ensure!(entries.len() == 2 && entries[0] == first, "{shown}");

    let by = |filter: &str, value: &str| {
        let filter = format!("Filter.1.Name={filter}&Filter.1.Value.1={value}");
        call(server.control(), "DescribeInstanceStatus", &filter)
    };
    let of_status = by("event.code", "system-reboot")?;
    expect(
        &of_status,
        &[
            &format!("<instanceEventId>{reboot}</instanceEventId>"),
            "<code>instance-stop</code>",
            "<description>a stop of its own</description>",
            "<notBefore>2100-01-01T00:00:00.000Z</notBefore>",
        ],
    )?;
    ensure!(!by("event.code", "instance-retirement")?.contains(DEFAULT));

    output(&server, &["event", "maintenance", "complete", &reboot])?;
    output(&server, &["event", "maintenance", "cancel", &stop])?;
    let shown = shows(&server, history, "[Canceled] a stop of its own")?;
    expect(&shown, &["[Completed] scheduled reboot", "\"completed\"", "\"canceled\""])?;
    ensure!(text(&server, scheduled)? == "[]");
    expect(&by("event.instance-event-id", &stop)?, &["[Canceled] a stop of its own"])?;
    let again = imds_beside(&server, &["event", "maintenance", "cancel", &stop]);
    let finished = Finished::of(&mut { again })?.expect_code(2)?;
    expect(&finished.stderr, &[&stop, "is not scheduled maintenance"])?;

    for id in [&reboot, &stop] {
        output(&server, &["event", "cancel", id])?;
    }
    let probe = || (text(&server, history).ok()? == "[]").then_some(());
    eventually("an empty history", probe)
}

fn events_are_one_instances_and_outlive_the_process() -> Result<()> {
    let mut server = Server::start(&["--ami", "al2", "--no-auth"])?;
    let launch = "ImageId=ami-025c74f0395f660ea&MinCount=1&MaxCount=1";
    let launched = call(server.control(), "RunInstances", launch)?;
    let other = element(&launched, "instanceId")?;
    output(&server, &["event", "rebalance", "--instance-id", other])?;
    ensure!(listed(&server)?.is_empty(), "it is the other one's");
    let list = output(&server, &["event", "list", "--instance-id", other])?;
    expect(&list, &["rebalance  rebalance"])?;

    output(&server, &["event", "lifecycle-state", "Standby"])?;
    server.kill_and_restart()?;
    ensure!(text(&server, "autoscaling/target-lifecycle-state")? == "Standby");
    ensure!(status(&server, "events/recommendations/rebalance")? == 404);
    Ok(())
}

fn what_cannot_happen_is_named() -> Result<()> {
    let server = Server::start(&[])?;
    for (arguments, code, words) in [
        (&["cancel", "rebalance"][..], 1, "i-1234567890abcdef0 has no event rebalance"),
        (&["rebalance", "--instance-id", "i-11111111"], 1, "no instance i-11111111 in us-east-1"),
        (&["lifecycle-state", "Asleep"], 2, "it is Detached, InService"),
        (&["spot-interruption", "--action", "reboot"], 2, "it is hibernate, stop or terminate"),
        (&["spot-interruption", "--at", "noon"], 2, "not a time such as"),
        (&["rebalance", "--at", "2030-01-01T00:00:00Z", "--in", "2m"], 2, "cannot be used with"),
        (&["maintenance", "complete", "instance-event-1"], 2, "not scheduled maintenance"),
    ] {
        let mut command = imds_beside(&server, &[&["event"], arguments].concat());
        let finished = Finished::of(&mut command)?.expect_code(code)?;
        expect(&finished.stderr, &[words])?;
    }
    Ok(())
}

/// What `after`, `every` and `at` come to is tested where it is computed, by a clock of the test's.
const SCHEDULE: &str = "\
[instance]
ami = \"al2\"
[[event]]
after = \"0s\"
kind = \"spot-interruption\"
action = \"hibernate\"
[[event]]
every = \"1s\"
kind = \"maintenance\"
code = \"instance-retirement\"
[[event]]
at = \"2000-01-01T00:00:00Z\"
kind = \"rebalance\"
[[event]]
after = \"1s\"
kind = \"lifecycle-state\"
state = \"Terminated\"
instance = \"i-11111111\"
";

fn the_settings_file_has_a_schedule() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("imds.toml");
    fs::write(&file, SCHEDULE)?;
    let server = Server::start(&["--config", &file.to_string_lossy()])?;
    shows(&server, "spot/instance-action", "hibernate")?;
    eventually("a second maintenance", || {
        let shown = text(&server, "events/maintenance/scheduled").ok()?;
        (shown.matches("instance-retirement").count() >= 2).then_some(())
    })?;
    ensure!(status(&server, "events/recommendations/rebalance")? == 404, "it is long past");
    eventually("a message", || server.messages().contains("no instance i-11111111").then_some(()))?;

    // What the clock did can be taken back as everything else.
    output(&server, &["event", "cancel", "spot-interruption"])?;
    becomes(&server, "spot/instance-action", 404)
}

fn exec_keeps_the_schedule() -> Result<()> {
    const WAIT: &str = "timeout 20 sh -c 'until curl -sf \
                        http://169.254.169.254/latest/meta-data/spot/instance-action; do :; done'; \
                        echo; env | grep -c ^AWS_ENDPOINT";
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("imds.toml");
    fs::write(&file, SCHEDULE)?;
    let config = file.to_string_lossy();
    let printed = Finished::of(&mut testkit::exec(&["--config", &config], &["sh", "-c", WAIT]))?;
    expect(&printed.stdout, &["\"hibernate\"", "\n0\n"])
}
