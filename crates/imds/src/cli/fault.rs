//! `imds fault`.

use clap::{Args, Subcommand};

use super::StateArgs;

pub(crate) const FAULT_EXAMPLES: &str = "\
Examples, beside a running `imds serve`:
  imds fault add --path credentials --status 503 --share 30% --for 5m
  imds fault add --path token --lost --count 3
  imds fault add --latency normal:200ms:50ms
  imds fault list
  imds fault remove --all

Faults end with the service; those of `--fault` and the settings file are in force again after a
restart. Calls the EC2 API of the running `imds serve`, or the one that AWS_ENDPOINT_URL_EC2 and the
keys in the environment name.";

const ADD_EXAMPLES: &str = "\
Examples:
  imds fault add --instance i-0123456789abcdef0 --path credentials --status 503 --retry-after 2
  imds fault add credentials,status=503,share=30%,seed=7
  imds fault add --credentials expired          role credentials that expired an hour ago
  imds fault add --path user-data --truncate 50%
  imds fault add --allowance                    EC2's 1024 packets a second for each interface";

const LIST_EXAMPLES: &str = "\
Examples:
  imds fault list
  imds fault list --json | jq -r '.[] | select(.state == \"active\") | .fault'";

const REMOVE_EXAMPLES: &str = "\
Examples:
  imds fault remove 3
  imds fault remove --all";

#[derive(Args)]
pub(crate) struct FaultArgs {
    #[command(subcommand)]
    pub(crate) command: FaultCommand,

    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) state: StateArgs,
}

#[derive(Subcommand)]
pub(crate) enum FaultCommand {
    /// Add a fault: requests that it hits are answered wrongly, late or not at all
    #[command(after_help = ADD_EXAMPLES)]
    Add(Box<FaultParts>),
    /// List faults, with the requests that they hit; one that has ended says why
    #[command(after_help = LIST_EXAMPLES)]
    List,
    /// Remove a fault; later requests are answered as usual
    #[command(after_help = REMOVE_EXAMPLES)]
    Remove(RemovedFaults),
}

/// Which faults are removed.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RemovedFaults {
    /// The fault's number
    #[arg(value_name = "ID")]
    pub(crate) id: Option<u32>,

    /// Remove all faults
    #[arg(long)]
    all: bool,
}

/// A fault by flags. Each flag is a part of the fault's text, which is read as one.
#[derive(Args)]
pub(crate) struct FaultParts {
    /// The fault as one text: parts such as `credentials,status=503,share=30%`, named as the flags are
    #[arg(value_name = "FAULT")]
    text: Option<String>,

    /// The instance whose requests are hit [default: all]
    #[arg(long, value_name = "ID")]
    instance: Option<String>,

    /// The paths: `token`, `credentials`, `identity`, `user-data`, `meta-data`, `all`, or a path such
    /// as /latest/user-data or meta-data/placement [default: all]
    #[arg(long)]
    path: Option<String>,

    /// Answer with this status: 400, 401, 403, 404, 429, 500 or 503
    #[arg(long, value_name = "CODE", help_heading = "What happens")]
    status: Option<String>,

    /// Send `Retry-After` with a 429 or 503
    #[arg(long, value_name = "SECONDS", help_heading = "What happens")]
    retry_after: Option<String>,

    /// Send nothing, as where the hop limit has a token lost: the connection stays open
    #[arg(long, help_heading = "What happens")]
    lost: bool,

    /// Reset the connection instead of an answer
    #[arg(long, help_heading = "What happens")]
    reset: bool,

    /// Answer late: 200ms, 100ms..2s, normal:MEAN:DEVIATION or exponential:MEAN
    #[arg(long, value_name = "DELAY", help_heading = "What happens")]
    latency: Option<String>,

    /// Send another body: `empty`, `garbage` or `html`
    #[arg(long, value_name = "KIND", help_heading = "What happens")]
    body: Option<String>,

    /// Send credentials that are `expired`, or say that the role is `unauthorized`
    #[arg(long, value_name = "KIND", help_heading = "What happens")]
    credentials: Option<String>,

    /// Close the connection after so many bytes of the body, or so many percent
    #[arg(long, value_name = "BYTES|PERCENT", help_heading = "What happens")]
    truncate: Option<String>,

    /// Send the body slowly: bytes a second
    #[arg(long, value_name = "BYTES", help_heading = "What happens")]
    rate: Option<String>,

    /// Set the `Date` header off by this much, such as -2h
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true, help_heading = "What happens")]
    date: Option<String>,

    /// Allow each interface so many packets a second, and drop requests beyond [default: 1024]
    #[arg(long, value_name = "PACKETS", num_args = 0..=1, default_missing_value = "",
          hide_default_value = true, help_heading = "What happens")]
    allowance: Option<String>,

    /// Hit this share of the requests [default: 100%]
    #[arg(long, value_name = "PERCENT", help_heading = "How often")]
    share: Option<String>,

    /// Choose which requests of a share are hit: the same seed hits the same ones [default: random]
    #[arg(long, value_name = "NUMBER", help_heading = "How often")]
    seed: Option<String>,

    /// End after this time, such as 5m
    #[arg(long = "for", value_name = "DURATION", help_heading = "How often")]
    duration: Option<String>,

    /// End after so many requests were hit
    #[arg(long, value_name = "REQUESTS", help_heading = "How often")]
    count: Option<String>,
}

impl FaultParts {
    /// The fault as one text.
    pub(crate) fn text(&self) -> String {
        let flag = |is_set: bool| is_set.then(String::new);
        let parts = [
            ("instance", self.instance.clone()),
            ("path", self.path.clone()),
            ("status", self.status.clone()),
            ("retry-after", self.retry_after.clone()),
            ("lost", flag(self.lost)),
            ("reset", flag(self.reset)),
            ("latency", self.latency.clone()),
            ("body", self.body.clone()),
            ("credentials", self.credentials.clone()),
            ("truncate", self.truncate.clone()),
            ("rate", self.rate.clone()),
            ("date", self.date.clone()),
            ("allowance", self.allowance.clone()),
            ("share", self.share.clone()),
            ("seed", self.seed.clone()),
            ("for", self.duration.clone()),
            ("count", self.count.clone()),
        ];
        let parts = parts.into_iter().filter_map(|(key, value)| {
            let value = value?;
            Some(if value.is_empty() { key.to_owned() } else { format!("{key}={value}") })
        });
        self.text.clone().into_iter().chain(parts).collect::<Vec<_>>().join(",")
    }
}
