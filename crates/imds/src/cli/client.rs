//! The commands that ask a metadata service: `imds get`, `imds doctor`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use imds_client::{Endpoint, EndpointMode};
use imds_doctor::exposure::Expectation;

use crate::settings::{EXPECTATIONS, duration, one_of};

pub(crate) const GET_EXAMPLES: &str = "\
Examples:
  imds get instance-id
  imds get placement/region tags/instance/Name
  imds get --tree network/
  imds get --watch spot/instance-action
  eval \"$(imds get credentials --export)\"
  credential_process = imds get credentials --process        in ~/.aws/config

A path is below /latest/meta-data/ unless it begins with a slash, or with dynamic or user-data.
Exits with 0; 1 if nothing exists at a path; 2 for an invalid argument or setting; 3 if the
service is disabled, or access to it is denied; 4 if it cannot be reached or fails; 5 if the
token is lost because of the instance's hop limit.";

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct GetArgs {
    /// The path to get, such as `instance-id`; `credentials` gets those of the instance's role
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// Get everything below the paths
    #[arg(long, conflicts_with_all = ["watch", "export", "process"])]
    pub(crate) tree: bool,

    /// Print JSON
    #[arg(long, conflicts_with_all = ["export", "process"])]
    pub(crate) json: bool,

    /// Ask again and again, and print what has changed
    #[arg(long, conflicts_with_all = ["export", "process"])]
    pub(crate) watch: bool,

    /// How often to ask, with --watch
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub(crate) every: Duration,

    /// Print credentials as lines for sh
    #[arg(long, conflicts_with = "process")]
    pub(crate) export: bool,

    /// Print credentials in the format of `credential_process`
    #[arg(long)]
    pub(crate) process: bool,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

pub(crate) const DOCTOR_EXAMPLES: &str = "\
Examples:
  imds doctor                     run it on the instance or in the container that has trouble
  imds doctor --json
  imds doctor --allow-v1          also finds out whether tokens are optional
  imds doctor --online            also asks STS whether the role's credentials work
  imds doctor --expect none       proves that no credentials can be had from here

Exits with 0 if nothing is wrong, 1 if something needs a fix or is not as expected.";

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,

    /// Ask STS, over the internet and with curl, whether the role's credentials work
    #[arg(long)]
    pub(crate) online: bool,

    /// Instead of a diagnosis, try every known way to credentials: `none` expects that no way is
    /// open, `token-only` that none is open without a token, `v1` that one is; requests without a
    /// token are sent, which EC2 counts as uses of IMDSv1; root sends them from the network of every
    /// process that it sees, outside of this network too
    #[arg(long, value_name = "ACCESS", value_parser = one_of::<Expectation>(EXPECTATIONS),
          hide_possible_values = true, conflicts_with = "online")]
    pub(crate) expect: Option<Expectation>,

    /// The root of the file system to look for programs and containers in
    #[arg(long, value_name = "DIRECTORY", default_value = "/")]
    pub(crate) root: PathBuf,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

/// How to reach the service. Without flags the environment decides, as for the AWS SDKs.
#[derive(Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct ClientArgs {
    /// The service's URL [default: the environment's, else `http://169.254.169.254/`]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<Endpoint>,

    /// Use the service's IPv6 address
    #[arg(long)]
    pub(crate) ipv6: bool,

    /// Ask without a token if none can be got; never for credentials and user data
    #[arg(long)]
    pub(crate) allow_v1: bool,

    /// Like `--allow-v1`, for credentials and user data too
    #[arg(long)]
    pub(crate) allow_v1_for_secrets: bool,

    /// How long to try, at least 100ms [default: get: 1s, on an EC2 instance 5s; doctor: 5s]
    #[arg(long, value_name = "DURATION", value_parser = patience)]
    pub(crate) timeout: Option<Duration>,
}

/// A time in which a service that is there can answer: with less, every one would seem to be absent.
fn patience(text: &str) -> Result<Duration, String> {
    const LEAST: Duration = Duration::from_millis(100);
    let patience = duration(text)?;
    if patience < LEAST {
        return Err(format!("{text:?} is too short to tell anything; use at least 100ms"));
    }
    Ok(patience)
}

impl ClientArgs {
    pub(crate) fn mode(&self) -> Option<EndpointMode> {
        self.ipv6.then_some(EndpointMode::Ipv6)
    }
}
