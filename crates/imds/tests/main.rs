//! The built binary, as its users meet it. One binary for all tests, isolated from the network
//! before the first thread starts.

mod hop_limit;
mod isolation;
mod serve;

use testkit::Arguments;

fn main() {
    testkit::isolate();
    let trials = [isolation::tests(), serve::tests(), hop_limit::tests()];
    let trials = trials.into_iter().flatten().collect();
    testkit::run(&Arguments::from_args(), trials).exit();
}
