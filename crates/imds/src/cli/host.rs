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
    List,
    /// Print what is known of one host
    Show {
        /// The host's name
        name: HostName,
    },
}
