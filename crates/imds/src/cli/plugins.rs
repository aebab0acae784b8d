//! The commands that container runtimes run: `imds cni` and `imds netavark`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The command of a plugin that has a file of its own: a link to `imds`, or a copy.
pub(super) fn command(file: &str) -> Option<&'static str> {
    match file {
        "imds-cni" => Some("cni"),
        "imds-netavark" => Some("netavark"),
        _ => None,
    }
}

pub(crate) const CNI_EXAMPLE: &str = "\
Example, of a network's plugins in /etc/cni/net.d/10-pods.conflist:
  {\"type\": \"bridge\", \"ipam\": {\"type\": \"host-local\", \"subnet\": \"10.1.0.0/16\"}},
  {\"type\": \"imds-cni\", \"state\": \"/var/lib/imds/state.db\", \"launch\": {\"role\": \"my-role\"}}

Each pod is an instance of its own. The plugin is a link to this program:
  sudo ln -s \"$(command -v imds)\" /opt/cni/bin/imds-cni
or, from a container that has the node's directory, a copy:
  imds cni --install /opt/cni/bin

A runtime then runs it as `imds cni` runs, with CNI_COMMAND and more in the environment and the
configuration on standard input: CNI 0.4.0, 1.0.0 and 1.1.0. It asks the running `imds serve`:
  sudo imds serve --state /var/lib/imds/state.db";

pub(crate) const NETAVARK_EXAMPLES: &str = "\
Examples, beside `sudo imds serve --state /var/lib/imds/state.db`, with Podman 4.5 or later:
  sudo ln -s \"$(command -v imds)\" /usr/local/lib/netavark/imds-netavark
  sudo podman network create --driver imds-netavark --opt state=/var/lib/imds/state.db \\
    --opt role=my-role metadata
  sudo podman run --network podman --network metadata docker.io/amazon/aws-cli s3 ls

Podman runs the commands of `imds netavark` by itself.";

const CREATE_EXAMPLE: &str = "\
Example, as Podman runs it:
  echo '{\"name\": \"metadata\", \"options\": {\"state\": \"/var/lib/imds/state.db\"}}' |
    imds netavark create";

const SETUP_EXAMPLE: &str = "\
Example, as Podman runs it:
  imds netavark setup /run/netns/web < container.json";

const TEARDOWN_EXAMPLE: &str = "\
Example, as Podman runs it:
  imds netavark teardown /run/netns/web < container.json";

const INFO_EXAMPLE: &str = "\
Example:
  imds netavark info";

#[derive(Args)]
pub(crate) struct CniArgs {
    /// Copy this program to imds-cni in this directory, where runtimes look for plugins, instead of being one
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) install: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct NetavarkArgs {
    /// What to do [default: info]
    #[command(subcommand)]
    pub(crate) command: Option<NetavarkCommand>,
}

#[derive(Subcommand)]
pub(crate) enum NetavarkCommand {
    /// Check the network on standard input, and print it
    #[command(after_help = CREATE_EXAMPLE)]
    Create,
    /// Give the container on standard input its metadata
    #[command(after_help = SETUP_EXAMPLE)]
    Setup {
        /// The path of the container's network namespace
        #[arg(value_name = "PATH")]
        namespace: PathBuf,
    },
    /// Take the metadata away; succeeds also where that is done already
    #[command(after_help = TEARDOWN_EXAMPLE)]
    Teardown {
        /// The path of the container's network namespace
        #[arg(value_name = "PATH")]
        namespace: PathBuf,
    },
    /// Print the versions of the plugin and its protocol
    #[command(after_help = INFO_EXAMPLE)]
    Info,
}
