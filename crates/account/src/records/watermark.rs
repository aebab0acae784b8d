//! What is kept of a host that shares the state.

use serde::{Deserialize, Serialize};

/// Up to where a host's agent has brought the state into force.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Watermark {
    /// All that was committed up to this revision is in force.
    pub revision: u64,
    /// The release that the host runs, such as `0.1.0`.
    pub release: String,
    /// When it was started, in seconds since 1970.
    pub since: u64,
}
