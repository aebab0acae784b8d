//! The driver of Netavark, by the documents of its protocol.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use testkit::workloads::namespace;
use testkit::{Need, Result, Trial, ensure, tests};

use super::super::{Machine, Mount, get_token, instance_of};
use super::runtime::running;

pub(super) fn tests() -> Vec<Trial> {
    tests![&[Need::Program("ip")];
        a_container_has_metadata_from_setup_to_teardown,
    ]
}

/// Runs the plugin as Netavark does: by its file, with words, and JSON on standard input.
fn call(machine: &Machine<'_>, words: &[&Path], input: &Value) -> Result<(bool, Value)> {
    let directory = tempfile::tempdir()?;
    let (file, text) = (directory.path().join("imds-netavark"), directory.path().join("input"));
    symlink(testkit::binary(), &file)?;
    std::fs::write(&text, input.to_string())?;
    let output = machine.host.run(|| {
        let stdin = std::fs::File::open(text)?;
        Command::new(file).args(words).env_clear().stdin(Stdio::from(stdin)).output()
    })??;
    let stdout = String::from_utf8(output.stdout)?;
    ensure!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = if stdout.is_empty() { Value::Null } else { serde_json::from_str(&stdout)? };
    Ok((output.status.success(), printed))
}

fn a_container_has_metadata_from_setup_to_teardown() -> Result<()> {
    let host = namespace()?;
    let mut machine = Machine::start(&host, &[])?;
    let state = machine.server.state_home().join("imds/state.db");
    let network = json!({
        "name": "metadata",
        "id": "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9",
        "driver": "imds-netavark",
        "ipv6_enabled": false, "internal": false, "dns_enabled": false,
        "ipam_options": {"driver": "none"},
        "options": {
            "state": state, "image": "al2", "httpTokens": "optional", "instanceType": "m5.large",
            "instanceMetadataTags": "enabled", "tag.team": "a",
        },
    });
    let [info, create, setup, teardown] = ["info", "create", "setup", "teardown"].map(Path::new);
    let (_, versions) = call(&machine, &[info], &Value::Null)?;
    ensure!(versions["api_version"] == "1.0.0" && versions["version"].is_string(), "{versions}");
    ensure!(call(&machine, &[], &Value::Null)? == (true, versions));
    let (is_success, created) = call(&machine, &[create], &network)?;
    ensure!(is_success && created == network, "{created}");
    let mut wrong = network.clone();
    wrong["options"]["colour"] = json!("red");
    let (is_success, refused) = call(&machine, &[create], &wrong)?;
    ensure!(!is_success && refused["error"].as_str().is_some_and(|it| it.contains("colour")));

    let container = |name: &str| {
        json!({
            "container_id": format!("{name}7ff91f961eb3cb47ffe9315016979f3ffbec09e4d96a4fae3fb03391697"),
            "container_name": name,
            "port_mappings": [],
            "network": network,
            "network_options": {"aliases": [], "interface_name": "eth1"},
        })
    };
    let (web, pod) = (container("web"), namespace()?);
    let path = Mount::new(&pod)?;
    let (is_success, status) = call(&machine, &[setup, &path.path()], &web)?;
    ensure!(is_success && status["interfaces"].is_object(), "{status}");
    let id = instance_of(&pod)?;
    get_token(&pod)?;
    ensure!(super::get(&pod, "meta-data/instance-type")? == "m5.large");
    ensure!(super::get(&pod, "meta-data/tags/instance/Name")? == "web");
    let (is_success, again) = call(&machine, &[setup, &path.path()], &web)?;
    ensure!(!is_success && again["error"].as_str().is_some_and(|it| it.contains(&id)), "{again}");
    for _ in 0..2 {
        let torn_down = call(&machine, &[teardown, &path.path()], &web)?;
        ensure!(torn_down == (true, Value::Null), "{torn_down:?}");
    }
    ensure!(running(&machine)?.is_empty() && machine.list()?.is_empty());
    machine.server.process().child().kill()?;
    machine.server.process().child().wait()?;
    let (is_success, down) = call(&machine, &[setup, &path.path()], &web)?;
    let hint = down["error"].as_str().is_some_and(|it| it.contains("start it: imds serve"));
    ensure!(!is_success && hint, "{down}");
    Ok(())
}
