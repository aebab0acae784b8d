//! `imds host`.

use clap::{Args, Subcommand};
use imds_account::HostName;

use super::StateArgs;

pub(crate) const HOST_EXAMPLES: &str = "\
Examples, beside a running `imds serve --state etcd://…`:
  imds host list --state \"$URL\"
  imds host list --json | jq -r '.[] | select(.is_alive | not) | .name'
  imds host show node-1

Calls the EC2 API of the running `imds serve`, or the one that AWS_ENDPOINT_URL_EC2 and the keys in
the environment name.";

const LIST_EXAMPLES: &str = "\
Examples:
  imds host list
  imds host list --json | jq -r '.[] | select(.behind > 0) | .name'";

const SHOW_EXAMPLES: &str = "\
Examples:
  imds host show node-1
  imds host show node-1 --json | jq -r .control";

#[derive(Args)]
pub(crate) struct HostArgs {
    #[command(subcommand)]
    pub(crate) command: HostCommand,

    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) state: StateArgs,
}

#[derive(Subcommand)]
pub(crate) enum HostCommand {
    /// List hosts, with whether they live and how far behind the newest change they are
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Print what is known of one host
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The host's name
        name: HostName,
    },
}
