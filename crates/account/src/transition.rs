//! What instances are told to be, and why.

use serde::{Deserialize, Serialize};

/// What an instance was last told to be. What it *is* follows later, when the data path serves it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lifecycle {
    /// `pending`, then `running`.
    Running,
    /// `stopping`, then `stopped`.
    Stopped,
    /// `shutting-down`, then `terminated`; forgotten after about an hour.
    Terminated,
}

/// Why an instance's state changed last.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Transition {
    /// In seconds since 1970.
    pub at: u64,
    /// A code such as `Client.UserInitiatedShutdown`.
    pub code: String,
    /// The same in words.
    pub message: String,
}
