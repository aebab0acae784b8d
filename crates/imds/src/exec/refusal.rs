//! Why the machine refuses the sandbox, and what to type to be allowed.

use std::fs;
use std::io;

use imds_linux::Error;

use crate::error::{CommandError, Kind};

/// Settings of this machine that can be the cause.
#[derive(Clone, Copy, Debug, Default)]
struct Limits {
    /// `user.max_user_namespaces` is 0.
    no_user_namespaces: bool,
    /// `user.max_net_namespaces` is 0.
    no_net_namespaces: bool,
    /// `kernel.unprivileged_userns_clone` is 0 (Debian's own switch).
    only_root_clones: bool,
    /// `kernel.apparmor_restrict_unprivileged_userns` is 1 (Ubuntu's).
    apparmor_restricts: bool,
    /// A seccomp filter is in force, as a container engine installs it.
    filtered: bool,
}

/// Turns a refusal into what the user reads.
pub(super) fn explain(error: Error) -> CommandError {
    explain_with(error, Limits::read())
}

fn explain_with(error: Error, limits: Limits) -> CommandError {
    let hints = hints(&error, limits);
    let kind = if hints.is_empty() { Kind::Unavailable } else { Kind::Denied };
    hints.into_iter().fold(
        CommandError::new(kind, "cannot build the sandbox").caused_by(error),
        CommandError::hint,
    )
}

impl Limits {
    fn read() -> Self {
        let is = |name: &str, value: &str| {
            fs::read_to_string(format!("/proc/sys/{name}")).is_ok_and(|text| text.trim() == value)
        };
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self {
            no_user_namespaces: is("user/max_user_namespaces", "0"),
            no_net_namespaces: is("user/max_net_namespaces", "0"),
            only_root_clones: is("kernel/unprivileged_userns_clone", "0"),
            apparmor_restricts: is("kernel/apparmor_restrict_unprivileged_userns", "1"),
            filtered: status.lines().any(|line| line == "Seccomp:\t2"),
        }
    }
}

fn hints(error: &Error, limits: Limits) -> Vec<&'static str> {
    let reason = error.io().map(io::Error::kind);
    let denied =
        matches!(reason, Some(io::ErrorKind::PermissionDenied | io::ErrorKind::StorageFull));
    match error {
        Error::Sysctl { .. } if denied || reason == Some(io::ErrorKind::ReadOnlyFilesystem) => {
            vec![
                "/proc/sys is read-only, as in a container without privileges: start the container \
                 with --privileged, or with --security-opt systempaths=unconfined",
            ]
        }
        _ if denied => denied_hints(limits),
        _ => Vec::new(),
    }
}

fn denied_hints(limits: Limits) -> Vec<&'static str> {
    let causes = [
        (
            limits.no_user_namespaces,
            "user namespaces are switched off on this machine: \
             sudo sysctl -w user.max_user_namespaces=10000",
        ),
        (
            limits.no_net_namespaces,
            "network namespaces are switched off on this machine: \
             sudo sysctl -w user.max_net_namespaces=10000",
        ),
        (
            limits.only_root_clones,
            "only root may make user namespaces on this machine: \
             sudo sysctl -w kernel.unprivileged_userns_clone=1",
        ),
        (
            limits.apparmor_restricts,
            "AppArmor keeps unprivileged programs from using user namespaces: \
             sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            limits.filtered,
            "a seccomp filter is in force, as in a container: start the container with \
             --security-opt seccomp=unconfined (and --security-opt apparmor=unconfined), or with \
             --privileged",
        ),
    ];
    let found: Vec<_> = causes.iter().filter(|(holds, _)| *holds).map(|(_, hint)| *hint).collect();
    if found.is_empty() { vec!["run it as root: sudo imds exec …"] } else { found }
}
