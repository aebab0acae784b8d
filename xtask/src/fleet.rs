//! Hosts that share a state in etcd, under faults, for longer than a test takes.

use anyhow::{Context as _, Result};

use crate::command::{self, cargo};
use crate::install;

pub(crate) fn run(minutes: &str) -> Result<()> {
    let minutes: u32 =
        minutes.parse().with_context(|| format!("{minutes} is not a count of minutes"))?;
    let mut test =
        cargo("test --package imds --features etcd --test imds -- --nocapture linearizable");
    command::run(
        test.env("IMDS_TEST_ETCD", install::etcd()?).env("IMDS_FLEET_MINUTES", minutes.to_string()),
    )
}
