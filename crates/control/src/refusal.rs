//! Why a request that EC2 has no action for failed.

use imds_ec2::Fault;
use serde::{Deserialize, Serialize};

/// Why a request of this program's own commands failed. Nothing was changed.
#[derive(Debug, Deserialize, Serialize)]
pub struct AdminRefusal {
    /// The HTTP status: 400, 401, 403, 404, 409 or 5xx.
    pub status: u16,
    /// The reason, for whoever ran the command.
    pub message: String,
}

impl From<Fault> for AdminRefusal {
    fn from(fault: Fault) -> Self {
        Self { status: fault.status, message: fault.to_string() }
    }
}
