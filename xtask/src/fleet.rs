//! Hosts that share a state in etcd, under faults, for longer than a test takes.

use anyhow::{Context as _, Result};

use crate::command::{self, cargo};
use crate::install;

/// What goes on for minutes, one after the other: each loads the machine.
const TESTS: [&str; 3] = ["linearizable", "outlast", "swept"];

pub(crate) fn run(minutes: &str) -> Result<()> {
    let minutes: u32 =
        minutes.parse().with_context(|| format!("{minutes} is not a count of minutes"))?;
    TESTS.iter().try_for_each(|test| run_test(test, "IMDS_FLEET_MINUTES", &minutes.to_string()))
}

/// Many agents: `size` says how many and how many instances each, as in `20x1000`.
pub(crate) fn run_agents(size: &str) -> Result<()> {
    run_test("agents_cost", "IMDS_FLEET_AGENTS", size)
}

fn run_test(test: &str, variable: &str, value: &str) -> Result<()> {
    let words = format!("test --package imds --features etcd --test imds -- --nocapture {test}");
    let mut test = cargo(&words);
    command::run(test.env("IMDS_TEST_ETCD", install::etcd()?).env(variable, value))
}
