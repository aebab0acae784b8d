//! What is kept of a host that shares the state, as long as it lives.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What says that a host lives. It is written once, when the host takes its name, and deleted when its
/// lease ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HostClaim {
    /// The release that the host runs, such as `0.1.0`.
    pub release: String,
    /// When it was started, in seconds since 1970.
    pub since: u64,
}

/// Up to where a host's agent has brought the state into force.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Watermark {
    /// All that was committed up to this revision is in force.
    pub revision: u64,
    /// What it does while it is cut off.
    pub when_cut_off: WhenCutOff,
}

/// What a host does with requests for metadata while it cannot reach the state.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WhenCutOff {
    /// It goes on with what it has.
    #[default]
    Serve,
    /// It refuses them with 503 once its lease has ended.
    Refuse,
}

impl WhenCutOff {
    /// All of them, with the words for them.
    pub const ALL: [(&str, Self); 2] = [("serve", Self::Serve), ("refuse", Self::Refuse)];
}

impl FromStr for WhenCutOff {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find_map(|(word, it)| (word == text).then_some(it));
        found.ok_or_else(|| "write serve or refuse".to_owned())
    }
}
