//! The built binary, as its users meet it. One binary for all tests, isolated from the network
//! before the first thread starts.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod exec;
mod isolation;
mod migrate;
mod serve;

use testkit::Arguments;

fn main() {
    testkit::isolate();
    let trials = [exec::tests(), isolation::tests(), migrate::tests(), serve::tests()];
    let trials = trials.into_iter().flatten().collect();
    testkit::run(&Arguments::from_args(), trials).exit();
}
