//! The users of the machine.

use std::path::Path;

/// Whether programs can be run as other users: in a user namespace of our own there is only one.
pub fn has_all_users() -> bool {
    std::fs::read_to_string(Path::new("/proc/self/uid_map"))
        .is_ok_and(|map| map.split_whitespace().nth(2) == Some("4294967295"))
}
