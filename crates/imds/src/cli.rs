//! The command line: commands, flags and their help texts; what they do is in `commands`.

mod about;
mod alone;
mod client;
mod console;
mod control;
mod event;
mod fault;
mod host;
mod identity;
mod link;
mod listen;
#[cfg(feature = "migrate")]
mod migrate;
mod plugins;
mod state;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use imds_core::fault::FaultRule;

use crate::error::Kind;
use crate::settings::{
    InstanceSettings, KeepAliveRule, LEVELS, LogFilter, LogFormat, RolePolicyFile, duration, one_of,
};
use imds_sandbox::MAX_HOPS;

use about::{COMPLETIONS_EXAMPLES, LONG_VERSION, MAN_EXAMPLES, SETTINGS_EXAMPLES};
pub(crate) use about::{CompletionsArgs, ManArgs, SettingsCommand};
pub(crate) use client::{ClientArgs, DoctorArgs, GetArgs};
use client::{DOCTOR_EXAMPLES, GET_EXAMPLES};
use console::CONSOLE_EXAMPLES;
pub(crate) use console::ConsoleArgs;
use control::{ACCESS_KEY_EXAMPLES, ENV_EXAMPLES, INSTANCE_EXAMPLES};
pub(crate) use control::{
    AccessKeyArgs, AccessKeyCommand, EnvArgs, InstanceArgs, InstanceCommand, StateArgs,
};
use event::EVENT_EXAMPLES;
pub(crate) use event::{EventArgs, EventCommand, MaintenanceCommand, WhenArgs};
use fault::FAULT_EXAMPLES;
pub(crate) use fault::{FaultArgs, FaultCommand};
use host::HOST_EXAMPLES;
pub(crate) use host::{HostArgs, HostCommand};
use identity::CERTIFICATE_EXAMPLE;
pub(crate) use identity::IdentityCommand;
use link::LINK_EXAMPLES;
pub(crate) use link::{LinkArgs, LinkCommand, WorkloadArgs};
pub(crate) use listen::{ControlAddress, ControlArgs, ListenAddress};
#[cfg(feature = "migrate")]
pub(crate) use migrate::MigrateArgs;
use plugins::{CNI_EXAMPLE, NETAVARK_EXAMPLES};
pub(crate) use plugins::{CniArgs, NetavarkArgs, NetavarkCommand};
use state::STATE_EXAMPLES;
pub(crate) use state::{ArrivalArgs, StateCommand, StateToolArgs};

/// Run the EC2 Instance Metadata Service (IMDS) on any machine
#[derive(Parser)]
#[command(
    version = env!("IMDS_VERSION"),
    long_version = LONG_VERSION.as_str(),
    propagate_version = true,
    after_help = EXAMPLES
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve instance metadata, and the EC2 API that controls it
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Run a program as if on EC2, in a network where 169.254.169.254 answers
    #[command(after_help = EXEC_EXAMPLES, override_usage = EXEC_USAGE)]
    Exec(ExecArgs),
    /// Print environment variables that point the AWS CLI and SDKs at a running `imds serve`
    #[command(after_help = ENV_EXAMPLES)]
    Env(EnvArgs),
    /// Manage EC2 API access keys
    #[command(after_help = ACCESS_KEY_EXAMPLES)]
    AccessKey(AccessKeyArgs),
    /// List and inspect instances
    #[command(after_help = INSTANCE_EXAMPLES)]
    Instance(InstanceArgs),
    /// Simulate instance events: spot interruptions, maintenance, lifecycle changes
    #[command(after_help = EVENT_EXAMPLES)]
    Event(EventArgs),
    /// Have requests answered wrongly, late or not at all, to see what clients do
    #[command(after_help = FAULT_EXAMPLES)]
    Fault(FaultArgs),
    /// Print a URL that opens the web console of the running `imds serve`, once
    #[command(after_help = CONSOLE_EXAMPLES)]
    Console(ConsoleArgs),
    /// Give containers, virtual machines or this machine their metadata at 169.254.169.254
    #[command(after_help = LINK_EXAMPLES)]
    Link(LinkArgs),
    /// List and inspect the hosts that share a state in etcd
    #[command(after_help = HOST_EXAMPLES)]
    Host(HostArgs),
    /// Give pods their metadata, as a CNI plugin that container runtimes run
    #[command(after_help = CNI_EXAMPLE)]
    Cni(CniArgs),
    /// Give containers of Podman their metadata, as a network driver that Netavark runs
    #[command(after_help = NETAVARK_EXAMPLES)]
    Netavark(NetavarkArgs),
    /// Get metadata with a token; a lost token is reported instead of waited for
    #[command(after_help = GET_EXAMPLES)]
    Get(GetArgs),
    /// Diagnose why the metadata service does not answer, and print the fix
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Print what verifies instance identity documents
    #[command(subcommand, after_help = CERTIFICATE_EXAMPLE)]
    Identity(IdentityCommand),
    /// Back up, restore, move and check what `imds serve` keeps
    #[command(after_help = STATE_EXAMPLES)]
    State(StateToolArgs),
    /// List every metadata category, with its first version and an example
    #[command(after_help = PATHS_EXAMPLES)]
    Paths(PathsArgs),
    /// Find IMDSv1 use in scripts, code and launch settings, and rewrite it to IMDSv2
    #[cfg(feature = "migrate")]
    #[command(after_help = migrate::MIGRATE_EXAMPLES)]
    Migrate(MigrateArgs),
    /// Describe the settings file
    #[command(subcommand, after_help = SETTINGS_EXAMPLES)]
    Settings(SettingsCommand),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(CompletionsArgs),
    /// Print manual pages, or write all of them into a directory
    #[command(after_help = MAN_EXAMPLES)]
    Man(ManArgs),
}

