//! What can be said to `imds event`.

use std::time::Duration;

use clap::{Args, Subcommand};
use imds_core::InstanceId;
use imds_core::events::{MaintenanceCode, SpotAction, TargetState};
use imds_core::placement::Region;

use super::StateArgs;
use crate::settings::{duration, time};

pub(crate) const EVENT_EXAMPLES: &str = "\
Examples, beside a running `imds serve`:
  imds event spot-interruption                  the notice is there; two minutes are left
  imds event spot-interruption --action stop --in 10m
  imds event rebalance --instance-id i-0123456789abcdef0
  imds event maintenance add --code instance-stop --in 3d
  imds event maintenance complete instance-event-0d59937288b749b32
  imds event lifecycle-state Terminated
  imds event list --json
  imds event cancel spot-interruption           as if it had never been

What is shown changes, and nothing else: the instance runs on. Asks the running `imds serve`, or the
one that AWS_ENDPOINT_URL_EC2 and the keys in the environment name.";

#[derive(Args)]
pub(crate) struct EventArgs {
    #[command(subcommand)]
    pub(crate) command: EventCommand,

    /// The instance [default: the default instance]
    #[arg(long, value_name = "ID", global = true)]
    pub(crate) instance_id: Option<InstanceId>,

    /// The instance's Region [default: the default instance's]
    #[arg(long, global = true, requires = "instance_id")]
    pub(crate) region: Option<Region>,

    /// Print JSON; times are in seconds since 1970
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) state: StateArgs,
}

#[derive(Subcommand)]
pub(crate) enum EventCommand {
    /// EC2 takes a spot instance back; the notice appears two minutes before, or at once
    SpotInterruption {
        /// What will be done to it: `terminate`, `stop` or `hibernate`
        #[arg(long, default_value = "terminate")]
        action: SpotAction,

        #[command(flatten)]
        when: WhenArgs,
    },
    /// The advice to leave a spot instance
    Rebalance {
        #[command(flatten)]
        when: WhenArgs,
    },
    /// Scheduled maintenance
    #[command(subcommand)]
    Maintenance(MaintenanceCommand),
    /// The state that the Auto Scaling group wants the instance in
    LifecycleState {
        /// `InService`, `Terminated`, `Standby`, `Detached`, `Warmed:Stopped`, …
        #[arg(value_name = "STATE")]
        target: TargetState,

        #[command(flatten)]
        when: WhenArgs,
    },
    /// What happens, and what happened
    List,
    /// Take an event back, as if it had never been
    Cancel {
        /// As `imds event list` shows it
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum MaintenanceCommand {
    /// Schedule it; it is shown at once
    Add {
        /// `instance-reboot`, `instance-retirement`, `instance-stop`, `system-maintenance` or
        /// `system-reboot`
        #[arg(long, default_value = "system-reboot")]
        code: MaintenanceCode,

        /// In words [default: the code's usual ones]
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,

        #[command(flatten)]
        when: WhenArgs,

        /// How long it takes at most [default: 2h]
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        lasts: Option<Duration>,
    },
    /// It took place: it goes over to the history
    Complete {
        /// As `imds event list` shows it
        #[arg(value_name = "ID")]
        id: String,
    },
    /// It is called off: it goes over to the history
    Cancel {
        /// As `imds event list` shows it
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// When something takes place.
#[derive(Args)]
pub(crate) struct WhenArgs {
    /// In how long it takes place, such as 2m or 3d [default: as soon as on EC2]
    #[arg(long = "in", value_name = "DURATION", value_parser = duration)]
    pub(crate) ahead: Option<Duration>,

    /// When it takes place, such as 2030-01-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "ahead")]
    pub(crate) at: Option<u64>,
}
