//! The loads of `crates/imds/tests/attack.rs` in their long form, on the release build.

use anyhow::Result;

use crate::command::{cargo, run as run_command};
use crate::install;

/// How many seconds each measurement takes; a load has two for each subject.
const SECONDS: &str = "5";

/// Attacks with the loads whose names contain `load`, one at a time.
pub(crate) fn run(load: &str) -> Result<()> {
    install::debian(&[("nginx", "nginx-light")])?;
    run_command(&mut cargo("build --release --package imds"))?;
    println!(
        "\nA good client asks 200 times a second on another listener, by turns on a connection that it\n\
         keeps and on a new one: median and p99 without the load and with it, the rate that is left,\n\
         memory at most and afterwards, descriptors before and afterwards.\n"
    );
    let mut attack = cargo("test --quiet --package imds --test imds --");
    attack.arg(format!("attack::{load}")).args(["--test-threads=1", "--nocapture"]);
    attack.env("IMDS_ATTACK", SECONDS);
    attack.env("IMDS_TEST_PROGRAM", std::path::absolute("target/release/imds")?);
    run_command(&mut attack)
}
