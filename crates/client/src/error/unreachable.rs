//! Why there is no connection.

use std::fmt;
use std::io::{self, ErrorKind};

/// Why there is no connection.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Unreachable {
    /// The address answers that no program listens there, or a firewall rejects the connection
    /// (`ECONNREFUSED`).
    Refused,
    /// This machine has no route there (`ENETUNREACH`).
    NoRoute,
    /// A router, or a route of this machine, says that the host is unreachable (`EHOSTUNREACH`).
    HostUnreachable,
    /// A route or a security policy of this machine prohibits it (`EACCES`), such as the route of
    /// systemd-imdsd in its locked mode.
    Prohibited,
    /// A packet filter or a security policy of this machine rejects it (`EPERM`).
    Filtered,
    /// A route of this machine discards the packets (`EINVAL`).
    Blackhole,
    /// Nothing answered: this is not an EC2 instance, or a firewall drops the packets.
    TimedOut,
    /// The name in the endpoint's URL cannot be resolved.
    UnknownHost,
    /// Any other error of the system.
    Other(ErrorKind),
}

impl Unreachable {
    pub(crate) fn of(error: &io::Error) -> Self {
        /// The same number on every Unix.
        const EPERM: i32 = 1;
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::NetworkUnreachable => Self::NoRoute,
            ErrorKind::HostUnreachable => Self::HostUnreachable,
            ErrorKind::PermissionDenied if cfg!(unix) && error.raw_os_error() == Some(EPERM) => {
                Self::Filtered
            }
            ErrorKind::PermissionDenied => Self::Prohibited,
            ErrorKind::InvalidInput => Self::Blackhole,
            ErrorKind::TimedOut => Self::TimedOut,
            kind => Self::Other(kind),
        }
    }

    /// Whether it may pass while a machine boots or a link settles; a rule does not.
    pub(crate) fn is_transient(self) -> bool {
        !matches!(self, Self::Prohibited | Self::Filtered | Self::Blackhole)
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "the connection was refused (ECONNREFUSED)",
            Self::NoRoute => "this machine has no route there (ENETUNREACH)",
            Self::HostUnreachable => "the host is unreachable (EHOSTUNREACH)",
            Self::Prohibited => "a route or security policy of this machine prohibits it (EACCES)",
            Self::Filtered => {
                "a packet filter or security policy of this machine rejects it (EPERM)"
            }
            Self::Blackhole => "a route of this machine discards the packets (EINVAL)",
            Self::TimedOut => "nothing answers there",
            Self::UnknownHost => "the host name cannot be resolved",
            Self::Other(kind) => return write!(f, "{kind}"),
        })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_errors_are_distinguished() {
        for (number, expected) in [
            (1, Unreachable::Filtered),
            (13, Unreachable::Prohibited),
            (22, Unreachable::Blackhole),
            (101, Unreachable::NoRoute),
            (110, Unreachable::TimedOut),
            (111, Unreachable::Refused),
            (113, Unreachable::HostUnreachable),
        ] {
            assert_eq!(Unreachable::of(&io::Error::from_raw_os_error(number)), expected);
        }
    }
}
