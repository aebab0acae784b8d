//! The states of an instance.

use imds_account::records::Lifecycle;

/// Why an instance stopped that a call stopped. Source: EC2 API `StateReason`.
pub(super) const BY_USER: &str = "Client.UserInitiatedShutdown";

/// The state of an instance: what it was told to be, and whether the data path knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl State {
    /// The state of an instance that was told to be `lifecycle`, and is served or is not.
    pub(super) fn of(lifecycle: Lifecycle, is_served: bool) -> Self {
        match (lifecycle, is_served) {
            (Lifecycle::Running, false) => Self::Pending,
            (Lifecycle::Running, true) => Self::Running,
            (Lifecycle::Stopped, true) => Self::Stopping,
            (Lifecycle::Stopped, false) => Self::Stopped,
            (Lifecycle::Terminated, true) => Self::ShuttingDown,
            (Lifecycle::Terminated, false) => Self::Terminated,
        }
    }

    /// As the EC2 API has it. Source: EC2 API `InstanceState`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }

    /// The same as a number.
    pub(super) fn code(self) -> i32 {
        match self {
            Self::Pending => 0,
            Self::Running => 16,
            Self::ShuttingDown => 32,
            Self::Terminated => 48,
            Self::Stopping => 64,
            Self::Stopped => 80,
        }
    }

    /// Both.
    pub(super) fn shape(self) -> imds_ec2::types::InstanceState {
        imds_ec2::types::InstanceState {
            code: Some(self.code()),
            name: Some(self.name().to_owned()),
        }
    }
}
