//! The commands that call the EC2 API of a running `imds serve`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use imds_core::InstanceId;
use imds_core::events::OsUser;
use imds_core::placement::Region;

use crate::shell::Shell;

pub(crate) const ENV_EXAMPLES: &str = "\
Examples, beside a running `imds serve`:
  eval \"$(imds env)\"                          in sh, bash, zsh
  imds env --shell fish | source
  imds env --shell powershell | Invoke-Expression
  imds env --json

After that `aws ec2 describe-instances` calls it.";

#[derive(Args)]
pub(crate) struct EnvArgs {
    /// The shell that reads the lines
    #[arg(long, value_name = "SHELL", default_value = "sh")]
    pub(crate) shell: Shell,

    /// Print JSON; a variable to unset is null
    #[arg(long, conflicts_with = "shell")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) state: StateArgs,
}

/// Which `imds serve` is meant.
#[derive(Args)]
pub(crate) struct StateArgs {
    /// The state of the running `imds serve`: its file, or `etcd://…`
    /// [default: `$XDG_STATE_HOME/imds/state.db`]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) state: Option<PathBuf>,
}

pub(crate) const ACCESS_KEY_EXAMPLES: &str = "\
Examples:
  imds access-key create --read-only
  imds access-key list
  imds access-key delete AKIAIOSFODNN7EXAMPLE

Calls the EC2 API of the running `imds serve`, or the one that AWS_ENDPOINT_URL_EC2 and the keys in
the environment name.";

const CREATE_EXAMPLES: &str = "\
Examples:
  imds access-key create
  imds access-key create --read-only            for a dashboard
  imds access-key create --id test --secret-file secret.txt";

const KEY_LIST_EXAMPLE: &str = "\
Example:
  imds access-key list";

const DELETE_EXAMPLE: &str = "\
Example:
  imds access-key delete AKIAIOSFODNN7EXAMPLE";

#[derive(Args)]
pub(crate) struct AccessKeyArgs {
    #[command(subcommand)]
    pub(crate) command: AccessKeyCommand,

    #[command(flatten)]
    pub(crate) state: StateArgs,
}

#[derive(Subcommand)]
pub(crate) enum AccessKeyCommand {
    /// Create a key; its secret is shown only now
    #[command(after_help = CREATE_EXAMPLES)]
    Create {
        /// Create a key that can read everything and change nothing
        #[arg(long)]
        read_only: bool,

        /// The key's id, 3 to 128 letters, digits and _ [default: a new one]
        #[arg(long, value_name = "ID", requires = "secret_file")]
        id: Option<String>,

        /// A file with the key's secret, 4 to 128 characters; `-` is standard input
        #[arg(long, value_name = "FILE", requires = "id")]
        secret_file: Option<PathBuf>,
    },
    /// List the keys, without their secrets
    #[command(after_help = KEY_LIST_EXAMPLE)]
    List,
    /// Delete a key; the last one with full access stays
    #[command(after_help = DELETE_EXAMPLE)]
    Delete {
        /// The key's id
        #[arg(value_name = "ID")]
        id: String,
    },
}

pub(crate) const INSTANCE_EXAMPLES: &str = "\
Examples:
  imds instance list
  imds instance show i-1234567890abcdef0
  imds instance list --region eu-west-1 --json
  imds instance send-ssh-key --os-user admin --public-key ~/.ssh/id_ed25519.pub

Calls the EC2 API of the running `imds serve`, or the one that AWS_ENDPOINT_URL_EC2 and the keys in
the environment name.";

const LIST_EXAMPLES: &str = "\
Examples:
  imds instance list
  imds instance list --region eu-west-1 --json";

const SHOW_EXAMPLES: &str = "\
Examples:
  imds instance show                            all instances
  imds instance show i-1234567890abcdef0 --json";

const SEND_SSH_KEY_EXAMPLE: &str = "\
Example:
  imds instance send-ssh-key --os-user admin --public-key ~/.ssh/id_ed25519.pub";

#[derive(Args)]
pub(crate) struct InstanceArgs {
    #[command(subcommand)]
    pub(crate) command: InstanceCommand,

    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// The Region [default: the default instance's]
    #[arg(long, global = true)]
    pub(crate) region: Option<Region>,

    #[command(flatten)]
    pub(crate) state: StateArgs,
}

#[derive(Subcommand)]
pub(crate) enum InstanceCommand {
    /// List instances, one a line
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Let a user log in for the next 60 seconds, as EC2 Instance Connect does
    #[command(after_help = SEND_SSH_KEY_EXAMPLE)]
    SendSshKey {
        /// The instance [default: the default instance]
        #[arg(value_name = "ID")]
        id: Option<InstanceId>,

        /// The user on the instance
        #[arg(long, value_name = "USER", default_value = "ec2-user")]
        os_user: OsUser,

        /// A file with a public key of RSA or ED25519 in OpenSSH format
        #[arg(long, value_name = "FILE")]
        public_key: PathBuf,
    },
    /// Show all that the EC2 API tells about an instance's metadata
    #[command(after_help = SHOW_EXAMPLES)]
    Show {
        /// The instances [default: all]
        #[arg(value_name = "ID")]
        ids: Vec<InstanceId>,
    },
}
