//! User namespaces, which allow to make network namespaces without root.

use std::{fs, io};

use rustix::process::{getegid, geteuid};
use rustix::thread::{CapabilitySet, UnshareFlags, capabilities, unshare_unsafe};

use crate::Error;
use crate::process::Child;

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
        .map_err(|source| Error::UserNamespace { operation: MAP, source })
}

/// Gives a child in a new user namespace (see [`Isolation::OwnedMachine`](crate::process::Isolation)) all
/// the user and group ids that the calling process has, with the same numbers.
///
/// # Errors
/// The calling process may not set user ids.
pub fn map_as_here(child: &Child) -> Result<(), Error> {
    let copy = |kind: &str| {
        let own = fs::read_to_string(format!("/proc/self/{kind}"))?;
        fs::write(format!("/proc/{}/{kind}", child.pid()), same_inside(&own))
    };
    copy("uid_map")
        .and_then(|()| copy("gid_map"))
        .map_err(|source| Error::UserNamespace { operation: MAP, source })
}

/// The map that changes no number, of all ids that are in this one.
fn same_inside(map: &str) -> String {
    let same = |line: &str| {
        let mut words = line.split_whitespace();
        let (inside, _, count) = (words.next()?, words.next()?, words.next()?);
        Some(format!("{inside} {inside} {count}\n"))
    };
    map.lines().filter_map(same).collect()
}

const MAP: &str = "map user and group ids into a user namespace";

fn map(file: &str, line: &str) -> io::Result<()> {
    fs::write(format!("/proc/self/{file}"), line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_numbers_in_a_copied_map() {
        for (map, expected) in [
            ("         0          0 4294967295\n", "0 0 4294967295\n"),
            ("1000 0 1\n", "1000 1000 1\n"),
            ("0 1000 1\n1 100000 65536\n", "0 0 1\n1 1 65536\n"),
        ] {
            assert_eq!(same_inside(map), expected);
        }
    }
}
