//! What goes wrong has the specification's error, and leaves nothing behind.

use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Stdio;

use serde_json::{Value, json};
use testkit::workloads::namespace;
use testkit::{Finished, Process, Result, Trial, ensure, eventually, imds, program, tests};

use super::super::{Machine, Mount, instance_of};
use super::runtime::{Runtime, running};
use super::{NEEDS, launch};

pub(super) fn tests() -> Vec<Trial> {
    tests![NEEDS;
        errors_have_the_codes_of_the_specification,
        a_pod_is_attached_once,
        a_failed_add_leaves_nothing,
        a_service_that_is_killed_loses_no_pod,
        what_is_not_valid_is_collected,
        a_broken_attachment_is_noticed,
        an_instance_that_somebody_else_ended_leaves_nothing,
        a_service_that_can_link_nothing_is_noticed,
        the_service_is_found_by_a_file_with_its_key,
    ]
}

fn errors_have_the_codes_of_the_specification() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    let runtime = Runtime::new(&machine, json!({"launch": launch()}))?;
    let path = std::path::Path::new("/run/netns/none");
    let result = json!({"cniVersion": "1.0.0", "ips": []});
    for (command, changes, code, part) in [
        ("ADD", json!({"prevResult": null}), 7, "put it behind one, such as bridge"),
        ("ADD", json!({"prevResult": result, "colour": "red"}), 2, "its value is \"red\""),
        ("ADD", json!({"prevResult": result, "cniVersion": "0.3.0"}), 1, "use 0.4.0, 1.0.0, 1.1.0"),
        ("ADD", json!({"prevResult": result, "name": ""}), 7, "name is \"\""),
        ("ADD", json!({"prevResult": result, "state": null}), 7, "state is not set"),
        ("CHECK", json!({"prevResult": null}), 7, "CHECK without prevResult"),
        ("STATUS", json!({}), 1, "1.0.0 does not have STATUS"),
        ("RENEW", json!({}), 4, "CNI_COMMAND is \"RENEW\""),
        // EC2's own words.
        ("ADD", json!({"prevResult": result, "launch": {"instanceType": "huge"}}), 7, "huge"),
        (
            "ADD",
            json!({"prevResult": result, "launch": {"launchTemplate": "none"}}),
            7,
            "InvalidLaunchTemplateName",
        ),
        // It would be waited for.
        ("ADD", json!({"prevResult": result}), 101, "/run/netns/none does not exist"),
    ] {
        let message = runtime.call(command, "pod", Some(path), changes.clone())?.error(code)?;
        ensure!(message.contains(part), "{command} {changes}: {message}");
    }
    let message = runtime.call("ADD", "pod", None, json!({"prevResult": result}))?.error(4)?;
    ensure!(message.contains("CNI_NETNS is not set"), "{message}");
    ensure!(running(&machine)?.is_empty() && machine.list()?.is_empty());
    let status = runtime.call("STATUS", "pod", None, json!({"cniVersion": "1.1.0"}))?;
    ensure!(status.success()?.is_null());
    let versions = runtime.call("VERSION", "pod", None, json!({}))?.success()?;
    ensure!(versions["supportedVersions"] == json!(["0.4.0", "1.0.0", "1.1.0"]), "{versions}");
    Ok(())
}

fn a_pod_is_attached_once() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    let runtime = Runtime::new(&machine, json!({"launch": launch()}))?;
    let pod = namespace()?;
    let path = Mount::new(&pod)?;
    runtime.add("pod", &path.path())?;
    let id = instance_of(&pod)?;
    let message = runtime.call("ADD", "pod", Some(&path.path()), json!({}))?.error(100)?;
    ensure!(message.contains(&format!("attached already, as instance {id}")), "{message}");
    ensure!(instance_of(&pod)? == id && running(&machine)? == [id]);
    runtime.delete("pod", Some(&path.path()))
}

fn a_failed_add_leaves_nothing() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &["--ami", "al2"])?;
    let runtime = Runtime::new(&machine, json!({"launch": launch()}))?;
    let pod = namespace()?;
    let path = Mount::new(&pod)?;
    // The instance is launched first, and the link then refused.
    let other = machine.add(&path.place())?;
    let message = runtime.try_add("pod", &path.path())?.error(100)?;
    ensure!(message.contains(&format!("is link {other} already")), "{message}");
    ensure!(running(&machine)?.is_empty());
    let listed = machine.list()?;
    ensure!(listed.len() == 1 && listed[0]["number"] == other, "{listed:?}");
    // Nor does DEL touch what is not the plugin's.
    runtime.delete("pod", Some(&path.path()))?;
    ensure!(machine.list()?.len() == 1);
    Ok(())
}

