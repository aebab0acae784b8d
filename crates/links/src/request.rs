//! What the service asks of the helper, and what it answers: one JSON message each.

use serde::{Deserialize, Serialize};

use crate::error::LinkError;
use crate::place::Place;

/// No message is longer, in bytes.
pub(crate) const MAX_LEN: usize = 16 * 1024;

/// The number of a link: chosen by the caller, unique among the links of a
/// [`Plumber`](crate::Plumber).
#[derive(
    Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, serde::Serialize, serde::Deserialize,
)]
pub struct LinkNumber(pub u32);

/// Everything that the helper does for the service.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Request {
    Attach { number: LinkNumber, place: Place },
    Detach { number: LinkNumber },
    Socket { number: LinkNumber, ipv6: bool },
}

/// What it answers. Descriptors come in the same message.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Response {
    /// With the descriptor that hangs up, then the listeners.
    Attached {
        device: String,
    },
    Detached,
    /// With the socket.
    Socket,
    Failed {
        error: LinkError,
    },
}
