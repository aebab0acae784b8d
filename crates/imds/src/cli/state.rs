//! `imds state`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use imds_account::HostName;

pub(crate) const STATE_EXAMPLES: &str = "\
Examples:
  imds state export backup.jsonl                also while `imds serve` runs
  imds state import backup.jsonl --state /var/lib/imds/state.db
  imds state check

A state has all that `imds serve` keeps: instances, access keys, the keys of tokens and signatures.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  imds state export backup.jsonl
  imds state export --state /var/lib/imds/state.db - | age -r age1... > backup.age

The file holds the keys of the state in plain text: whoever reads it can make tokens, sign as this
service does, and call the EC2 API. Only its owner can read it; it replaces no other file.";

const IMPORT_EXAMPLES: &str = "\
Examples:
  imds state import backup.jsonl --state /var/lib/imds/state.db
  age -d -i key.txt backup.age | imds state import -

All of it is there in the end, or the state says that it is incomplete, and `imds serve` refuses it.";

const MOVE_EXAMPLES: &str = "\
Examples:
  imds state move state.db 'etcd://10.0.0.1:2379/?seal-key=/etc/imds/seal&ca=/etc/imds/ca.pem'
  imds state move state.db /var/lib/imds/state.db

No `imds serve` may use either. What was moved is read back and compared. The old state stays as it
is, and says that it was moved: `imds serve` refuses it from then on.";

const CHECK_EXAMPLES: &str = "\
Examples:
  imds state check
  imds state check --state backup/state.db --json | jq .unreadable";

const RESEAL_EXAMPLES: &str = "\
Example, once every host has the new key in the first line of its file, and the old one below:
  imds state reseal --state 'etcd://10.0.0.1:2379/?seal-key=/etc/imds/seal&ca=/etc/imds/ca.pem'

After that the old key can go from the files. What etcd keeps of the past is sealed with it until it
is compacted and defragmented.";

#[derive(Args)]
pub(crate) struct StateToolArgs {
    #[command(subcommand)]
    pub(crate) command: StateCommand,

    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct PlaceArgs {
    /// The state: a file, or `etcd://…` where this build has it
    /// [default: `$XDG_STATE_HOME/imds/state.db`]
    #[arg(long, value_name = "LOCATION")]
    pub(crate) state: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ArrivalArgs {
    /// Between a file and etcd: the host whose default instance and links come along; without this those
    /// of all hosts are left out
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<HostName>,

    /// Begin again where an import broke off: deletes what that one wrote
    #[arg(long)]
    pub(crate) restart: bool,
}

#[derive(Subcommand)]
pub(crate) enum StateCommand {
    /// Write a whole state to one file, as it is at one moment
    #[command(after_help = EXPORT_EXAMPLES)]
    Export {
        /// The file, which must not exist; `-` is standard output
        #[arg(value_name = "FILE")]
        file: PathBuf,

        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Fill an empty state with what was exported
    #[command(after_help = IMPORT_EXAMPLES)]
    Import {
        /// The file; `-` is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,

        #[command(flatten)]
        place: PlaceArgs,

        #[command(flatten)]
        arrival: ArrivalArgs,
    },
    /// Move a state to an empty place, such as from a file to etcd
    #[command(after_help = MOVE_EXAMPLES)]
    Move {
        /// Where the state is
        #[arg(value_name = "FROM")]
        from: PathBuf,

        /// Where it is to be
        #[arg(value_name = "TO")]
        to: PathBuf,

        #[command(flatten)]
        arrival: ArrivalArgs,
    },
    /// Read every record of a state, and say which cannot be read
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Seal every value in etcd with the first key of the file, also while hosts run
    #[command(after_help = RESEAL_EXAMPLES)]
    Reseal {
        #[command(flatten)]
        place: PlaceArgs,
    },
}