fn a_service_that_is_killed_loses_no_pod() -> Result<()> {
    let host = namespace()?;
    let mut machine = Machine::start(&host, &[])?;
    let runtime = Runtime::new(&machine, json!({"launch": launch()}))?;
    let (first, second) = (namespace()?, namespace()?);
    let paths = [Mount::new(&first)?, Mount::new(&second)?];
    runtime.add("pod1", &paths[0].path())?;
    runtime.add("pod2", &paths[1].path())?;
    let ids = [instance_of(&first)?, instance_of(&second)?];
    machine.server.process().child().kill()?;
    machine.server.process().child().wait()?;
    let path = paths[0].path();
    for (command, changes, code) in [
        ("ADD", json!({}), 11),
        ("CHECK", json!({}), 11),
        ("STATUS", json!({"cniVersion": "1.1.0"}), 51),
        // Nothing would end the instance later, so the runtime is to try again.
        ("DEL", json!({}), 11),
    ] {
        let message = runtime.call(command, "pod1", Some(&path), changes)?.error(code)?;
        ensure!(message.contains("is running: nobody answers on"), "{command}: {message}");
    }
    // The pod ends while nobody listens.
    paths[1].take_away()?;
    machine.kill_and_restart()?;
    machine.until(&paths[0].place(), "attached")?;
    ensure!(instance_of(&first)? == ids[0]);
    runtime.check("pod1", &path)?;
    runtime.delete("pod1", Some(&path))?;
    runtime.delete("pod2", None)?;
    ensure!(running(&machine)?.is_empty() && machine.list()?.is_empty());
    // A service that is gone with its state holds up no pod.
    let gone = json!({"state": "/nowhere/state.db"});
    ensure!(runtime.call("DEL", "pod1", Some(&path), gone.clone())?.success()?.is_null());
    runtime.call("ADD", "pod1", Some(&path), gone)?.error(11)?;
    Ok(())
}

fn what_is_not_valid_is_collected() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    let own = machine.launch()?;
    let mut runtime = Runtime::new(&machine, json!({"launch": launch()}))?;
    let pods = [namespace()?, namespace()?, namespace()?];
    let paths = pods.iter().map(Mount::new).collect::<Result<Vec<_>>>()?;
    runtime.add("pod0", &paths[0].path())?;
    runtime.add("pod1", &paths[1].path())?;
    let kept = instance_of(&pods[0])?;
    let collect = |runtime: &Runtime<'_>, valid: Value| {
        let changes = json!({"cniVersion": "1.1.0", "cni.dev/valid-attachments": valid});
        runtime.call("GC", "none", None, changes)?.success()
    };
    collect(&runtime, json!([{"containerID": "pod0", "ifname": "eth0"}]))?;
    ensure!(running(&machine)? == [kept.clone()] && machine.list()?.len() == 1);
    ensure!(instance_of(&pods[0])? == kept);
    // Another network's pods are not in the list, and stay.
    let changes = json!({
        "cniVersion": "1.1.0", "name": "others", "cni.dev/valid-attachments": [],
    });
    runtime.call("GC", "none", None, changes)?.success()?;
    ensure!(running(&machine)?.len() == 1);
    // A pod of a named instance has no instance of its own: its namespace tells.
    runtime.set("launch", Value::Null);
    runtime.set("instance", json!(own));
    runtime.add("pod2", &paths[2].path())?;
    collect(&runtime, json!([{"containerID": "pod0", "ifname": "eth0"}]))?;
    ensure!(machine.list()?.len() == 2);
    paths[2].take_away()?;
    collect(&runtime, json!([]))?;
    ensure!(running(&machine)?.is_empty() && machine.list()?.is_empty());
    Ok(())
}

fn a_broken_attachment_is_noticed() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    let runtime = Runtime::new(&machine, json!({"launch": launch()}))?;
    let pod = namespace()?;
    let path = Mount::new(&pod)?;
    runtime.add("pod", &path.path())?;
    let id = instance_of(&pod)?;
    let check = || runtime.call("CHECK", "pod", Some(&path.path()), json!({}));
    machine.call("StopInstances", &format!("InstanceId.1={id}"))?;
    let stopped = eventually("a stopped instance to be noticed", || check().ok()?.error(101).ok())?;
    ensure!(stopped.contains(&format!("instance {id} is stopp")), "{stopped}");
    machine.call("StartInstances", &format!("InstanceId.1={id}"))?;
    eventually("an instance that runs", || check().ok()?.success().ok())?;
    machine.link(&["remove", &path.place()])?.expect_code(0)?;
    let missing = check()?.error(101)?;
    ensure!(missing.contains("there is no link"), "{missing}");
    machine.add(&path.place())?;
    let other = check()?.error(101)?;
    ensure!(other.contains(&format!("is not for instance {id}")), "{other}");
    runtime.delete("pod", Some(&path.path()))?;
    ensure!(check()?.error(101)?.contains("the pod has no instance"));
    Ok(())
}

