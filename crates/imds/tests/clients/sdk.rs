//! The aws CLI, boto3 and botocore in a container, and what the hop limit costs each of them.

use std::path::Path;
use std::sync::Mutex;

use testkit::{Context as _, Finished, Need, Result, Trial, ensure, exec, test};

use super::Log;

/// What the log says of a token that cannot reach a container.
const LOST: &str = "token undeliverable: client is 1 hop away, hop limit 1 (needs 2)";

const IMAGES: [&str; 2] = ["al2", "al2023"];

/// A client: how it is run, and how its output is read.
struct Client {
    name: &'static str,
    arguments: &'static [&'static str],
    /// Its exit code, whether it finds what it asks for or not.
    code: i32,
    /// What it prints where it got what it asked for.
    found: &'static str,
    /// What it asks the service for in the end.
    path: &'static str,
}

const CLIENTS: [Client; 4] = [
    Client {
        name: "aws configure list",
        arguments: &["aws", "configure", "list"],
        code: 0,
        found: "iam-role",
        path: CREDENTIALS,
    },
    Client {
        name: "aws sts get-caller-identity",
        arguments: &["aws", "sts", "get-caller-identity"],
        // With credentials, it fails for want of a network only.
        code: 255,
        found: "Could not connect to the endpoint URL",
        path: CREDENTIALS,
    },
    Client {
        name: "boto3: credentials",
        arguments: &[
            "python",
            "-c",
            "import boto3; c = boto3.Session().get_credentials(); print(c and c.method)",
        ],
        code: 0,
        found: "iam-role",
        path: CREDENTIALS,
    },
    Client {
        name: "botocore: region",
        arguments: &[
            "python",
            "-c",
            "from botocore.utils import InstanceMetadataRegionFetcher as Fetcher
print(Fetcher().retrieve_region())",
        ],
        code: 0,
        found: "us-east-1",
        path: "/latest/meta-data/placement/availability-zone",
    },
];

const CREDENTIALS: &str = "/latest/meta-data/iam/security-credentials/app-role";

struct Loss {
    client: &'static str,
    image: &'static str,
    /// How many seconds it waited for tokens at hop limits 1 and 2.
    waited: [f64; 2],
    /// Whether the image still answers without a token.
    has_v1: bool,
}

static LOSSES: Mutex<Vec<Loss>> = Mutex::new(Vec::new());

pub(super) fn tests() -> Vec<Trial> {
    let pairs = CLIENTS.iter().flat_map(|client| IMAGES.map(|image| (client, image)));
    let mut tests: Vec<_> = pairs
        .map(|(client, image)| {
            let name = format!("clients::{}_on_{image}", client.name.replace([' ', ':'], "_"));
            test(name, &[Need::Python], move || measure(client, image))
        })
        .collect();
    tests.push(test("clients::boto3_over_ipv6", &[Need::Python], boto3_over_ipv6));
    tests
}

/// Runs a client in a container at both hop limits.
fn measure(client: &'static Client, image: &'static str) -> Result<()> {
    let at = |limit| run(client, &["--ami", image, "--container", "--hop-limit", limit], &[]);

    let (finished, log) = at("2")?;
    ensure!(client.found_in(&finished), "{finished:#?}");
    log.expect(&[" v2 GET ", client.path, " 200 hops=1"])?;
    log.expect_none(&[" v1 "])?;
    log.expect_none(&[LOST])?;
    finished.expect_code(client.code)?;
    let waited_at_2 = log.wait_for_tokens()?;

    let (finished, log) = at("1")?;
    log.expect(&["PUT /latest/api/token", LOST])?;
    log.expect_none(&[" v2 GET "])?;
    // Without a token it goes back to IMDSv1, which AL2 still answers and AL2023 does not.
    let has_v1 = image == "al2";
    log.expect(&[" v1 GET ", if has_v1 { client.path } else { " 401 " }])?;
    ensure!(client.found_in(&finished) == has_v1, "{finished:#?}\n{}", log.0);
    finished.expect_code(client.code)?;
    let waited_at_1 = log.wait_for_tokens()?;
    ensure!(waited_at_1 >= 0.9, "hardly a wait for the token: {waited_at_1} s\n{}", log.0);

    let loss = Loss { client: client.name, image, waited: [waited_at_1, waited_at_2], has_v1 };
    LOSSES.lock().ok().context("another test panicked")?.push(loss);
    Ok(())
}

/// The endpoint mode decides the address: the SDK asks `[fd00:ec2::254]` and no other.
fn boto3_over_ipv6() -> Result<()> {
    let options = ["--instance-type", "t3.micro", "--http-protocol-ipv6", "enabled", "--container"];
    let mode = [("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")];
    let boto3 = CLIENTS.iter().find(|client| client.name.starts_with("boto3"));
    let boto3 = boto3.context("it is one of them")?;
    let (finished, log) = run(boto3, &options, &mode)?;
    ensure!(boto3.found_in(&finished), "{finished:#?}");
    ensure!(log.count(&["Z [fd", " v2 "]) == log.0.lines().count(), "not all by IPv6:\n{}", log.0);
    Ok(())
}

impl Client {
    fn found_in(&self, finished: &Finished) -> bool {
        finished.stdout.contains(self.found) || finished.stderr.contains(self.found)
    }
}

fn run(client: &Client, options: &[&str], environment: &[(&str, &str)]) -> Result<(Finished, Log)> {
    let bin = std::env::var_os("IMDS_TEST_PYTHON").context("the test needs it")?;
    let directory = tempfile::tempdir()?;
    let log = directory.path().join("access.log");
    let log_text = log.to_str().context("a path in UTF-8")?;
    let mut command = exec(
        &[options, &["--role", "app-role", "--access-log", log_text]].concat(),
        client.arguments,
    );
    let path = testkit::path_with(Path::new(&bin));
    command.env("PATH", path).env("HOME", directory.path()).envs(environment.iter().copied());
    // STS is asked for once: how often is not what is measured.
    command.env("AWS_MAX_ATTEMPTS", "1");
    let finished = Finished::of(&mut command)?;
    Ok((finished, Log::read(&log)?))
}

/// Prints what the hop limit cost, where anything was measured.
#[expect(clippy::print_stdout, reason = "the figures of the test run")]
pub(crate) fn print_losses() {
    let Ok(mut losses) = LOSSES.lock() else { return };
    if losses.is_empty() {
        return;
    }
    losses.sort_by_key(|loss| (loss.image, loss.client));
    println!("In a container, one router behind the instance: seconds spent waiting for a token");
    println!("{:<8}{:<28}{:>12}{:>12}", "image", "client", "hop limit 2", "hop limit 1");
    for Loss { client, image, waited: [at_1, at_2], has_v1 } in losses.iter() {
        let then = if *has_v1 { "then IMDSv1" } else { "then nothing" };
        println!("{image:<8}{client:<28}{at_2:>12.3}{at_1:>12.3}  {then}");
    }
}
