//! What this program's commands ask of the host's links.

use imds_core::InstanceId;
use serde::{Deserialize, Serialize};

use super::refusal::AdminRefusal;

/// The links of the running host: where its workloads reach the metadata addresses.
///
/// Declared here, because the API must not depend on the data path.
pub trait Links: Send + Sync {
    /// Fails where no link can be added, whatever its place.
    fn can_add(&self) -> Result<(), AdminRefusal>;

    /// Adds a link and tries to attach it; `now` is in seconds since 1970. A place that does not exist
    /// yet is waited for.
    fn add(
        &self,
        place: &str,
        instance: Option<&InstanceId>,
        now: u64,
    ) -> Result<LinkFacts, AdminRefusal>;

    /// All links, in the order of their numbers.
    fn list(&self) -> Result<Vec<LinkFacts>, AdminRefusal>;

    /// Removes a link: what it changed is undone, and its open connections are reset.
    fn remove(&self, link: &LinkName) -> Result<(), AdminRefusal>;
}

/// Names a link.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkName {
    /// By its number.
    Number(u32),
    /// By its place, such as `container=web`.
    Place(String),
}

/// A link as `imds link list` shows it.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct LinkFacts {
    /// Its number, which no other link of this host ever has.
    pub number: u32,
    /// `host`, `netns`, `pid`, `container` or `device`; `None` where its record cannot be read.
    pub kind: Option<String>,
    /// Where: `host`, `netns=PATH`, `pid=NUMBER`, `container=NAME` or `device=NAME`.
    pub place: Option<String>,
    /// The instance of its requests; `None`: as their source addresses say.
    pub instance: Option<InstanceId>,
    /// Whether it is up.
    pub state: LinkState,
    /// Why it is not up.
    pub reason: Option<String>,
    /// The device by which the workload reaches the metadata addresses, by its name there.
    pub device: Option<String>,
    /// Connections accepted since the service started.
    pub connections: u64,
    /// Those of them that are open.
    pub open: u64,
    /// Answered requests since the service started.
    pub requests: u64,
    /// Those of them that used IMDSv1.
    pub v1: u64,
}

/// Whether a link is up.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// The workload reaches the service.
    Attached,
    /// It does not, for the reason beside it; the service tries again.
    Waiting,
}

/// The links of a host that can have none.
pub struct NoLinks;

impl NoLinks {
    fn refusal() -> AdminRefusal {
        let message = "this service was started without the privileges that links need; start it as \
                       root (sudo imds serve), or in the user namespace that owns the workload's \
                       network (podman unshare imds serve)";
        AdminRefusal { status: 403, message: message.into() }
    }
}

impl Links for NoLinks {
    fn can_add(&self) -> Result<(), AdminRefusal> {
        Err(Self::refusal())
    }

    fn add(&self, _: &str, _: Option<&InstanceId>, _: u64) -> Result<LinkFacts, AdminRefusal> {
        Err(Self::refusal())
    }

    fn list(&self) -> Result<Vec<LinkFacts>, AdminRefusal> {
        Ok(Vec::new())
    }

    fn remove(&self, link: &LinkName) -> Result<(), AdminRefusal> {
        Err(link.unknown())
    }
}

impl LinkName {
    /// The refusal where there is no such link.
    pub fn unknown(&self) -> AdminRefusal {
        let name = match self {
            Self::Number(number) => number.to_string(),
            Self::Place(place) => place.clone(),
        };
        let message = format!("there is no link {name}; `imds link list` shows all");
        AdminRefusal { status: 404, message }
    }
}