/// As where a spot instance is interrupted.
fn an_instance_that_somebody_else_ended_leaves_nothing() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    let runtime = Runtime::new(&machine, json!({"launch": launch()}))?;
    let pod = namespace()?;
    let path = Mount::new(&pod)?;
    runtime.add("pod", &path.path())?;
    let id = instance_of(&pod)?;
    machine.call("TerminateInstances", &format!("InstanceId.1={id}"))?;
    ensure!(runtime.call("CHECK", "pod", Some(&path.path()), json!({}))?.error(101).is_ok());
    runtime.delete("pod", Some(&path.path()))?;
    ensure!(machine.list()?.is_empty(), "{:?}", machine.list()?);
    // The container may be attached again.
    runtime.add("pod", &path.path())?;
    ensure!(instance_of(&pod)? != id);
    runtime.delete("pod", Some(&path.path()))
}

/// Root without its capabilities, as in most containers.
fn a_service_that_can_link_nothing_is_noticed() -> Result<()> {
    let (host, home) = (namespace()?, tempfile::tempdir()?);
    let (state, ready) = (home.path().join("state.db"), home.path().join("ready"));
    let mut command = program("setpriv");
    command.args(["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]);
    command.arg(testkit::binary()).args(["serve", "--listen=127.0.0.1:0", "--control=127.0.0.1:0"]);
    command.arg("--access-log=off").arg("--state").arg(&state).arg("--ready-file").arg(&ready);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut service = host.run(|| Process::start(&mut command))??;
    eventually("the service", || ready.exists().then_some(()))?;
    let machine = Machine::start(&host, &[])?;
    let runtime = Runtime::new(&machine, json!({"state": state, "launch": launch()}))?;
    let status = json!({"cniVersion": "1.1.0", "prevResult": null});
    let message = runtime.call("STATUS", "pod", None, status)?.error(50)?;
    ensure!(message.contains("without the privileges that links need"), "{message}");
    let pod = namespace()?;
    let path = Mount::new(&pod)?;
    let message = runtime.try_add("pod", &path.path())?.error(7)?;
    ensure!(message.contains("without the privileges that links need"), "{message}");
    runtime.delete("pod", Some(&path.path()))?;
    service.signal("TERM")?;
    ensure!(service.ended()?.success());
    Ok(())
}

/// Where the state is not readable, or the service is another machine's.
fn the_service_is_found_by_a_file_with_its_key() -> Result<()> {
    let host = namespace()?;
    let machine = Machine::start(&host, &[])?;
    let mut command = imds();
    command.args(["env", "--json"]).env("XDG_STATE_HOME", machine.server.state_home());
    let mut variables: Value =
        serde_json::from_str(&host.run(|| Finished::success(&mut command))??.stdout)?;
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("key.json");
    let write = |variables: &Value| {
        let mut options = std::fs::OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&file)?;
        serde_json::to_writer(opened, variables)?;
        Ok::<_, testkit::Error>(())
    };
    write(&variables)?;
    let settings = json!({"state": null, "credentials": file, "launch": launch()});
    let mut runtime = Runtime::new(&machine, settings)?;
    let pod = namespace()?;
    let path = Mount::new(&pod)?;
    runtime.add("pod", &path.path())?;
    instance_of(&pod)?;
    runtime.delete("pod", Some(&path.path()))?;
    // The address can be another one.
    let status = |runtime: &Runtime<'_>| {
        runtime.call("STATUS", "pod", None, json!({"cniVersion": "1.1.0", "prevResult": null}))
    };
    runtime.set("control", json!(format!("http://{}", machine.server.control())));
    status(&runtime)?.success()?;
    runtime.set("control", json!("http://127.0.0.1:9"));
    status(&runtime)?.error(51)?;
    runtime.set("control", Value::Null);
    // No error shows what is in the file.
    let secret = variables["AWS_SECRET_ACCESS_KEY"].as_str().unwrap_or_default().to_owned();
    variables["AWS_REGION"] = json!(null);
    write(&variables)?;
    let message = status(&runtime)?.error(50)?;
    ensure!(message.contains("is not what `imds env` prints") && !message.contains(&secret));
    std::fs::write(&file, format!("export AWS_SECRET_ACCESS_KEY={secret}"))?;
    let message = status(&runtime)?.error(50)?;
    ensure!(!message.contains(&secret), "{message}");
    std::fs::remove_file(&file)?;
    let message = status(&runtime)?.error(50)?;
    ensure!(message.contains("cannot read") && message.contains("key.json"), "{message}");
    Ok(())
}
