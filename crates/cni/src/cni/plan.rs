//! Environment and configuration become a plan, or an error.

use serde_json::json;
use serde_json::value::RawValue;

use super::configuration::Configuration;
use super::environment::Environment;
use super::error::{CniError, Code};
use super::{LATEST, VERSIONS};
use crate::attachment::Attachment;
use crate::launch::Pod;
use crate::settings::{Settings, Subject};

/// What is to be done.
#[derive(Debug)]
pub enum Plan {
    /// Print [`supported_versions`].
    Version,
    /// Give the pod its metadata, all of it or nothing; print `previous`.
    Add {
        /// The pod.
        attach: Attach,
        /// The result of the plugin before.
        previous: Box<RawValue>,
    },
    /// Undo it. What is not there any more is done already.
    Delete(Attach),
    /// Fail unless all that `ADD` made is there.
    Check(Attach),
    /// Fail unless pods can be attached.
    Status(Settings),
    /// Undo all attachments of the network but the valid ones.
    Collect(Collect),
}

/// A pod that is attached, or was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attach {
    /// The service, and which instance the pod is.
    pub settings: Settings,
    /// What is attached.
    pub attachment: Attachment,
    /// The path of the pod's network namespace; in [`Plan::Delete`] it may not be known.
    pub namespace: Option<String>,
    /// What the instance is launched with.
    pub pod: Pod,
}

/// Attachments that are valid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Collect {
    /// The service, and which instance pods are.
    pub settings: Settings,
    /// The network's name.
    pub network: String,
    /// All others of this network are undone.
    pub valid: Vec<Attachment>,
}

/// What a runtime wants, by what it says.
pub fn plan(environment: &Environment, input: &[u8]) -> Result<Plan, CniError> {
    let command = environment.command()?;
    match command {
        "VERSION" => Ok(Plan::Version),
        "ADD" => add(environment, Configuration::read_for_launch(input)?),
        "DEL" => delete(environment, Configuration::read(input)?),
        "CHECK" => check(environment, &Configuration::read(input)?),
        "STATUS" => status(Configuration::read(input)?),
        "GC" => collect(Configuration::read(input)?),
        _ => {
            let message = format!("CNI_COMMAND is {command:?}");
            let rule = "use ADD, DEL, CHECK, STATUS, GC or VERSION";
            Err(CniError::new(Code::InvalidEnvironment, message).details(rule))
        }
    }
}

/// What `VERSION` prints; `asked` is the version of the request.
pub fn supported_versions(asked: Option<&str>) -> String {
    json!({"cniVersion": asked.unwrap_or(LATEST), "supportedVersions": VERSIONS}).to_string()
}

fn add(environment: &Environment, configuration: Configuration) -> Result<Plan, CniError> {
    let namespace = environment.namespace()?.to_owned();
    let attach = attach(environment, &configuration, Some(namespace))?;
    let previous = configuration.previous.ok_or_else(|| without_previous("ADD"))?;
    if attach.pod.address.is_none()
        && let Subject::Own(launch) = &attach.settings.subject
        && let Some(subnet) = &launch.subnet
    {
        let message =
            format!("launch.subnet is {subnet:?}, and the pod has no IPv4 address to have in it");
        return Err(CniError::new(Code::InvalidConfiguration, message)
            .details("leave launch.subnet out, or give the network IPv4 addresses"));
    }
    Ok(Plan::Add { attach, previous })
}

fn delete(environment: &Environment, configuration: Configuration) -> Result<Plan, CniError> {
    let named = environment.namespace_if_any()?.map(str::to_owned);
    // A result that cannot be read helps nobody, but hinders nobody either.
    let previous = configuration.previous().ok().flatten().unwrap_or_default();
    let namespace = named.or_else(|| previous.namespace().map(str::to_owned));
    let configuration = Configuration { previous: None, ..configuration };
    Ok(Plan::Delete(attach(environment, &configuration, namespace)?))
}

fn check(environment: &Environment, configuration: &Configuration) -> Result<Plan, CniError> {
    let namespace = environment.namespace()?.to_owned();
    let attach = attach(environment, configuration, Some(namespace))?;
    let previous = configuration.previous()?.ok_or_else(|| without_previous("CHECK"))?;
    let interface = &attach.attachment.interface;
    if previous.has(interface) {
        Ok(Plan::Check(attach))
    } else {
        let message = format!("prevResult has no interface {interface} of the container");
        Err(CniError::new(Code::InvalidConfiguration, message))
    }
}

fn attach(
    environment: &Environment,
    configuration: &Configuration,
    namespace: Option<String>,
) -> Result<Attach, CniError> {
    let container = environment.container()?.to_owned();
    let interface = environment.interface()?.to_owned();
    let arguments = environment.arguments()?;
    let text = |key| arguments.get(key).filter(|it| !it.is_empty()).map(|it| (*it).to_owned());
    let previous = configuration.previous()?.unwrap_or_default();
    let pod = Pod {
        name: text("K8S_POD_NAME"),
        namespace: text("K8S_POD_NAMESPACE"),
        labels: configuration.labels.clone(),
        address: previous.address(),
    };
    let network = configuration.network.clone();
    let attachment = Attachment { network, container, interface };
    Ok(Attach { settings: configuration.settings.clone(), attachment, namespace, pod })
}

fn without_previous(command: &str) -> CniError {
    let message = format!("{command} without prevResult");
    CniError::new(Code::InvalidConfiguration, message).details(
        "imds adds to an interface of another plugin: put it behind one, such as bridge or ptp",
    )
}

fn status(configuration: Configuration) -> Result<Plan, CniError> {
    since_1_1("STATUS", &configuration)?;
    Ok(Plan::Status(configuration.settings))
}

fn collect(configuration: Configuration) -> Result<Plan, CniError> {
    since_1_1("GC", &configuration)?;
    let Configuration { network, settings, valid, .. } = configuration;
    let valid = valid.ok_or_else(|| {
        // To take it for an empty list would end every instance.
        CniError::new(Code::InvalidConfiguration, "GC without cni.dev/valid-attachments")
    })?;
    let attachment =
        |(container, interface)| Attachment { network: network.clone(), container, interface };
    let valid = valid.into_iter().map(attachment).collect();
    Ok(Plan::Collect(Collect { settings, network, valid }))
}

fn since_1_1(command: &str, configuration: &Configuration) -> Result<(), CniError> {
    let version = &configuration.version;
    if version == LATEST {
        return Ok(());
    }
    let message = format!("cniVersion {version} does not have {command}");
    Err(CniError::new(Code::IncompatibleVersion, message).details("use 1.1.0"))
}
