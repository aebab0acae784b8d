//! The built binary, as its users meet it. One binary for all tests, isolated from the network
//! before the first thread starts.

mod access_log;
mod evidence;
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
        isolation::tests(),
        serve::tests(),
        hop_limit::tests(),
        sending::tests(),
        stall::tests(),
        access_log::tests(),
        robustness::tests(),
    ];
    let trials = trials.into_iter().flatten().collect();
    testkit::run(&Arguments::from_args(), trials).exit();
}