const EXAMPLES: &str = "\
Examples:
  imds serve                                    an instance's metadata on 127.0.0.1:1338
  imds exec -- curl -i http://169.254.169.254/latest/meta-data/
  imds get instance-id
  imds doctor";

#[derive(Args)]
pub(crate) struct PathsArgs {
    /// Print a JSON array of objects with `path`, `since`, `absent`, `example` and `served`
    #[arg(long)]
    pub(crate) json: bool,
}

const PATHS_EXAMPLES: &str = "\
Examples:
  imds paths                                    a table
  imds paths --json | jq -r '.[] | select(.served) | .path'";

const SERVE_EXAMPLES: &str = "\
Examples:
  imds serve                                    an Amazon Linux 2023 instance on 127.0.0.1:1338
  imds serve --ami al2                          one that still answers IMDSv1
  imds serve --role my-role --tag Name=web-1 --instance-metadata-tags enabled
  imds serve --config imds.toml --log-format json
  sudo imds serve --link host                   this machine is the instance

Point an SDK at it with AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1338/";

#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct ServeArgs {
    /// Listen on this address; repeat for more; port 0 takes any that is free; `[::]` is for IPv6
    /// clients only. With `=INSTANCE`,
    /// requests to it are that instance's; without, those of the instance that has the client's
    /// address, or of the default instance if none ever had it [default: 127.0.0.1:1338; none with --link]
    #[arg(long, value_name = "ADDRESS:PORT[=INSTANCE]")]
    pub(crate) listen: Vec<ListenAddress>,

    /// Answer nobody whose address never was an instance's, instead of as the default instance
    #[arg(long)]
    pub(crate) no_default_instance: bool,

    /// Answer requests of web pages in a browser too, on loopback, where they are refused: any page
    /// could read the instance's credentials
    #[arg(long)]
    pub(crate) allow_pages: bool,

    /// Let all threads make any system call; without this a seccomp filter refuses what they do not need
    #[arg(long)]
    pub(crate) no_seccomp: bool,

    /// Let the service use any file; without this Landlock refuses those that no setting names
    #[arg(long)]
    pub(crate) no_landlock: bool,

    /// Take the place of the service that runs with the same state: its sockets are used, and it ends
    #[arg(long)]
    pub(crate) takeover: bool,

    /// How many threads answer requests [default: one for each processor, at most 4]
    #[arg(long, value_name = "COUNT")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Serve metrics for Prometheus at http://ADDRESS:PORT/metrics, to anyone who reaches it
    /// [default: none]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) metrics: Option<SocketAddr>,

    /// Serve the web console at http://ADDRESS:PORT, on loopback; `imds console` opens it
    /// [default: none; 127.0.0.1:1340 without a value]
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1,
          default_missing_value = "127.0.0.1:1340")]
    pub(crate) console: Option<SocketAddr>,

    /// Write where the service listens to this file, as JSON, once it serves; removed at its end
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,

    /// Read a configuration file of amazon-ec2-metadata-mock; keys that are not served are named
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub(crate) aemm_config: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) workloads: WorkloadArgs,

    #[command(flatten)]
    pub(crate) control: ControlArgs,

    #[command(flatten)]
    pub(crate) answers: AnswerArgs,

    #[command(flatten)]
    pub(crate) instance: InstanceSettings,

    #[command(flatten)]
    pub(crate) logs: LogArgs,
}

const EXEC_USAGE: &str = "imds exec [OPTIONS] -- PROGRAM [ARGUMENT]...
       imds exec [OPTIONS] --run-user-data FILE";

const EXEC_EXAMPLES: &str = "\
Examples:
  imds exec -- curl -i http://169.254.169.254/latest/meta-data/
  imds exec --ami al2 --container -- sh           a container on an instance with hop limit 1
  imds exec --role my-role -- aws configure list
  imds exec --control -- aws ec2 describe-instances
  imds exec --ami al2023 --run-user-data boot.sh
  imds exec --instance-type t3.micro --http-protocol-ipv6 enabled --map-root -- bash

Exits with the program's code; 125 where exec itself fails, 126 where the program cannot be run,
127 where it is not found, 128+n where signal n ends it.";

#[derive(Args)]
pub(crate) struct ExecArgs {
    #[command(flatten)]
    pub(crate) sandbox: SandboxArgs,

