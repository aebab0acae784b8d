//! What is kept of a link.

use imds_core::InstanceId;
use serde::{Deserialize, Serialize};

/// A link: where a workload reaches the service at the metadata address.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Link {
    /// Where: `host`, `netns=PATH`, `pid=NUMBER`, `container=NAME` or `device=NAME`.
    pub place: String,
    /// The instance of its requests; `None`: as their source addresses say.
    pub instance: Option<InstanceId>,
    /// When it was added, in seconds since 1970.
    pub created_at: u64,
}
