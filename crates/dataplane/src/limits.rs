//! What a client may take of the service.

use std::num::NonZeroUsize;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};

/// How many connections one thread holds at a time; more are closed as they come.
const CONNECTIONS: usize = 20 * 1024;

/// How many connections each of these threads holds: no more than there are descriptors for, but for an eighth,
/// which is left to all else.
pub(crate) fn connections(threads: NonZeroUsize) -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let files = usize::try_from(files - files / 8).unwrap_or(usize::MAX);
    CONNECTIONS.min(files / threads)
}

/// How long a connection may be idle between requests, and a request may take to arrive.
pub(crate) const IDLE: Duration = Duration::from_secs(60);

/// How long a response may take to be taken by the client.
pub(crate) const SEND: Duration = Duration::from_secs(30);

/// How long a client may go on sending a body that nobody wants, and how much of it, before the
/// connection is closed under it.
pub(crate) const LINGER: Duration = Duration::from_secs(1);
/// See [`LINGER`]; in bytes.
pub(crate) const LINGER_BYTES: usize = 256 * 1024;

/// How long a connection whose token was lost is kept to learn that its client has left, and how long the
/// client has then to acknowledge the token all the same.
pub(crate) const LOST: Duration = Duration::from_secs(60);
/// See [`LOST`].
pub(crate) const LEFT: Duration = Duration::from_secs(1);

/// How long a connection stays open whose response a fault withholds: as long as a client waits whose token
/// was lost.
pub(crate) const WITHHELD: Duration = Duration::from_secs(120);

/// How long requests that have begun may take once the service is told to stop.
pub(crate) const DRAIN: Duration = Duration::from_secs(5);

/// How long nothing may have come before a service that is told to stop does so.
pub(crate) const QUIET: Duration = Duration::from_millis(20);

/// Lets this process have as many open files, and so connections, as the system permits it; what a
/// process starts with is meant for programs that wait for all of them at once with `select`.
pub fn allow_many_connections() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // It serves without this as well, only fewer at a time.
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "cannot raise the limit of open files");
    }
}
