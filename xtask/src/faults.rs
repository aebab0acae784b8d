//! What public clients do under faults: `cargo xtask faults` runs each client in `imds exec` under each
//! fault, and writes the table of docs/faults.md.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::command::{cargo, run};
use crate::{clients, install, test};

const PAGE: &str = "docs/faults.md";

/// Between these lines of the page is the table.
const BEGIN: &str = "<!-- `cargo xtask faults` writes this table -->\n";
const END: &str = "<!-- end of the table -->\n";

/// What the metadata service does. Each kind of fault is there, for tokens and for credentials where that differs.
const FAULTS: [&str; 28] = [
    "token,status=401",
    "token,status=403",
    "token,status=404",
    "token,status=503,count=1",
    "token,status=503",
    "token,lost",
    "token,latency=2s",
    "token,reset,count=1",
    "token,body=garbage",
    "credentials,status=401,count=1",
    "credentials,status=404",
    "credentials,status=429,count=1",
    "credentials,status=429,retry-after=2,count=1",
    "credentials,status=503,count=1",
    "credentials,status=503",
    "credentials,share=50%,seed=1,status=503",
    "credentials,lost",
    "credentials,latency=2s",
    "credentials,reset,count=1",
    "credentials,rate=100",
    "credentials,truncate=50%",
    "credentials,body=empty",
    "credentials,body=garbage",
    "credentials,body=html",
    "credentials=expired",
    "credentials=unauthorized",
    "all,date=-2h",
    "allowance=6",
];

/// How long a client may take before it counts as one that waits for ever, in seconds.
const PATIENCE: &str = "60";

/// Longer than a busy machine makes a client take for nothing.
const NOTICED: Duration = Duration::from_millis(900);

const CURL: &str = "\
url=http://169.254.169.254/latest
token=$(curl -sf --retry 3 -X PUT $url/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60') || exit
exec curl -sf --retry 3 -H \"X-aws-ec2-metadata-token: $token\" \
$url/meta-data/iam/security-credentials/my-role";

const BOTO3: &str = "\
import boto3
credentials = boto3.Session().get_credentials()
print(credentials.get_frozen_credentials().access_key)";

/// What boots in `machine.sh`: the stages of cloud-init that read metadata.
const CLOUD_INIT: &str = "\
{ /usr/lib/cloud-init/ds-identify && cloud-init init --local && cloud-init init; } >&2
exec cloud-init query ds.meta-data.instance-id";

/// A client: its name, what runs it, and what it prints if all is well.
struct Client {
    name: &'static str,
    words: Vec<String>,
    says: &'static str,
}

impl Client {
    /// One that prints the access key id that it got.
    fn new(name: &'static str, words: &[&str]) -> Self {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Self { name, words, says: "ASIA" }
    }
}

/// All of them, once what they need is there.
fn clients() -> Result<[Client; 8]> {
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let (go, rust, node) =
        (text(clients::go()?), text(clients::rust("dev")?), text(clients::node()?));
    let guests = text(install::unpacked("guests", &test::GUESTS)?);
    let machine = std::fs::read_to_string("crates/imds/tests/clients/machine.sh")?;
    let aws = "aws configure list | sed 's/access_key  *\\*.*/ASIA/'";
    let boot = ["sh", "-ec", &machine, "sh", &guests, CLOUD_INIT];
    Ok([
        Client::new("`curl --retry 3`", &["sh", "-c", CURL]),
        Client::new("`imds get`", &["imds", "get", "iam/security-credentials/my-role"]),
        Client::new("boto3", &["python3", "-c", BOTO3]),
        Client::new("AWS CLI", &["sh", "-c", aws]),
        Client::new("Go v2", &[&go]),
        Client::new("Rust aws-config", &[&rust]),
        Client::new("JavaScript v3", &["node", &node]),
        Client { says: "i-1234567890abcdef0", ..Client::new("cloud-init", &boot) },
    ])
}

/// Runs all of them, and writes the table.
pub(crate) fn run_all() -> Result<()> {
    run(&mut cargo("build --quiet --package imds --bin imds"))?;
    let python = install::python(&test::PYTHON)?;
    let clients = clients()?;
    let bench = Bench { binaries: std::path::absolute("target/debug")?, python };
    let usual = clients.iter().map(|client| {
        let outcome = bench.measure(client, None)?;
        ensure!(outcome.works, "{} fails without a fault", client.name);
        Ok((client.name, outcome.took))
    });
    let usual = usual.collect::<Result<HashMap<_, _>>>()?;
    let mut table = String::from("| fault |");
    clients.iter().try_for_each(|client| write!(table, " {} |", client.name))?;
    writeln!(table, "\n|---|{}", "---|".repeat(clients.len()))?;
    for fault in FAULTS {
        write!(table, "| `{fault}` |")?;
        for client in &clients {
            let outcome = bench.measure(client, Some(fault))?;
            write!(table, " {} |", outcome.sentence(usual[client.name]))?;
        }
        writeln!(table)?;
        println!("{}", table.lines().last().unwrap_or_default());
    }
    let page = std::fs::read_to_string(PAGE)?;
    let (before, rest) = page.split_once(BEGIN).context("the page has no place for the table")?;
    let (_, after) = rest.split_once(END).context("the table has no end")?;
    Ok(std::fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}"))?)
}

/// What the clients find in their path.
struct Bench {
    binaries: PathBuf,
    python: PathBuf,
}

/// What became of a client.
struct Outcome {
    /// Whether it got what it asked for, and says so.
    works: bool,
    /// Whether it was ended because it would not end.
    hangs: bool,
    took: Duration,
    /// Requests that the fault hit.
    hits: usize,
    /// Whether it asked without a token.
    uses_v1: bool,
}

impl Bench {
    fn measure(&self, client: &Client, fault: Option<&str>) -> Result<Outcome> {
        let log = std::path::absolute("target/faults-access.log")?;
        let _ = std::fs::remove_file(&log);
        let mut command = Command::new(self.binaries.join("imds"));
        command.args(["exec", "--role", "my-role", "--instance-type", "t3.micro", "--access-log"]);
        command.arg(&log).args(fault.iter().flat_map(|fault| ["--fault", fault]));
        command.args(["--", "timeout", PATIENCE]).args(&client.words);
        let path = std::env::var("PATH")?;
        let (binaries, python) = (self.binaries.display(), self.python.display());
        command.env("PATH", format!("{binaries}:{python}:{path}")).env("HOME", "/nonexistent");
        let start = Instant::now();
        let output = command.output().with_context(|| format!("cannot run {}", client.name))?;
        let took = start.elapsed();
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        Ok(Outcome {
            works: output.status.success()
                && String::from_utf8_lossy(&output.stdout).contains(client.says),
            hangs: output.status.code() == Some(124),
            took,
            hits: log.lines().filter(|line| line.contains(" fault 1: ")).count(),
            uses_v1: log.contains(" v1 "),
        })
    }
}

impl Outcome {
    /// The same in words; `usual` is how long the client takes without a fault.
    fn sentence(&self, usual: Duration) -> String {
        if self.hangs {
            return format!("still waits after {PATIENCE} s");
        }
        let more = self.took.saturating_sub(usual);
        let parts = [
            Some(if self.works { "works" } else { "**fails**" }.to_owned()),
            Some(if self.hits == 1 {
                "hit once".into()
            } else {
                format!("hit {} times", self.hits)
            }),
            self.uses_v1.then(|| "asks without a token".to_owned()),
            (more >= NOTICED).then(|| format!("{:.0} s", more.as_secs_f64())),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}
