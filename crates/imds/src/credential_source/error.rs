//! Why a program returned no credentials.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// Why a source returned no credentials. Never contains what the program printed, which may be secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("credentials cannot be had from `{program}`: {error}")]
    CannotRun { program: String, error: io::Error },
    #[error("credentials cannot be had from `{program}`, which ended with {status}")]
    Failed { program: String, status: ExitStatus },
    #[error("credentials cannot be had from `{program}`: it has not ended within {limit:?}")]
    TooLate { program: String, limit: Duration },
    #[error("`{program}` gave credentials that expired at {at}")]
    Expired { program: String, at: String },
    #[error("what `{program}` printed is no credentials: {problem}")]
    NoCredentials { program: String, problem: &'static str },
}
