//! The EC2 Instance Metadata Service as software anyone can run.

mod aemm;
mod attachments;
mod cli;
mod commands;
mod config;
mod control_client;
mod credential_source;
mod error;
mod input_file;
#[cfg(feature = "migrate")]
mod migrate;
mod overlay;
mod reload;
mod sdk_settings;
mod service_manager;
mod settings;
mod shell;
mod signals;
mod state;
mod status_line;
mod telemetry;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(instead) => return cli::explain(&instead),
    };
    let result = match cli.command {
        cli::Command::Serve(args) => commands::serve::run(args),
        cli::Command::Exec(args) => return commands::exec::run(args),
        cli::Command::Env(args) => commands::env::run(&args),
        cli::Command::AccessKey(args) => commands::access_key::run(args),
        cli::Command::Instance(args) => commands::instance::run(args),
        cli::Command::Event(args) => commands::event::run(args),
        cli::Command::Fault(args) => commands::fault::run(args),
        cli::Command::Console(args) => commands::console::run(&args),
        cli::Command::Host(args) => commands::host::run(&args),
        cli::Command::Link(args) => commands::link::run(args),
        cli::Command::Cni(args) => return commands::cni::run(&args),
        cli::Command::Netavark(args) => return commands::netavark::run(args),
        cli::Command::Get(args) => commands::get::run(&args),
        cli::Command::Doctor(args) => commands::doctor::run(&args),
        cli::Command::Identity(command) => commands::identity::run(&command),
        cli::Command::State(args) => commands::state::run(&args),
        cli::Command::Paths(args) => commands::paths::run(&args),
        #[cfg(feature = "migrate")]
        cli::Command::Migrate(args) => commands::migrate::run(&args),
        cli::Command::Settings(command) => commands::settings::run(&command),
        cli::Command::Completions(args) => commands::completions::run(&args),
        cli::Command::Man(args) => commands::man::run(&args),
    };
    result.unwrap_or_else(|error| error.report())
}
