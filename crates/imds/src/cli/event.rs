//! `imds event`.

use std::time::Duration;

use clap::{Args, Subcommand};
use imds_core::InstanceId;
use imds_core::events::{MaintenanceCode, SpotAction, TargetState};
use imds_core::placement::Region;

use super::StateArgs;
use crate::settings::{MAINTENANCE_CODES, SPOT_ACTIONS, TARGET_STATES, duration, one_of, time};

pub(crate) const EVENT_EXAMPLES: &str = "\
Examples, beside a running `imds serve`:
  imds event spot-interruption                  the notice is there; two minutes are left
  imds event spot-interruption --action stop --in 10m
  imds event rebalance --instance-id i-0123456789abcdef0
  imds event maintenance add --code instance-stop --in 3d
  imds event maintenance complete instance-event-0d59937288b749b32
  imds event lifecycle-state Terminated
  imds event list --json
  imds event cancel spot-interruption           as if it had never happened

Only metadata changes: the instance keeps running. Calls the EC2 API of the running `imds serve`, or
the one that AWS_ENDPOINT_URL_EC2 and the keys in the environment name.";

const SPOT_INTERRUPTION_EXAMPLES: &str = "\
Examples:
  imds event spot-interruption                  the notice is there; two minutes are left
  imds event spot-interruption --action stop --in 10m";

const REBALANCE_EXAMPLE: &str = "\
Example:
  imds event rebalance --instance-id i-0123456789abcdef0";

const MAINTENANCE_EXAMPLES: &str = "\
Examples:
  imds event maintenance add --code instance-stop --in 3d
  imds event maintenance complete instance-event-0d59937288b749b32
  imds event maintenance cancel instance-event-0d59937288b749b32";

const ADD_EXAMPLE: &str = "\
Example:
  imds event maintenance add --code instance-stop --in 3d --lasts 4h";

const COMPLETE_EXAMPLE: &str = "\
Example:
  imds event maintenance complete instance-event-0d59937288b749b32";

const CANCEL_MAINTENANCE_EXAMPLE: &str = "\
Example:
  imds event maintenance cancel instance-event-0d59937288b749b32";

const LIFECYCLE_STATE_EXAMPLE: &str = "\
Example:
  imds event lifecycle-state Terminated --in 5m";

const EVENT_LIST_EXAMPLE: &str = "\
Example:
  imds event list --json";

const CANCEL_EXAMPLE: &str = "\
Example:
  imds event cancel spot-interruption";

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
    /// Interrupt a spot instance; the notice appears two minutes before, or at once
    #[command(after_help = SPOT_INTERRUPTION_EXAMPLES)]
    SpotInterruption {
        /// What EC2 will do: `terminate`, `stop` or `hibernate`
        #[arg(long, default_value = "terminate", value_parser = one_of::<SpotAction>(SPOT_ACTIONS),
              hide_possible_values = true)]
        action: SpotAction,

        #[command(flatten)]
        when: WhenArgs,
    },
    /// Recommend to leave a spot instance
    #[command(after_help = REBALANCE_EXAMPLE)]
    Rebalance {
        #[command(flatten)]
        when: WhenArgs,
    },
    /// Schedule maintenance, complete or cancel it
    #[command(subcommand, after_help = MAINTENANCE_EXAMPLES)]
    Maintenance(MaintenanceCommand),
    /// Set the target lifecycle state, as an Auto Scaling group does
    #[command(after_help = LIFECYCLE_STATE_EXAMPLE)]
    LifecycleState {
        /// `InService`, `Terminated`, `Standby`, `Detached`, `Warmed:Stopped`, …
        #[arg(value_name = "STATE", value_parser = one_of::<TargetState>(TARGET_STATES),
              hide_possible_values = true)]
        target: TargetState,

        #[command(flatten)]
        when: WhenArgs,
    },
    /// List events that are to come, active and over
    #[command(after_help = EVENT_LIST_EXAMPLE)]
    List,
    /// Take an event back, as if it had never happened
    #[command(after_help = CANCEL_EXAMPLE)]
    Cancel {
        /// The id that `imds event list` shows
        #[arg(value_name = "ID")]
        id: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum MaintenanceCommand {
    /// Schedule maintenance; it is shown at once
    #[command(after_help = ADD_EXAMPLE)]
    Add {
        /// `instance-reboot`, `instance-retirement`, `instance-stop`, `system-maintenance` or
        /// `system-reboot`
        #[arg(long, default_value = "system-reboot", hide_possible_values = true,
              value_parser = one_of::<MaintenanceCode>(MAINTENANCE_CODES))]
        code: MaintenanceCode,

        /// The description [default: EC2's own for the code]
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,

        #[command(flatten)]
        when: WhenArgs,

        /// How long it takes at most [default: 2h]
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        lasts: Option<Duration>,
    },
    /// Complete maintenance: it moves to the history
    #[command(after_help = COMPLETE_EXAMPLE)]
    Complete {
        /// The id that `imds event list` shows
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Call maintenance off: it moves to the history
    #[command(after_help = CANCEL_MAINTENANCE_EXAMPLE)]
    Cancel {
        /// The id that `imds event list` shows
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
