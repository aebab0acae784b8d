//! The plugin protocol of Netavark, Podman's network program: the network has this plugin as its driver.
//! Source: Netavark, `plugin-API.md`, API version 1.0.0.
//!
//! A network of this driver adds no interface with addresses; a container is on it beside a network that
//! does.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::attachment::Attachment;
use crate::cni::Attach;
use crate::launch::Pod;
use crate::settings::{InvalidSetting, Settings};

/// The protocol's version.
pub const API_VERSION: &str = "1.0.0";

type Options = BTreeMap<String, String>;

#[derive(Deserialize)]
struct Exec {
    container_id: String,
    #[serde(default)]
    container_name: String,
    network: Network,
    network_options: Container,
}

#[derive(Deserialize)]
struct Network {
    name: String,
    #[serde(default)]
    options: Option<Options>,
}

#[derive(Deserialize)]
struct Container {
    interface_name: String,
    #[serde(default)]
    options: Option<Options>,
}

/// What `setup` and `teardown` are about. Options of the container win over those of its network.
///
/// # Errors
/// A message for [`error`].
pub fn attach(namespace: &str, input: &[u8]) -> Result<Attach, String> {
    let exec: Exec = serde_json::from_slice(input)
        .map_err(|error| format!("standard input is not a container of Netavark: {error}"))?;
    if !namespace.starts_with('/') || namespace.contains(char::is_control) {
        return Err(format!(
            "{namespace:?} is not a network namespace: use an absolute path without control characters"
        ));
    }
    let mut options = exec.network.options.unwrap_or_default();
    options.extend(exec.network_options.options.unwrap_or_default());
    let attachment = Attachment {
        network: exec.network.name,
        container: exec.container_id,
        interface: exec.network_options.interface_name,
    };
    let name = Some(exec.container_name).filter(|name| !name.is_empty());
    let pod = Pod { name, ..Pod::default() };
    let settings = settings(&options)?;
    Ok(Attach { settings, attachment, namespace: Some(namespace.to_owned()), pod })
}

/// Checks a network that is to be created, and gives it back as it is.
///
/// # Errors
/// A message for [`error`].
pub fn create(input: &[u8]) -> Result<String, String> {
    let network: Map<String, Value> = serde_json::from_slice(input)
        .map_err(|error| format!("standard input is not a network of Netavark: {error}"))?;
    let has_subnets =
        network.get("subnets").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    if has_subnets {
        return Err(
            "subnets: a network with metadata alone has no addresses; leave --subnet out, \
                    and put containers on another network too: --network podman --network NAME"
                .into(),
        );
    }
    let options = network.get("options").filter(|it| !it.is_null()).cloned();
    let options: Options = options
        .map_or_else(|| Ok(Options::new()), serde_json::from_value)
        .map_err(|error| format!("options: {error}"))?;
    settings(&options)?;
    Ok(Value::from(network).to_string())
}

fn settings(options: &Options) -> Result<Settings, String> {
    let settings = Settings::of_options(options);
    let settings = settings.map_err(|error: InvalidSetting| format!("--opt {error}"))?;
    if let crate::Subject::Own(launch) = &settings.subject
        && launch.subnet.is_some()
    {
        return Err("--opt subnet: a network of this driver has no address to have in it".into());
    }
    Ok(settings)
}

/// What `setup` prints: nothing that Podman would have to know of.
pub fn status() -> String {
    json!({"dns_search_domains": [], "dns_server_ips": [], "interfaces": {}}).to_string()
}

/// What `info` prints.
pub fn info(version: &str) -> String {
    json!({"version": version, "api_version": API_VERSION}).to_string()
}

/// What a failed call prints.
pub fn error(message: &str) -> String {
    json!({"error": message}).to_string()
}
