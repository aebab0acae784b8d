//! The load of `crates/imds/tests/soak.rs` in its long form, on the release build.

use anyhow::Result;

use crate::command::{self, cargo};

/// Has the release build serve clients and changes for so many minutes, and then 100,000 requests over five
/// takeovers.
pub(crate) fn run(minutes: &str) -> Result<()> {
    command::run(&mut cargo("build --release --package imds"))?;
    let program = std::path::absolute("target/release/imds")?;
    ["soak::", "takeover::a_takeover_loses_nothing"].into_iter().try_for_each(|test| {
        let mut soak = cargo("test --quiet --package imds --test imds -- --nocapture");
        soak.arg(test).env("IMDS_SOAK_MINUTES", minutes).env("IMDS_TEST_PROGRAM", &program);
        command::run(&mut soak)
    })
}
