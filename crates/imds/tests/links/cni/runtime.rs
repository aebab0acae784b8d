//! Plays a container runtime: a chain of plugins, each run with the result of the one before.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use imds_linux::Namespace;
use serde_json::{Value, json};
use testkit::{Context as _, Result, ensure};

use super::super::Machine;

/// A network of two plugins: Debian's `ptp`, and `imds-cni`.
pub(super) struct Runtime<'a> {
    host: &'a Namespace,
    /// The plugin's file, addresses in use, and results.
    directory: tempfile::TempDir,
    interface: Value,
    imds: Value,
}

/// What a plugin said.
pub(super) struct Said {
    is_success: bool,
    stdout: String,
    stderr: String,
}

impl Said {
    pub(super) fn success(self) -> Result<Value> {
        ensure!(self.is_success, "{} {}", self.stdout, self.stderr);
        Ok(if self.stdout.is_empty() { Value::Null } else { serde_json::from_str(&self.stdout)? })
    }

    /// The error's message and details; it must have this code.
    pub(super) fn error(self, code: u64) -> Result<String> {
        let Self { is_success, stdout, stderr } = self;
        ensure!(!is_success && stderr.is_empty(), "{stdout} {stderr}");
        let error: Value = serde_json::from_str(&stdout)?;
        ensure!(error["code"] == code && error["cniVersion"].is_string(), "{error}");
        let message = error["msg"].as_str().context("no message")?;
        Ok(format!("{message}; {}", error["details"].as_str().unwrap_or_default()))
    }
}

impl<'a> Runtime<'a> {
    /// A network with these settings of the plugin, beside where the service keeps its state.
    pub(super) fn new(machine: &Machine<'a>, settings: Value) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        symlink(testkit::binary(), directory.path().join("imds-cni"))?;
        let interface = json!({
            "type": "ptp",
            "ipam": {
                "type": "host-local", "subnet": "10.1.0.0/16",
                "routes": [{"dst": "0.0.0.0/0"}],
                "dataDir": directory.path().join("addresses"),
            },
        });
        let mut imds = json!({
            "type": "imds-cni",
            "state": machine.server.state_home().join("imds/state.db"),
        });
        set_all(&mut imds, settings)?;
        Ok(Self { host: machine.host, directory, interface, imds })
    }

    /// Has the plugin another setting from now on; `null` removes it.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        self.imds[key] = value;
    }

    /// Has the interface's plugin give this address alone.
    pub(super) fn give_address(&mut self, subnet: &str, address: &str) {
        self.interface["ipam"]["subnet"] = json!(subnet);
        self.interface["ipam"]["rangeStart"] = json!(address);
        self.interface["ipam"]["rangeEnd"] = json!(address);
    }

    /// Has all pods this annotation, as a runtime says it to a plugin that can use it.
    pub(super) fn annotate(&mut self, key: &str, value: &str) {
        let annotations = json!({format!("imds/{key}"): value});
        self.imds["runtimeConfig"] = json!({"io.kubernetes.cri.pod-annotations": annotations});
    }

    /// Attaches a container; gives the chain's result.
    pub(super) fn add(&self, id: &str, namespace: &Path) -> Result<Value> {
        self.try_add(id, namespace)?.success()
    }

    /// The same; gives what the last plugin said.
    pub(super) fn try_add(&self, id: &str, namespace: &Path) -> Result<Said> {
        let interface = self.run("ADD", id, Some(namespace), &self.interface, json!({}))?;
        let result = interface.success()?;
        std::fs::write(self.result_of(id), result.to_string())?;
        self.call("ADD", id, Some(namespace), json!({"prevResult": result}))
    }

    /// The result of the chain's first plugin.
    pub(super) fn interface_result(&self, id: &str) -> Result<Value> {
        Ok(serde_json::from_str(&std::fs::read_to_string(self.result_of(id))?)?)
    }

    /// Takes a container from the network, in the chain's opposite order.
    pub(super) fn delete(&self, id: &str, namespace: Option<&Path>) -> Result<()> {
        self.call("DEL", id, namespace, json!({}))?.success()?;
        self.run("DEL", id, namespace, &self.interface, json!({}))?.success().map(drop)
    }

    pub(super) fn check(&self, id: &str, namespace: &Path) -> Result<()> {
        let said = self.call("CHECK", id, Some(namespace), json!({}))?.success()?;
        ensure!(said.is_null(), "{said}");
        Ok(())
    }

    /// Runs the plugin alone, with the kept result; `changes` are fields of its configuration.
    pub(super) fn call(
        &self,
        command: &str,
        id: &str,
        namespace: Option<&Path>,
        changes: Value,
    ) -> Result<Said> {
        let mut all = json!({});
        if let Ok(result) = self.interface_result(id) {
            all["prevResult"] = result;
        }
        set_all(&mut all, changes)?;
        let labels = json!([{"key": "app.kubernetes.io/name", "value": "web"}]);
        all["args"] = json!({"cni": {"labels": labels}});
        self.run(command, id, namespace, &self.imds, all)
    }

    fn run(
        &self,
        command: &str,
        id: &str,
        namespace: Option<&Path>,
        plugin: &Value,
        more: Value,
    ) -> Result<Said> {
        let mut configuration = plugin.clone();
        configuration["cniVersion"] = json!("1.0.0");
        configuration["name"] = json!("pods");
        set_all(&mut configuration, more)?;
        configuration.as_object_mut().context("fields")?.retain(|_, value| !value.is_null());
        let kind = plugin["type"].as_str().context("no type")?;
        let path = [self.directory.path(), Path::new("/usr/lib/cni")];
        let file = path.map(|directory| directory.join(kind)).into_iter().find(|it| it.exists());
        let mut child = Command::new(file.context("no such plugin")?);
        child.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        child.env("CNI_COMMAND", command).env("CNI_CONTAINERID", id).env("CNI_IFNAME", "eth0");
        child.env("CNI_PATH", std::env::join_paths(path)?);
        child.env(
            "CNI_ARGS",
            format!("IgnoreUnknown=1;K8S_POD_NAME=web-{id};K8S_POD_NAMESPACE=shop"),
        );
        if let Some(namespace) = namespace {
            child.env("CNI_NETNS", namespace);
        }
        let input = self.directory.path().join(format!("{id}-{kind}-input"));
        std::fs::write(&input, configuration.to_string())?;
        child.stdin(Stdio::from(std::fs::File::open(input)?));
        let output = self.host.run(|| child.output())??;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes);
        let (stdout, stderr) = (text(output.stdout)?, text(output.stderr)?);
        Ok(Said { is_success: output.status.success(), stdout, stderr })
    }

    fn result_of(&self, id: &str) -> PathBuf {
        self.directory.path().join(format!("{id}-result"))
    }
}

fn set_all(object: &mut Value, fields: Value) -> Result<()> {
    let object = object.as_object_mut().context("no object")?;
    object.extend(serde_json::from_value::<serde_json::Map<_, _>>(fields)?);
    Ok(())
}

/// The instances that run for pods.
pub(super) fn running(machine: &Machine<'_>) -> Result<Vec<String>> {
    let filters = "Filter.1.Name=instance-state-name&Filter.1.Value.1=pending\
                   &Filter.1.Value.2=running&Filter.2.Name=client-token&Filter.2.Value.1=cni-*";
    let described = machine.call("DescribeInstances", filters)?;
    let ids = crate::api::elements(&described, "instanceId");
    Ok(ids.into_iter().map(str::to_owned).collect())
}
