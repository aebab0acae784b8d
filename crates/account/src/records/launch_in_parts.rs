//! What is kept of a launch that is written in parts.

use imds_core::placement::Region;
use serde::{Deserialize, Serialize};

/// A launch that is written in parts, until a while after its end: see [`in_parts`](crate::in_parts).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LaunchInParts {
    /// Where it launches.
    pub region: Region,
    /// The ids of all that it makes and that may have tags: instances, volumes, network interfaces.
    pub made: Vec<String>,
    /// How far it has come.
    pub stage: LaunchStage,
}

/// How far a launch has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LaunchStage {
    /// Parts of it are there, which nobody is to see.
    Begun,
    /// All of it is there.
    Complete,
    /// Nothing of it is there.
    Undone,
}
