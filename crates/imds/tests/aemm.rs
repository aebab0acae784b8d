//! The configuration file of amazon-ec2-metadata-mock: `aemm/default.json` is what that writes itself
//! (`--save-config-to-file`, v1.13.0, Apache-2.0), with two long values cut short.

use std::fs;

use serde_json::Value;
use testkit::{Context as _, Finished, Result, Server, Trial, ensure, eventually, imds, tests};

use crate::tools::{expect, output};

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        &[];
        the_default_file_is_served_value_by_value,
        its_mocks_wait_and_can_be_taken_back,
        a_flag_wins_and_a_mistake_is_named,
    ]
}

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/aemm/default.json");

/// Served otherwise than the file writes them: a list, and what each event has of its own.
const OTHERWISE: [&str; 2] = ["elastic-inference-associations", "iam-security-credentials"];

fn get(server: &Server, path: &str) -> Result<(u16, String)> {
    let answer = server.request("GET", path, &[])?;
    Ok((answer.status(), answer.text()?))
}

fn the_default_file_is_served_value_by_value() -> Result<()> {
    let server = Server::start(&["--aemm-config", FILE])?;
    let file: Value = serde_json::from_str(&fs::read_to_string(FILE)?)?;
    let values = file["metadata"]["values"].as_object().context("it has values")?;
    let mut checked = 0;
    for (key, value) in values {
        let Some(path) = file["metadata"]["paths"][key].as_str() else { continue };
        if OTHERWISE.contains(&key.as_str()) {
            continue;
        }
        let (status, body) = get(&server, path)?;
        let is_same = match value {
            Value::String(text) => body == *text,
            document => serde_json::from_str::<Value>(&body)? == *document,
        };
        ensure!(status == 200 && is_same, "{key}: {path} is {status} {body}, not {value}");
        checked += 1;
    }
    ensure!(checked > 55, "only {checked} values were looked at");

    let mac = "/latest/meta-data/network/interfaces/macs/";
    ensure!(get(&server, mac)?.1 == "0e:49:61:0f:c3:11/", "there is one interface");
    let (_, keys) = get(&server, "/latest/meta-data/iam/security-credentials/baskinc-role")?;
    let keys: Value = serde_json::from_str(&keys)?;
    let said = &file["metadata"]["values"]["iam-security-credentials"];
    ensure!(keys["AccessKeyId"] == said["AccessKeyId"] && keys["Token"] == said["Token"]);
    ensure!(get(&server, "/latest/user-data")?.1 == "1234,john,reboot,true\n");
    ensure!(get(&server, "/latest/dynamic/fws/instance-monitoring")?.1 == "disabled");

    // All mocks are there from the start.
    for (path, words) in [
        ("spot/instance-action", "\"terminate\""),
        ("events/recommendations/rebalance", "noticeTime"),
        ("events/maintenance/scheduled", "\"NotAfter\" : \"17 May 2021 21:22:30 GMT\""),
        ("autoscaling/target-lifecycle-state", "Terminated"),
    ] {
        eventually(path, || {
            let (status, body) = get(&server, &format!("/latest/meta-data/{path}")).ok()?;
            (status == 200 && body.contains(words)).then_some(())
        })?;
    }

    let messages = server.messages();
    let warnings: Vec<_> = messages.lines().filter(|line| line.contains("not served")).collect();
    ensure!(warnings.len() == 1, "not one warning: {messages}");
    let warning = warnings[0];
    expect(
        warning,
        &[
            "dynamic.values.instance-identity-document",
            "events.not-before-deadline",
            "metadata.values.event-id",
            "mock-ip-count",
        ],
    )?;
    ensure!(!warning.contains("metadata.paths"), "{warning}");
    Ok(())
}

fn its_mocks_wait_and_can_be_taken_back() -> Result<()> {
    let server = serve(r#"{"mock-delay-sec": 100000, "imdsv2": true}"#)?;
    let token = server.token(60)?;
    let header = format!("X-aws-ec2-metadata-token: {token}");
    let status = |path: &str| -> Result<u16> {
        let path = format!("/latest/meta-data/{path}");
        Ok(server.request("GET", &path, &[&header])?.status())
    };
    eventually("the recommendation", || {
        (status("events/recommendations/rebalance").ok()? == 200).then_some(())
    })?;
    ensure!(status("spot/instance-action")? == 404, "it is not its time");
    ensure!(get(&server, "/latest/meta-data/")?.0 == 401, "it wants a token");
    output(&server, &["event", "cancel", "rebalance"])?;
    eventually("the recommendation to be gone", || {
        (status("events/recommendations/rebalance").ok()? == 404).then_some(())
    })
}

fn a_flag_wins_and_a_mistake_is_named() -> Result<()> {
    let server = Server::start(&["--aemm-config", FILE, "--instance-id", "i-11111111"])?;
    ensure!(get(&server, "/latest/meta-data/instance-id")?.1 == "i-11111111");
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("aemm.json");
    fs::write(&file, r#"{"spot": {"action": "reboot"}}"#)?;
    let mut serve = imds();
    serve.args(["serve", "--state", "memory", "--aemm-config"]).arg(&file);
    let finished = Finished::of(&mut serve)?.expect_code(2)?;
    expect(&finished.stderr, &["aemm.json", "spot.action"])
}

fn serve(text: &str) -> Result<Server> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("aemm.json");
    fs::write(&file, text)?;
    Server::start(&["--aemm-config", &file.to_string_lossy()])
}
