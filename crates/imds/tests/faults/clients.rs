//! Public clients and our own under faults, inside `imds exec`.

use testkit::{Finished, Need, Result, Trial, ensure, exec, tests};

pub(super) fn tests() -> Vec<Trial> {
    let mut trials = tests![&[Need::Program("curl")]; curl_tries_again, our_client_tries_again];
    trials.extend(tests![&[Need::Python];
        the_aws_cli_tries_again,
        boto3_goes_on_with_expired_credentials,
        boto3_gives_up_on_a_lost_token,
    ]);
    trials
}

/// What a program prints and the access log of its service, under a fault.
fn run(faults: &[&str], program: &[&str]) -> Result<(Finished, Vec<String>)> {
    let directory = tempfile::tempdir()?;
    let log = directory.path().join("access.log");
    let path = log.to_string_lossy().into_owned();
    let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
    let options = ["--role", "my-role", "--instance-type", "t3.micro", "--access-log", &path];
    let options: Vec<_> = options.into_iter().chain(faults).collect();
    let mut command = exec(&options, program);
    command.env("PATH", testkit::path_with_imds_and_python());
    let finished = Finished::of(&mut command)?;
    let lines = std::fs::read_to_string(log)?.lines().map(str::to_owned).collect();
    Ok((finished, lines))
}

/// How many lines hold all of these words.
fn count(log: &[String], words: &[&str]) -> usize {
    log.iter().filter(|line| words.iter().all(|word| line.contains(word))).count()
}

fn curl_tries_again() -> Result<()> {
    let url = "http://169.254.169.254/latest/api/token";
    let header = "X-aws-ec2-metadata-token-ttl-seconds: 60";
    let curl = ["curl", "-sf", "--retry", "3", "-X", "PUT", url, "-H", header];
    let (finished, log) = run(&["token,status=503,retry-after=1,count=2"], &curl)?;
    ensure!(finished.expect_code(0)?.stdout.len() == 56, "{log:?}");
    ensure!(count(&log, &["PUT", " 503 ", "fault 1: status"]) == 2, "{log:?}");
    ensure!(log.len() == 3, "{log:?}");
    Ok(())
}

fn our_client_tries_again() -> Result<()> {
    let faults = ["meta-data/mac,status=500,count=2", "token,reset,count=1"];
    let (finished, log) = run(&faults, &["imds", "get", "mac"])?;
    ensure!(finished.expect_code(0)?.stdout.contains(':'), "{log:?}");
    ensure!(count(&log, &["PUT", "fault 2: reset"]) == 1, "{log:?}");
    ensure!(count(&log, &["GET", " 500 ", "fault 1: status"]) == 2, "{log:?}");
    Ok(())
}

/// The AWS CLI asks each path once by default, and as often as `AWS_METADATA_SERVICE_NUM_ATTEMPTS` says.
fn the_aws_cli_tries_again() -> Result<()> {
    let faults = ["meta-data/iam/security-credentials/my-role,status=503,count=1"];
    let (once, log) = run(&faults, &["aws", "configure", "list"])?;
    ensure!(once.stdout.contains("access_key                <not set>"), "{log:?} {once:?}");
    ensure!(count(&log, &["/my-role "]) == 1, "it asked again: {log:?}");
    let again = "AWS_METADATA_SERVICE_NUM_ATTEMPTS=2 aws configure list";
    let (finished, log) = run(&faults, &["sh", "-c", again])?;
    ensure!(finished.expect_code(0)?.stdout.contains("iam-role"), "{log:?}");
    ensure!(count(&log, &["/my-role 503 ", "fault 1: status"]) == 1, "{log:?}");
    ensure!(count(&log, &["/my-role 200 "]) == 1, "{log:?}");
    Ok(())
}

const BOTO3: &str = "
import boto3
credentials = boto3.Session().get_credentials()
print(credentials and credentials.get_frozen_credentials().access_key)
";

/// It takes the service for unavailable, and goes on with what it has.
fn boto3_goes_on_with_expired_credentials() -> Result<()> {
    let script = format!("import logging\nlogging.basicConfig(level=logging.INFO)\n{BOTO3}");
    let (finished, log) = run(&["credentials=expired"], &["python3", "-c", &script])?;
    ensure!(count(&log, &["/my-role 200 ", "fault 1: credentials"]) > 0, "{log:?}");
    ensure!(finished.stdout.starts_with("ASIA"), "{finished:?}");
    ensure!(finished.stderr.contains("credential expiration extension"), "{finished:?}");
    Ok(())
}

/// A second after the token was lost it asks without one, which AL2023 refuses.
fn boto3_gives_up_on_a_lost_token() -> Result<()> {
    let (finished, log) = run(&["token,lost"], &["python3", "-c", BOTO3])?;
    ensure!(finished.expect_code(0)?.stdout.trim() == "None", "{log:?}");
    ensure!(count(&log, &["PUT", "fault 1: lost"]) == 1, "{log:?}");
    ensure!(count(&log, &["v1 GET", " 401 ", "refused: no token"]) == 1, "{log:?}");
    Ok(())
}
