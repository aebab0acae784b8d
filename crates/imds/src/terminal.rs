//! Standard output.

use std::io::{self, Write as _};

use crate::error::{CommandError, Kind};

/// Prints `text` and makes sure it is out. A reader that has gone away is no error.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::new(Kind::Unavailable, "cannot write to standard output")
                .caused_by(error))
        }
        _ => Ok(()),
    }
}
