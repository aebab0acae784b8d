//! One file per subcommand.

pub(crate) mod doctor;
pub(crate) mod exec;
pub(crate) mod get;
pub(crate) mod identity;
pub(crate) mod migrate;
pub(crate) mod paths;
pub(crate) mod serve;

use std::io;

use crate::error::{CommandError, Kind};
use crate::telemetry::Destination;

fn cannot_log(destination: &Destination, error: io::Error) -> CommandError {
    let place = match destination {
        Destination::File(path) => path.display().to_string(),
        Destination::Stderr | Destination::Off => "standard error".to_owned(),
    };
    CommandError::usage(format!("cannot write the access log to {place}")).caused_by(error)
}

fn cannot_start(error: io::Error) -> CommandError {
    CommandError::new(Kind::Unavailable, "cannot start the service").caused_by(error)
}
