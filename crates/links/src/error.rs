//! Why a link is not up.

use serde::{Deserialize, Serialize};

/// Why a link is not up. Each message names the place, the rule, and what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkError {
    /// The namespace, process, container or device does not exist (any more). Try again when it does.
    #[error("{place}: {reason}")]
    NoSuchPlace {
        /// The place, as [`Place`](crate::Place) writes it.
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
    },
    /// This machine is an EC2 instance: its programs would lose the real service.
    #[error(
        "host: this machine is an EC2 instance ({evidence}), and its programs would lose EC2's own \
         metadata; link a namespace, a container or a device instead, or allow it explicitly"
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
