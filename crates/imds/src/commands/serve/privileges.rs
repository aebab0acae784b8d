//! What `imds serve` needs privileges for, and how it gives them up.

use imds_links::{Kept, LinkError, Plumber, PlumberSettings, can_link};

use super::plan::Plan;
use crate::cli::ListenAddress;
use crate::error::CommandError;

/// Starts the helper that makes links, if this process may make some or is to: links can be added while
/// it runs.
pub(super) fn start_plumber(plan: &Plan) -> Result<Option<Plumber>, CommandError> {
    if plan.workloads.is_empty() && !can_link() {
        return Ok(None);
    }
    Ok(Some(Plumber::start(PlumberSettings { replace_others: plan.force_links })?))
}

/// Gives up what only the helper needs from here on. Must be called while there is one thread.
///
/// A port below 1024 takes a capability once more where `--stall` resets a client.
pub(super) fn drop_privileges(listens: &[ListenAddress]) -> Result<(), LinkError> {
    let low_ports = listens.iter().any(|listen| (1..1024).contains(&listen.address.port()));
    imds_links::drop_privileges(None, Kept { low_ports })
}
