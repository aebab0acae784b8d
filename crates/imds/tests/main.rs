//! The built binary, as its users meet it. One binary for all tests, isolated from the network
//! before the first thread starts.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod access_log;
mod evidence;
mod exec;
mod hop_limit;
mod isolation;
mod robustness;
mod sending;
mod serve;
mod stall;

use testkit::Arguments;

fn main() {
    testkit::isolate();
    let trials = [
        access_log::tests(),
        exec::tests(),
        hop_limit::tests(),
        isolation::tests(),
        robustness::tests(),
        sending::tests(),
        serve::tests(),
        stall::tests(),
    ];
    let trials = trials.into_iter().flatten().collect();
    testkit::run(&Arguments::from_args(), trials).exit();
}
