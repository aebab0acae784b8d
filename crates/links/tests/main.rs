//! Links on the wire: workloads are namespaces that the tests make, and nothing of this machine's own
//! network is touched.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed step is a failed test")]

mod devices;
mod host;
mod namespaces;
mod service;

use testkit::{Arguments, isolate, run};

fn main() {
    service::run_if_asked();
    isolate();
    let tests = [namespaces::tests(), devices::tests()].into_iter().flatten().collect();
    run(&Arguments::from_args(), tests).exit();
}
