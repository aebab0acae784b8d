//! What the serving process gives up.

use imds_linux::process;

use crate::LinkError;

/// A user and a group, by number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct User {
    /// The user id.
    pub uid: u32,
    /// The group id.
    pub gid: u32,
}

/// Gives up every privilege of the calling process, for good: it becomes `user` if there is one,
/// without supplementary groups; loses all capabilities, also the bounding set; and neither it nor
/// what it starts gains any (`no_new_privs`).
///
/// Must be called while the process has one thread, after [`Plumber::start`](crate::Plumber::start),
/// and once it has opened what only root can: ports below 1024, log files, the state.
pub fn drop_privileges(user: Option<User>) -> Result<(), LinkError> {
    process::drop_privileges(user.map(|user| (user.uid, user.gid))).map_err(|error| {
        let reason = error.io().map_or_else(String::new, ToString::to_string);
        LinkError::System {
            operation: "drop privileges".into(),
            reason: format!("{error}: {reason}"),
        }
    })
}
