//! Explains why the machine does not allow the sandbox, and what to type to change that.

use std::fs;
use std::io::{self, ErrorKind};

use imds_linux::Error;

use crate::error::{SandboxError, SandboxErrorKind};

/// A setting of the machine that can be the cause, and the fix.
struct Limit {
    /// The file to read.
    path: &'static str,
    /// The line in it that means the limit is in force.
    line: &'static str,
    hint: &'static str,
}

const LIMITS: [Limit; 5] = [
    Limit {
        path: "/proc/sys/user/max_user_namespaces",
        line: "0",
        hint: "user namespaces are disabled on this machine: \
               sudo sysctl -w user.max_user_namespaces=10000",
    },
    Limit {
        path: "/proc/sys/user/max_net_namespaces",
        line: "0",
        hint: "network namespaces are disabled on this machine: \
               sudo sysctl -w user.max_net_namespaces=10000",
    },
    // Debian's own switch.
    Limit {
        path: "/proc/sys/kernel/unprivileged_userns_clone",
        line: "0",
        hint: "only root may make user namespaces on this machine: \
               sudo sysctl -w kernel.unprivileged_userns_clone=1",
    },
    // Ubuntu's.
    Limit {
        path: "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        line: "1",
        hint: "AppArmor keeps unprivileged programs from using user namespaces: \
               sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    },
    // A filter of system calls, as a container engine installs it.
    Limit {
        path: "/proc/self/status",
        line: "Seccomp:\t2",
        hint: "a seccomp filter is in force, as in a container: start the container with \
               --security-opt seccomp=unconfined --security-opt apparmor=unconfined, \
               or with --privileged",
    },
];

/// Turns a refusal by the kernel into an error with hints.
pub(super) fn explain(error: Error) -> SandboxError {
    let hints = hints(&error, |path| fs::read_to_string(path).unwrap_or_default());
    let kind =
        if hints.is_empty() { SandboxErrorKind::Unavailable } else { SandboxErrorKind::Denied };
    let message = SandboxError::new(kind, "cannot build the sandbox").caused_by(error);
    hints.into_iter().fold(message, SandboxError::hint)
}

fn hints(error: &Error, read: impl Fn(&str) -> String) -> Vec<&'static str> {
    let read_only = "/proc/sys is read-only, as in a container: start the container with \
                     --privileged, or with --security-opt systempaths=unconfined";
    match (error, error.io().map(io::Error::kind)) {
        _ if read("/proc/self/status").is_empty() => {
            vec!["/proc is not mounted, and the sandbox needs it: sudo mount -t proc proc /proc"]
        }
        (
            Error::Sysctl { .. },
            Some(ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied),
        ) => {
            vec![read_only]
        }
        // A limit of 0 is reported as ENOSPC.
        (_, Some(ErrorKind::PermissionDenied | ErrorKind::StorageFull)) => {
            let in_force =
                |limit: &&Limit| read(limit.path).lines().any(|line| line.trim_end() == limit.line);
            let found: Vec<_> = LIMITS.iter().filter(in_force).map(|limit| limit.hint).collect();
            if found.is_empty() { vec!["run it as root: sudo imds exec …"] } else { found }
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: i32) -> Error {
        let source = io::Error::from_raw_os_error(code);
        Error::UserNamespace { operation: "make a user namespace", source }
    }

    #[test]
    fn the_active_setting_is_named_with_the_command_that_changes_it() {
        for limit in LIMITS {
            let read = |path: &str| {
                let text = if path == limit.path { limit.line } else { "" };
                format!("Name:\timds\n{text}\n")
            };
            for code in [libc::EPERM, libc::EACCES, libc::ENOSPC] {
                assert_eq!(hints(&refused(code), read), [limit.hint]);
            }
        }
    }

    #[test]
    fn a_read_only_proc_sys_is_named() {
        let source = io::Error::from_raw_os_error(libc::EROFS);
        let error = Error::Sysctl { path: "/proc/sys/x".into(), value: "1", source };
        assert!(hints(&error, status)[0].contains("systempaths=unconfined"));
    }

    #[test]
    fn a_missing_proc_is_named_whatever_has_failed() {
        let no_proc = |_: &str| String::new();
        for error in [refused(libc::ENOENT), refused(libc::EACCES)] {
            assert!(hints(&error, no_proc)[0].contains("mount -t proc proc /proc"));
        }
    }

    /// A machine on which nothing is set.
    fn status(path: &str) -> String {
        if path == "/proc/self/status" { "Name:\timds\n".to_owned() } else { String::new() }
    }

    #[test]
    fn other_refusals_have_no_hints() {
        assert_eq!(hints(&refused(libc::ENOMEM), status), [""; 0]);
    }
}
