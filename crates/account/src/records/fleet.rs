//! What is kept of a host that shares the state, as long as it lives.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use imds_core::placement::Region;
use serde::{Deserialize, Serialize};

use crate::host_name::HostName;

/// The words for what can be chosen: how it is written, and how it is read.
macro_rules! words {
    ($choice:ident, $($word:literal is $variant:ident),+; $rule:literal) => {
        impl fmt::Display for $choice {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word),+ })
            }
        }

        impl FromStr for $choice {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err($rule.to_owned()) }
            }
        }
    };
}

/// What says that a host lives. It is written once, when the host takes its name, and deleted when its
/// lease ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HostClaim {
    /// The release that the host runs, such as `0.1.0`.
    pub release: String,
    /// When it was started, in seconds since 1970.
    pub since: u64,
    /// Whether its commits tell other hosts of what changes of their instances, and keep what instances have
    /// (`belongings`), and whether it shows no part of a launch (`in_parts`). One of an earlier release does none of
    /// it.
    #[serde(default)]
    pub tells: bool,
}

/// Up to where a host's agent has brought the state into force.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Watermark {
    /// All that was committed up to this revision is in force.
    pub revision: u64,
    /// What it does while it is cut off.
    pub when_cut_off: WhenCutOff,
    /// Which instances it follows.
    #[serde(default)]
    pub follows: Follows,
}

/// Which hosts that follow linked instances serve an instance, each by a way that is for it alone.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ServedBy {
    /// Their names.
    pub hosts: BTreeSet<HostName>,
}

/// What tells a host that something of an instance changed. It is written in the commit that changes it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Notice {
    /// The Region of the instance; none before it was launched, and where the notice is of no instance.
    pub region: Option<Region>,
}

/// Which instances a host follows.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Follows {
    /// Those of the whole account: any of them may speak to it, by its source address.
    #[default]
    All,
    /// Those that a link or an address of the host is for, and no other.
    Linked,
}

words!(Follows, "all" is All, "linked" is Linked; "write all or linked");

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

words!(WhenCutOff, "serve" is Serve, "refuse" is Refuse; "write serve or refuse");
