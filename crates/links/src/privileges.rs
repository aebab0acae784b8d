//! What the serving process gives up.

use imds_linux::process;
use rustix::thread::CapabilitySet;

use crate::LinkError;

/// A user and a group, by number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct User {
    /// The user id.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
}

/// What a process keeps when it drops its privileges.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Kept {
    /// May bind ports below 1024 (`CAP_NET_BIND_SERVICE`).
    pub low_ports: bool,
}

/// Whether the calling process may make links: it is root, or root of the user namespace that owns
/// its network.
pub fn can_link() -> bool {
    process::has_capabilities(CapabilitySet::NET_ADMIN | CapabilitySet::SYS_ADMIN)
}

/// Gives up the privileges of the calling process, for good: it becomes `user` if there is one,
/// without supplementary groups; loses all capabilities but those `kept`, also the bounding set; and
/// neither it nor what it starts gains any (`no_new_privs`). Another user keeps nothing.
///
/// Must be called while the process has one thread, after [`Plumber::start`](crate::Plumber::start),
/// and once it has opened what only root can: ports below 1024, log files, the state.
pub fn drop_privileges(user: Option<User>, kept: Kept) -> Result<(), LinkError> {
    let low_ports = CapabilitySet::NET_BIND_SERVICE;
    let kept = if kept.low_ports { low_ports } else { CapabilitySet::empty() };
    process::drop_privileges(user.map(|user| (user.uid, user.gid)), kept).map_err(|error| {
        let reason = error.io().map_or_else(String::new, ToString::to_string);
        LinkError::System {
            operation: "drop privileges".into(),
            reason: format!("{error}: {reason}"),
        }
    })
}
