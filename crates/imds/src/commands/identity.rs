//! `imds identity`: what a verifier of identity documents needs.

use std::process::ExitCode;

use crate::cli::IdentityCommand;
use crate::error::{CommandError, Kind};
use crate::state::StateLocation;
use crate::terminal;
use imds_identity::Authority;

pub(crate) fn run(command: &IdentityCommand) -> Result<ExitCode, CommandError> {
    let IdentityCommand::Certificate { proof, region, state } = command;
    let location = StateLocation::resolve(state.as_deref())?;
    let directory = location.directory().ok_or_else(|| {
        CommandError::usage("state in memory keeps no keys that a certificate could be for")
    })?;
    let cannot = |message: &str| CommandError::new(Kind::Unavailable, message);
    let authority = Authority::load_or_create(region, directory)
        .map_err(|error| cannot("cannot open the Region's identity keys").caused_by(error))?;
    let certificate = authority
        .certificate(*proof)
        .map_err(|error| cannot("cannot make the certificate").caused_by(error))?;
    terminal::print(&certificate)?;
    Ok(ExitCode::SUCCESS)
}
