//! The built binary, as its users meet it. One binary for all tests, isolated from the network
//! before the first thread starts.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod about;
mod access_log;
mod aemm;
mod api;
mod attack;
mod cli;
mod clients;
mod confinement;
mod console;
mod control;
mod credentials;
mod doctor;
mod ending;
mod events;
mod evidence;
mod exec;
mod fairness;
mod faults;
#[expect(clippy::print_stdout, reason = "the figures of the test run")]
mod fleet;
mod get;
mod go;
mod hop_limit;
mod identity;
mod instances;
mod isolation;
mod links;
mod logs;
mod memory;
mod metrics;
mod migrate;
mod populated;
mod readme;
mod reload;
mod robustness;
mod sending;
mod serve;
mod service_manager;
mod soak;
mod ssh_key;
mod stall;
mod state;
mod state_tools;
mod takeover;
mod tools;
mod upgrade;
mod wire;

use testkit::Arguments;

fn main() {
    // A test starts this binary again, as clients of another process with limits of its own.
    if std::env::args().nth(1).as_deref() == Some(memory::HOSTILE) {
        return memory::be_hostile().unwrap();
    }
    testkit::isolate();
    // The README's first: one of its tests takes two minutes, with the others beside it.
    let trials = [
        readme::tests(),
        migrate::tests(),
        clients::tests(),
        exec::tests(),
        hop_limit::tests(),
        about::tests(),
        access_log::tests(),
        aemm::tests(),
        attack::tests(),
        cli::tests(),
        confinement::tests(),
        console::tests(),
        control::tests(),
        credentials::tests(),
        doctor::tests(),
        ending::tests(),
        events::tests(),
        fairness::tests(),
        faults::tests(),
        get::tests(),
        identity::tests(),
        instances::tests(),
        isolation::tests(),
        links::tests(),
        logs::tests(),
        fleet::tests(),
        memory::tests(),
        metrics::tests(),
        reload::tests(),
        robustness::tests(),
        soak::tests(),
        sending::tests(),
        serve::tests(),
        service_manager::tests(),
        ssh_key::tests(),
        stall::tests(),
        state::tests(),
        state_tools::tests(),
        takeover::tests(),
        tools::tests(),
        upgrade::tests(),
        wire::tests(),
    ];
    let trials = trials.into_iter().flatten().collect();
    let conclusion = testkit::run(&Arguments::from_args(), trials);
    clients::print_losses();
    testkit::tidy();
    conclusion.exit();
}
