//! The EC2 API, as the real SDK uses it.
//!
//! Each script of `control/` is a test of its own, with a service of its own; `control/lab.py` is what
//! they share. What needs many requests at once, or a service that dies, is in Rust.

mod crash;
mod disk;
mod effect;
mod hop_limit;

use std::path::Path;

use testkit::{Finished, Need, Result, Server, Trial, path_with_imds_and_python, program, test};

/// What the scripts are about, which is their name.
const SCRIPTS: [&str; 17] = [
    "attributes",
    "cloudwatch",
    "every_operation",
    "fleets",
    "iam_profiles",
    "images",
    "instances",
    "interfaces",
    "karpenter",
    "key_pairs",
    "launch_templates",
    "metadata_defaults",
    "metadata_options",
    "packer",
    "resources",
    "security_groups",
    "upkeep",
];

const NEEDS: &[Need] = &[Need::Python, Need::Program("ip")];
const PACKER_NEEDS: &[Need] =
    &[Need::Python, Need::Program("ip"), Need::Program("curl"), Need::Packer];
const ANSIBLE_NEEDS: &[Need] = &[Need::Python, Need::Program("ip"), Need::Ansible];

pub(crate) fn tests() -> Vec<Trial> {
    let scripts =
        SCRIPTS.map(|script| test(format!("control::{script}"), NEEDS, move || run(script)));
    let launches = test("control::launches", NEEDS, launches);
    let named = test("control::images_by_name", NEEDS, images_by_name);
    let roles = test("control::roles", NEEDS, || with_policies("roles.py"));
    let metrics = test("control::metrics", NEEDS, || with_policies("metrics.py"));
    let cli = test("control::aws_cli", NEEDS, || run_by("sh", "aws_cli.sh"));
    let packer = test("control::packer_build", PACKER_NEEDS, || run("packer_build"));
    let ansible = test("control::ansible", ANSIBLE_NEEDS, || run_by("sh", "ansible.sh"));
    scripts
        .into_iter()
        .chain([launches, named, roles, metrics, cli, packer, ansible])
        .chain(crash::tests())
        .chain(disk::tests())
        .chain(effect::tests())
        .chain(hop_limit::tests())
        .collect()
}

fn run(script: &str) -> Result<()> {
    run_by("python", &format!("{script}.py"))
}

fn run_by(interpreter: &str, script: &str) -> Result<()> {
    run_with(&[], interpreter, script)
}

/// Launches, with a settings file that names one more instance type.
fn launches() -> Result<()> {
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/control/launches.toml");
    run_with(&["--config", settings], "python", "launches.py")
}

/// Images by id and by parameter, with a settings file that names some; the default instance has one of them.
fn images_by_name() -> Result<()> {
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/control/images_by_name.toml");
    let ami = ["--config", settings, "--ami", "ami-0123456789abcdef0"];
    run_with(&ami, "python", "images_by_name.py")
}

/// What roles may do, by their policies.
fn with_policies(script: &str) -> Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control/policies");
    let flags = ["app", "chained", "everything", "launcher"].map(|role| {
        format!("--role-policy={role}={}", directory.join(role).with_extension("json").display())
    });
    run_with(&flags.each_ref().map(String::as_str), "python", script)
}

/// Runs a script as people do: with what `imds env` prints, and nothing else.
fn run_with(flags: &[&str], interpreter: &str, script: &str) -> Result<()> {
    let server = Server::start(flags)?;
    // So that scripts can ask from the addresses of instances: each is this machine's.
    let addresses = ["address", "replace", "172.31.0.1/16", "dev", "lo"];
    Finished::success(program("ip").args(addresses))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control").join(script);
    let mut shell = program("sh");
    shell
        .args(["-c", "eval \"$(imds env)\" && exec \"$0\" \"$1\"", interpreter])
        .arg(script)
        .env("PATH", path_with_imds_and_python())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("XDG_STATE_HOME", server.state_home())
        .env("IMDS_ADDRESS", server.address().to_string())
        // The SDK is given all it needs; what it would ask a metadata service for is a mistake.
        .env("AWS_EC2_METADATA_DISABLED", "true");
    Finished::success(&mut shell).map(drop)
}