    /// Run the scripts of this user data instead of a program, as root, as the first boot of an
    /// instance does; it becomes the instance's user data
    #[arg(long, value_name = "FILE", conflicts_with_all = ["program", "user_data"])]
    pub(crate) run_user_data: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) answers: AnswerArgs,

    #[command(flatten)]
    pub(crate) instance: InstanceSettings,

    #[command(flatten)]
    pub(crate) logs: LogArgs,

    /// The program to run, and its arguments
    #[arg(
        trailing_var_arg = true,
        required_unless_present = "run_user_data",
        value_name = "PROGRAM"
    )]
    pub(crate) program: Vec<OsString>,
}

/// Where the program runs.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(next_help_heading = "Sandbox")]
pub(crate) struct SandboxArgs {
    /// Run the program one routed hop behind the instance, as a container on a bridge is
    #[arg(long)]
    pub(crate) container: bool,

    /// Run the program this many routed hops behind the instance
    #[arg(long, value_name = "COUNT", conflicts_with = "container",
          value_parser = clap::value_parser!(u8).range(0..=i64::from(MAX_HOPS)))]
    pub(crate) hops: Option<u8>,

    /// Run the program as root inside [default: it keeps its user]
    #[arg(long)]
    pub(crate) map_root: bool,

    /// Serve the EC2 API to the program: its environment has the endpoint and a key; changes take
    /// effect at once and last until the program ends
    #[arg(long)]
    pub(crate) control: bool,

    /// Connect the program to the outside through `pasta`; link-local networks and this machine
    /// itself stay unreachable
    #[arg(long)]
    pub(crate) egress: bool,

    /// Let the program use sockets of this machine that are no part of a network: Unix sockets by
    /// path, as of Docker, a display or a database, and `AF_VSOCK`; abstract Unix sockets stay out
    /// of reach, because they are part of a network namespace
    #[arg(long)]
    pub(crate) host_sockets: bool,
}

/// What `serve` and `exec` both take of how requests are answered.
#[derive(Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct AnswerArgs {
    /// When a connection stays open after a response: `ec2`, only if the client asks for it;
    /// `http`, unless the client asks to close it [default: ec2]
    #[arg(long, value_name = "RULE", hide_possible_values = true)]
    pub(crate) keep_alive: Option<KeepAliveRule>,

    /// Reset a client whose token was lost after this time, such as 2s; on EC2 clients wait up to
    /// two minutes [default: never]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) stall: Option<Duration>,

    /// Answer requests wrongly, late or not at all, such as `credentials,status=503,share=30%` or
    /// `token,lost,count=3`; repeat for more; `imds fault add --help` lists the parts
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<FaultRule>,

    /// An IAM policy, in a JSON file, of what a role's credentials may do with the EC2 API and STS;
    /// repeat for more [default: a role may do nothing]
    #[arg(long, value_name = "ROLE=FILE")]
    pub(crate) role_policy: Vec<RolePolicyFile>,

    /// Read settings from a TOML file; flags win over it. `imds serve` reads it again on SIGHUP
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// Where log lines go, and how.
#[derive(Args)]
#[command(next_help_heading = "Logs")]
pub(crate) struct LogArgs {
    /// The access log's destination: `stderr`, `off`, or a file, which SIGHUP and SIGUSR1 have
    /// `imds serve` reopen [default: stderr; off in exec]
    #[arg(long, value_name = "DESTINATION")]
    pub(crate) access_log: Option<PathBuf>,

    /// How log lines are written: `text` or `json`, one object a line [default: text]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true)]
    pub(crate) log_format: Option<LogFormat>,

    /// Which messages are logged: off, error, warn, info, debug or trace; a module may have a level
    /// of its own, such as `info,imds::serve=debug` [env: `IMDS_LOG`] [default: info]
    #[arg(long, value_name = "LEVEL", value_parser = one_of::<LogFilter>(LEVELS),
          hide_possible_values = true)]
    pub(crate) log_level: Option<LogFilter>,
}

/// Reads the command line. Runtimes run a plugin by its file's name, without a word for the command.
pub(crate) fn parse() -> Result<Cli, clap::Error> {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let file = arguments.first().and_then(|path| Path::new(path).file_name());
    if let Some(command) = file.and_then(|name| name.to_str()).and_then(plugins::command) {
        arguments.insert(1, command.into());
    }
    match alone::parse(&arguments, Command::Serve, Command::Exec, Command::Get) {
        Some(command) => Ok(Cli { command }),
        None => Cli::try_parse_from(arguments),
    }
}

/// Prints what clap has to say instead of a command line: help, the version, or a mistake. A mistake
/// made with `exec` ends as all of its own failures do, so that 2 can only be the program's code.
pub(crate) fn explain(instead: &clap::Error) -> ExitCode {
    // If nobody listens there is nobody to tell.
    let _ = instead.print();
    if !instead.use_stderr() {
        return ExitCode::SUCCESS;
    }
    let command = std::env::args_os().nth(1).unwrap_or_default();
    if cfg!(not(feature = "migrate")) && command == "migrate" {
        eprintln!(
            "\n`imds migrate` is not in this build, which is without `migrate`: use the full one"
        );
    }
    if command == "exec" { imds_sandbox::FAILED.into() } else { Kind::Usage.exit_code().into() }
}
