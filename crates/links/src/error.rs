//! Why a link is not up.

use std::io;

use serde::{Deserialize, Serialize};

use crate::place::Place;

/// Why a link is not up. Each message names the place, the rule, and what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkError {
    /// The namespace, process, container or device does not exist (any more). Try again when it does.
    #[error("{place}: {reason}")]
    NoSuchPlace {
        /// The place, as [`Place`] writes it.
        place: String,
        /// What was looked for, and where.
        reason: String,
    },
    /// The helper lacks a privilege.
    #[error("{place}: not permitted to {operation}; {fix}")]
    NotPermitted {
        /// The place.
        place: String,
        /// What was tried, as in "not permitted to …".
        operation: String,
        /// What to run instead.
        fix: String,
    },
    /// The metadata address has another route, owner or link there.
    #[error("{place}: {address} is taken: {by}; {fix}")]
    AddressTaken {
        /// The place.
        place: String,
        /// The metadata address.
        address: String,
        /// What has it.
        by: String,
        /// What to do.
        fix: String,
        /// Whether [`PlumberSettings::replace_others`](crate::PlumberSettings::replace_others) links it
        /// nevertheless.
        is_replaceable: bool,
    },
    /// This machine is an EC2 instance: its programs would lose the real service.
    #[error(
        "host: this machine is an EC2 instance ({evidence}), and its programs would lose EC2's own \
         metadata; link a namespace, a container or a device instead"
    )]
    OnEc2 {
        /// The file that says so, and what it says.
        evidence: String,
    },
    /// The number is in use, or the same place is linked under another number.
    #[error("{place}: {reason}")]
    AlreadyLinked {
        /// The place.
        place: String,
        /// Which link has it.
        reason: String,
    },
    /// The helper process has ended, and all links with it.
    #[error("the helper process that makes links has ended; restart the service")]
    Lost,
    /// The kernel, or a program that was asked, refused.
    #[error("cannot {operation}: {reason}")]
    System {
        /// What was tried, as in "cannot …".
        operation: String,
        /// The reason.
        reason: String,
    },
}

/// Where a privilege is missing.
const RUN_AS_ROOT: &str = "run `imds serve` as root, or in the user namespace that owns the \
    workload's network, as in `podman unshare imds serve …`";

impl LinkError {
    /// An error of the kernel while a link to `place` was made.
    pub(crate) fn at(place: &Place, error: &imds_linux::Error) -> Self {
        Self::of(place, error.to_string().trim_start_matches("cannot "), error.io())
    }

    /// The same, where the operation is known better than the kernel's reason tells.
    pub(crate) fn of(place: &Place, operation: &str, reason: Option<&io::Error>) -> Self {
        let operation = operation.to_owned();
        match reason {
            Some(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                Self::NotPermitted { place: place.to_string(), operation, fix: RUN_AS_ROOT.into() }
            }
            _ => Self::System {
                operation: format!("{operation} for {place}"),
                reason: reason.map_or_else(|| "unknown".into(), ToString::to_string),
            },
        }
    }

    pub(crate) fn no_such(place: &Place, reason: impl Into<String>) -> Self {
        Self::NoSuchPlace { place: place.to_string(), reason: reason.into() }
    }
}
