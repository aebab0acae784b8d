//! `imds identity`: what a verifier of identity documents needs.

use std::process::ExitCode;

use crate::cli::IdentityCommand;
use crate::error::{CommandError, Kind};
use crate::state::StateLocation;
use crate::terminal;
use imds_account::identity_keys;
use imds_identity::Authority;

pub(crate) fn run(command: &IdentityCommand) -> Result<ExitCode, CommandError> {
    let IdentityCommand::Certificate { proof, region, state } = command;
    let location = StateLocation::resolve(state.as_deref())?;
    let cannot = |message: &str| CommandError::new(Kind::Unavailable, message);
    let authority = if location.is_shared() {
        Authority::shared(region, &identity_keys::text(location.open()?))
    } else {
        let directory = location.directory().ok_or_else(|| {
            CommandError::usage("state in memory keeps no keys that a certificate could be for")
        })?;
        Authority::load_or_create(region, directory)
    };
    let authority = authority
        .map_err(|error| cannot("cannot open the Region's identity keys").caused_by(error))?;
    let certificate = authority
        .certificate(*proof)
        .map_err(|error| cannot("cannot make the certificate").caused_by(error))?;
    terminal::print(&certificate)?;
    Ok(ExitCode::SUCCESS)
}
