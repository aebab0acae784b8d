//! What a runtime says on standard input: the configuration of one plugin of a network's chain.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::VERSIONS;
use super::environment::{is_name, is_path};
use super::error::{CniError, Code};
use crate::settings::{InvalidSetting, Settings, annotate};

/// Keys that belong to the protocol, and say nothing that is used here.
const PROTOCOL: [&str; 5] = ["cniVersions", "type", "capabilities", "disableCheck", "disableGC"];

/// What our annotations begin with.
const ANNOTATION: &str = "imds/";

/// A plugin's configuration, as a runtime derives it for one call.
#[derive(Debug)]
pub struct Configuration {
    /// The protocol's version, one of [`VERSIONS`].
    pub version: String,
    /// The network's name.
    pub network: String,
    /// What the administrator sets.
    pub settings: Settings,
    /// Labels of the pod.
    pub labels: BTreeMap<String, String>,
    /// The result of the plugin before, or of all; as it came.
    pub previous: Option<Box<RawValue>>,
    /// Attachments that are valid, in a call that names them: container and interface.
    pub valid: Option<Vec<(String, String)>>,
}

type Raw<'a> = BTreeMap<String, &'a RawValue>;

#[derive(Default, Deserialize)]
struct Labels {
    labels: Option<Vec<Label>>,
}

/// What the runtime fills in, for the capabilities that the configuration declares.
#[derive(Default, Deserialize)]
struct RuntimeConfig {
    labels: Option<Vec<Label>>,
    /// All annotations of the pod in Kubernetes.
    #[serde(rename = "io.kubernetes.cri.pod-annotations")]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Label {
    key: String,
    value: String,
}

#[derive(Deserialize)]
struct Arguments {
    cni: Option<Labels>,
}

#[derive(Deserialize)]
struct ValidAttachment {
    #[serde(rename = "containerID")]
    container: String,
    ifname: String,
}

/// As much of a result as is used.
#[derive(Default, Deserialize)]
pub(super) struct Previous {
    interfaces: Option<Vec<Interface>>,
    ips: Option<Vec<Address>>,
}

#[derive(Deserialize)]
struct Interface {
    #[serde(default)]
    name: String,
    #[serde(default)]
    sandbox: String,
}

#[derive(Deserialize)]
struct Address {
    address: String,
}

impl Previous {
    /// The path of the container's namespace.
    pub(super) fn namespace(&self) -> Option<&str> {
        let mut sandboxes = self.interfaces.iter().flatten().map(|it| it.sandbox.as_str());
        sandboxes.find(|path| is_path(path))
    }

    /// Whether it has an interface of this name in a container; one without interfaces does not tell.
    pub(super) fn has(&self, name: &str) -> bool {
        let is_it = |it: &Interface| it.name == name && !it.sandbox.is_empty();
        self.interfaces.as_ref().is_none_or(|all| all.is_empty() || all.iter().any(is_it))
    }

    /// The container's first IPv4 address.
    pub(super) fn address(&self) -> Option<Ipv4Addr> {
        let without_length = |it: &Address| it.address.split('/').next()?.parse().ok();
        self.ips.iter().flatten().find_map(without_length)
    }
}

impl Configuration {
    /// Reads a configuration. All keys are known, or are the protocol's own.
    pub fn read(input: &[u8]) -> Result<Self, CniError> {
        Self::read_with(input, |_, _| ())
    }

    /// The same for a launch, of which the pod's annotations may say something as well. They are not
    /// looked at otherwise: a wrong one would keep the pod from ever being deleted.
    pub fn read_for_launch(input: &[u8]) -> Result<Self, CniError> {
        Self::read_with(input, annotate)
    }

