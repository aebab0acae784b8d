//! Errors of system calls and kernel interfaces.

use std::io;
use std::path::PathBuf;

/// A system call or kernel interface that failed, with the operation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A network namespace cannot be made, opened or entered.
    #[error("cannot {operation} a network namespace")]
    Namespace {
        /// The verb: `make`, `open`, `enter`.
        operation: &'static str,
        /// The kernel's reason.
        source: io::Error,
    },
    /// A user namespace cannot be made or its ids cannot be mapped.
    #[error("cannot {operation}")]
    UserNamespace {
        /// What was tried, as in "cannot …".
        operation: &'static str,
        /// The kernel's reason.
        source: io::Error,
    },
    /// A change to links, addresses or routes was refused.
    #[error("cannot {operation}")]
    Netlink {
        /// What was tried, as in "cannot …", with the names it was tried on.
        operation: String,
        /// The kernel's reason.
        source: io::Error,
    },
    /// A kernel setting under `/proc/sys` cannot be written.
    #[error("cannot write {value} to {}", path.display())]
    Sysctl {
        /// The setting's file.
        path: PathBuf,
        /// The value that was written.
        value: &'static str,
        /// The kernel's reason.
        source: io::Error,
    },
    /// A mount, or a file made for one, was refused.
    #[error("cannot {operation} {}", target.display())]
    Mount {
        /// What was tried, as in "cannot … /target".
        operation: String,
        /// The path.
        target: PathBuf,
        /// The kernel's reason.
        source: io::Error,
    },
    /// A process, signal or capability operation was refused.
    #[error("cannot {operation}")]
    Process {
        /// What was tried, as in "cannot …".
        operation: &'static str,
        /// The kernel's reason.
        source: io::Error,
    },
    /// Forking without `exec` is only sound while no other thread exists.
    #[error("cannot fork: the process has {count} threads")]
    Threads {
        /// How many threads there are.
        count: u64,
    },
    /// Packets cannot be captured.
    #[error("cannot {operation} on {interface}")]
    Capture {
        /// What was tried, as in "cannot … on eth0".
        operation: &'static str,
        /// The interface.
        interface: String,
        /// The kernel's reason.
        source: io::Error,
    },
    /// An Ethernet device that ends in this process cannot be made.
    #[error("cannot make the device {interface}")]
    Tap {
        /// The device's name.
        interface: String,
        /// The kernel's reason.
        source: io::Error,
    },
    /// A table under `/proc/net` cannot be read or lacks a column.
    #[error("cannot read {column} in {path}")]
    Counter {
        /// The file.
        path: &'static str,
        /// The name of the counter.
        column: &'static str,
        /// The reason.
        source: io::Error,
    },
}

impl Error {
    /// The kernel's reason, where there is one.
    pub fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Namespace { source, .. }
            | Self::UserNamespace { source, .. }
            | Self::Netlink { source, .. }
            | Self::Sysctl { source, .. }
            | Self::Mount { source, .. }
            | Self::Process { source, .. }
            | Self::Capture { source, .. }
            | Self::Tap { source, .. }
            | Self::Counter { source, .. } => Some(source),
            Self::Threads { .. } => None,
        }
    }
}
