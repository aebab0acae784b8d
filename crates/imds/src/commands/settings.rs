//! `imds settings`: about the settings file.

use std::process::ExitCode;

use crate::cli::SettingsCommand;
use crate::error::CommandError;
use crate::settings::SCHEMA;
use crate::terminal;

pub(crate) fn run(command: &SettingsCommand) -> Result<ExitCode, CommandError> {
    match command {
        SettingsCommand::Schema => terminal::print(SCHEMA)?,
    }
    Ok(ExitCode::SUCCESS)
}
