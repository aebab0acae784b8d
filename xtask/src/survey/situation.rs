//! Where each client is run, and the line of the table that comes of it.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::client::{self, Client, Installed};
use super::outcome::{self, Outcome};

pub(super) const HEAD: &str = "\
| client | version | Amazon Linux 2023 | hop limit 1, tokens optional | hop limit 1, tokens required \
| IPv6 by `…_MODE` | IPv6 by `…_ENDPOINT` | `…_DISABLED` | `…_V1_DISABLED` |
|---|---|---|---|---|---|---|---|---|
";

/// How long a client may take where its token is lost, and elsewhere, before it counts as one that waits for ever.
const PATIENCE: u64 = 200;
const LITTLE_PATIENCE: u64 = 90;

/// How often a client is run where its token is lost, if it takes no longer than this.
const RUNS: usize = 3;
const SHORT: Duration = Duration::from_secs(30);

/// A container one router away from an instance.
const CONTAINER_2023: &[&str] = &["--ami", "al2023", "--container"];
const CONTAINER_OPTIONAL: &[&str] = &["--ami", "al2", "--container"];
const CONTAINER_REQUIRED: &[&str] = &["--ami", "al2", "--container", "--http-tokens", "required"];
/// The instance itself, with both addresses.
const INSTANCE: &[&str] =
    &["--ami", "al2023", "--instance-type", "t3.micro", "--http-protocol-ipv6", "enabled"];

const MODE: (&str, &str) = ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
const ENDPOINT: (&str, &str) = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[fd00:ec2::254]");
const DISABLED: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");
const V1_DISABLED: (&str, &str) = ("AWS_EC2_METADATA_V1_DISABLED", "true");

/// What all clients find around them.
pub(super) struct Bench {
    binary: PathBuf,
    python: PathBuf,
    sink: PathBuf,
    logs: tempfile::TempDir,
}

/// A line of the table.
pub(super) struct Row {
    cells: [String; 9],
}

impl Bench {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            binary: std::path::absolute("target/debug/imds")?,
            python: client::python()?,
            sink: std::path::absolute("xtask/clients/sink.py")?,
            logs: tempfile::tempdir()?,
        })
    }

    pub(super) fn row(&self, client: &Client, installed: &Installed) -> Result<Row> {
        let run = |situation, variable, patience| {
            self.run(client, installed, situation, variable, patience)
        };
        let on_2023 = run(CONTAINER_2023, None, LITTLE_PATIENCE)?;
        let by_mode = run(INSTANCE, Some(MODE), LITTLE_PATIENCE)?;
        let by_endpoint = run(INSTANCE, Some(ENDPOINT), LITTLE_PATIENCE)?;
        let disabled = run(INSTANCE, Some(DISABLED), LITTLE_PATIENCE)?;
        // What is busy beside them makes clients slower, never faster.
        let quickest = |situation| -> Result<Outcome> {
            let mut best: Outcome = run(situation, None, PATIENCE)?;
            for _ in 1..RUNS {
                if best.duration()? > SHORT {
                    break;
                }
                let next = run(situation, None, PATIENCE)?;
                if next.duration()? < best.duration()? {
                    best = next;
                }
            }
            Ok(best)
        };
        let optional = quickest(CONTAINER_OPTIONAL)?;
        let required = quickest(CONTAINER_REQUIRED)?;
        let without_v1 = if optional.uses_v1() {
            Some(run(CONTAINER_OPTIONAL, Some(V1_DISABLED), PATIENCE)?)
        } else {
            None
        };
        let yes_if = |is: bool| if is { "yes" } else { "no" };
        let cells = [
            client.name.clone(),
            installed.version.clone(),
            on_2023.cell()?,
            optional.cell()?,
            required.cell()?,
            over_ipv6(&by_mode).to_owned(),
            over_ipv6(&by_endpoint).to_owned(),
            yes_if(disabled.requests.is_empty()).to_owned(),
            without_v1.map_or("–", |outcome| yes_if(!outcome.uses_v1())).to_owned(),
        ];
        Ok(Row { cells })
    }

    fn run(
        &self,
        client: &Client,
        installed: &Installed,
        situation: &[&str],
        variable: Option<(&str, &str)>,
        patience: u64,
    ) -> Result<Outcome> {
        let log = tempfile::NamedTempFile::new_in(self.logs.path())?;
        let mut command = Command::new(&self.binary);
        command.arg("exec").args(situation).args(["--role", "my-role", "--access-log"]);
        command.arg(log.path()).args(["--log-format", "json", "--"]);
        command.args([&self.python, &self.sink]);
        command.args(["timeout", &patience.to_string()]).args(&installed.words);
        // Nothing of ours may be a setting of theirs.
        let binaries = self.binary.parent().context("a file is in a folder")?.display();
        command.env_clear().env("PATH", format!("{}:{binaries}", std::env::var("PATH")?));
        command.envs([("HOME", "/nonexistent"), ("LANG", "C.UTF-8")]);
        command.envs([("AWS_REGION", "us-east-1"), ("AWS_DEFAULT_REGION", "us-east-1")]);
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9000");
        command.envs(installed.variables.iter().map(|(name, value)| (name, value)));
        command.envs(variable).current_dir(self.logs.path());
        let output = command.output().with_context(|| format!("cannot run {}", client.name))?;
        let printed =
            [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
        if std::env::var_os("IMDS_SURVEY_PRINT").is_some() {
            eprintln!("{} {situation:?} {variable:?}: {printed}", client.name);
        }
        Ok(Outcome {
            requests: outcome::requests(&std::fs::read_to_string(log.path())?)?,
            succeeds: printed.contains(&client.says),
            is_unsigned: printed.contains("sink: unsigned"),
            hangs_after: (output.status.code() == Some(124)).then_some(patience),
            end: outcome::end(&printed)?,
        })
    }
}

fn over_ipv6(outcome: &Outcome) -> &'static str {
    match outcome.requests.iter().filter(|request| request.is_over_ipv6()).count() {
        0 => "no",
        count if count < outcome.requests.len() => "in part",
        _ => "yes",
    }
}

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.cells.join(" | "))
    }
}
