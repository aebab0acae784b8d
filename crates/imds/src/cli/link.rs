//! `--link` of `imds serve`, and `imds link`.

use std::str::FromStr as _;

use clap::{Args, Subcommand};
use imds_control::LinkName;
use imds_host::LinkSpec;
use imds_links::Place;

use super::StateArgs;

/// Workloads that reach the service at 169.254.169.254.
#[derive(Args)]
#[command(next_help_heading = "Links to workloads")]
pub(crate) struct WorkloadArgs {
    /// Answer at 169.254.169.254 in this workload's network; repeat for more; needs root. PLACE is
    /// `host` (this machine and its containers), `container=NAME` (Podman, Docker), `pid=NUMBER`,
    /// `netns=PATH` or `device=NAME` (a virtual machine's TAP device or bridge). Without an instance,
    /// requests are those of the instance that has the client's address, or of the default instance
    #[arg(long, value_name = "PLACE[,instance=ID]")]
    pub(crate) link: Vec<LinkSpec>,

    /// Link also where another service answers at 169.254.169.254 or has a route there, and this machine
    /// even if it is an EC2 instance; not where an interface has the address
    #[arg(long)]
    pub(crate) force_links: bool,
}

pub(crate) const LINK_EXAMPLES: &str = "\
Examples, beside a running `sudo imds serve`:
  sudo imds link add container=web
  sudo imds link add netns=/run/netns/blue,instance=i-0123456789abcdef0
  sudo imds link list
  sudo imds link remove container=web

Calls the EC2 API of the running `imds serve`, or the one that AWS_ENDPOINT_URL_EC2 and the keys in
the environment name. Links are kept in its state, and attached again after a restart.";

const ADD_EXAMPLES: &str = "\
Examples:
  imds link add host                            this machine, and its containers behind it
  imds link add container=web,instance=i-0123456789abcdef0
  imds link add device=tap0                     the virtual machine behind a TAP device";

const LIST_EXAMPLES: &str = "\
Examples:
  imds link list
  imds link list --json | jq -r '.[] | select(.v1 > 0) | .place'";

const REMOVE_EXAMPLES: &str = "\
Examples:
  imds link remove 3
  imds link remove container=web";

#[derive(Args)]
pub(crate) struct LinkArgs {
    #[command(subcommand)]
    pub(crate) command: LinkCommand,

    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) state: StateArgs,
}

#[derive(Subcommand)]
pub(crate) enum LinkCommand {
    /// Link a workload; a place that does not exist yet is waited for
    #[command(after_help = ADD_EXAMPLES)]
    Add {
        /// Where the workload is, and which instance it is
        #[arg(value_name = "PLACE[,instance=ID]")]
        link: LinkSpec,
    },
    /// List links, with their state and what was counted since the service started
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Remove a link; its open connections are reset
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove {
        /// The link's number, or its place
        #[arg(value_name = "LINK", value_parser = link_name)]
        link: LinkName,
    },
}

fn link_name(text: &str) -> Result<LinkName, String> {
    if let Ok(number) = text.parse() {
        return Ok(LinkName::Number(number));
    }
    let place = Place::from_str(text);
    place.map(|place| LinkName::Place(place.to_string())).map_err(|error| error.to_string())
}
