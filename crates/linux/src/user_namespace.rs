//! User namespaces, which allow to make network namespaces without root.

use std::{fs, io};

use rustix::process::{getegid, geteuid};
use rustix::thread::{CapabilitySet, UnshareFlags, capabilities, unshare_unsafe};

use crate::Error;

/// The user id in a new user namespace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Identity {
    /// The same user and group ids as outside.
    Own,
    /// User 0 and group 0.
    Root,
}

/// Whether the calling thread may make namespaces and configure networks without a user namespace.
pub fn is_needless() -> bool {
    let needed = CapabilitySet::SYS_ADMIN | CapabilitySet::NET_ADMIN;
    geteuid().is_root() && capabilities(None).is_ok_and(|sets| sets.effective.contains(needed))
}

/// Moves the process into a new user namespace, in which it has every capability.
///
/// Supplementary groups stay in force, but show as the overflow group inside.
///
/// # Errors
/// The kernel, its settings, a security module or a container's filter forbid user namespaces; or
/// the process has more than one thread.
pub fn enter(identity: Identity) -> Result<(), Error> {
    let (uid, gid) = (geteuid(), getegid());
    // SAFETY: `FILES` is not among the flags, so no descriptor goes missing for other threads.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER) }.map_err(|error| Error::UserNamespace {
        operation: "make a user namespace",
        source: error.into(),
    })?;
    let (user_inside, group_inside) = match identity {
        Identity::Own => (uid.as_raw(), gid.as_raw()),
        Identity::Root => (0, 0),
    };
    // The kernel lets an unprivileged process map its group only after it gave up `setgroups`.
    map("setgroups", "deny")
        .and_then(|()| map("uid_map", &format!("{user_inside} {} 1", uid.as_raw())))
        .and_then(|()| map("gid_map", &format!("{group_inside} {} 1", gid.as_raw())))
        .map_err(|source| Error::UserNamespace {
            operation: "map user and group ids into a user namespace",
            source,
        })
}

fn map(file: &str, line: &str) -> io::Result<()> {
    fs::write(format!("/proc/self/{file}"), line)
}