    fn read_with(
        input: &[u8],
        annotate: impl FnOnce(&mut Map<String, Value>, &BTreeMap<String, String>),
    ) -> Result<Self, CniError> {
        let mut raw = object(input)?;
        let version = version(&mut raw)?;
        let network: String = take(&mut raw, "name")?
            .ok_or_else(|| CniError::new(Code::InvalidConfiguration, "name is missing"))?;
        if !is_name(&network) {
            let message = format!("name is {network:?}");
            let rule = "use letters, digits, '_', '.' and '-', a letter or digit first";
            return Err(CniError::new(Code::InvalidConfiguration, message).details(rule));
        }
        let previous = raw.remove("prevResult").filter(|value| value.get() != "null");
        let previous = previous.map(RawValue::to_owned);
        let RuntimeConfig { labels, annotations } =
            take(&mut raw, "runtimeConfig")?.unwrap_or_default();
        let arguments: Option<Arguments> = take(&mut raw, "args")?;
        let of_arguments = arguments.and_then(|it| it.cni).and_then(|it| it.labels);
        let labels = of_arguments.into_iter().flatten().chain(labels.into_iter().flatten());
        let labels = labels.map(|it| (it.key, it.value)).collect();
        let own =
            |(key, text): (String, String)| Some((key.strip_prefix(ANNOTATION)?.to_owned(), text));
        let annotations = annotations.into_iter().flatten().filter_map(own).collect();
        let valid: Option<Vec<ValidAttachment>> = take(&mut raw, "cni.dev/valid-attachments")?;
        let valid = valid.map(|all| all.into_iter().map(|it| (it.container, it.ifname)).collect());
        raw.retain(|key, _| !key.starts_with("cni.dev/") && !PROTOCOL.contains(&key.as_str()));
        let mut fields = values(raw)?;
        annotate(&mut fields, &annotations);
        let settings = Settings::take(fields).map_err(|error| refused(&error))?;
        Ok(Self { version, network, settings, labels, previous, valid })
    }

    /// The version that an input says, whatever else is in it.
    pub fn version_of(input: &[u8]) -> Option<String> {
        let raw = serde_json::from_slice::<Raw<'_>>(input).ok()?;
        serde_json::from_str(raw.get("cniVersion")?.get()).ok()
    }

    /// What is used of the previous result.
    pub(super) fn previous(&self) -> Result<Option<Previous>, CniError> {
        let read = |raw: &RawValue| {
            serde_json::from_str(raw.get()).map_err(|error| malformed("prevResult", &error))
        };
        self.previous.as_deref().map(read).transpose()
    }
}

fn object(input: &[u8]) -> Result<Raw<'_>, CniError> {
    serde_json::from_slice(input).map_err(|error| {
        let message = "standard input is not a network configuration in JSON";
        CniError::new(Code::Undecodable, message).details(error.to_string())
    })
}

fn version(raw: &mut Raw<'_>) -> Result<String, CniError> {
    let version: Option<String> = take(raw, "cniVersion")?;
    let message = match &version {
        Some(version) if VERSIONS.contains(&version.as_str()) => None,
        Some(version) => Some(format!("cniVersion {version:?} is not supported")),
        // Specification, 0.1.0: a configuration may leave it out.
        None => Some("cniVersion is missing, which means 0.1.0".to_owned()),
    };
    match message {
        None => Ok(version.unwrap_or_default()),
        Some(message) => Err(CniError::new(Code::IncompatibleVersion, message)
            .details(format!("use {}", VERSIONS.join(", ")))),
    }
}

/// Takes the value of a key out, unless it is missing or `null`.
fn take<T: DeserializeOwned>(raw: &mut Raw<'_>, key: &str) -> Result<Option<T>, CniError> {
    let Some(value) = raw.remove(key) else { return Ok(None) };
    serde_json::from_str(value.get()).map_err(|error| malformed(key, &error))
}

fn malformed(key: &str, error: &serde_json::Error) -> CniError {
    let message = format!("{key} is not as the CNI specification has it");
    CniError::new(Code::InvalidConfiguration, message).details(error.to_string())
}

fn values(raw: Raw<'_>) -> Result<Map<String, Value>, CniError> {
    let parse = |(key, value): (String, &RawValue)| {
        let parsed = serde_json::from_str(value.get());
        parsed.map_err(|error| malformed(&key, &error)).map(|value| (key, value))
    };
    raw.into_iter().map(parse).collect()
}

fn refused(error: &InvalidSetting) -> CniError {
    let code = match error {
        InvalidSetting::Unknown { .. } => Code::UnsupportedField,
        InvalidSetting::Value { .. } => Code::InvalidConfiguration,
    };
    CniError::new(code, error.to_string())
}
