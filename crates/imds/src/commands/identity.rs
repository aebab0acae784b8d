//! `imds identity`: what a verifier of identity documents needs.

use std::process::ExitCode;

use crate::cli::IdentityCommand;
use crate::error::{CommandError, Kind};
use crate::identity::Authority;
use crate::{state, terminal};

pub(crate) fn run(command: &IdentityCommand) -> Result<ExitCode, CommandError> {
    let IdentityCommand::Certificate { proof, region } = command;
    let cannot = |message: &str| CommandError::new(Kind::Unavailable, message);
    let authority = Authority::open(region, &state::directory()?)
        .map_err(|error| cannot("cannot open the Region's identity keys").caused_by(error))?;
    let certificate = authority
        .certificate(*proof)
        .map_err(|error| cannot("cannot make the certificate").caused_by(error))?;
    terminal::print(&certificate)?;
    Ok(ExitCode::SUCCESS)
}
