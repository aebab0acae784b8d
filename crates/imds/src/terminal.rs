//! Standard output and standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use crate::error::{CommandError, Kind};

/// Prints `text` and makes sure it is out. A reader that has gone away is no error.
pub(crate) fn print(text: impl AsRef<[u8]>) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::new(Kind::Unavailable, "cannot write to standard output")
                .caused_by(error))
        }
        _ => Ok(()),
    }
}

/// Prints a line to standard error. Where it cannot be written, the exit code still tells the outcome.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints what a person should know, and what does not end the command.
pub(crate) fn warn(message: impl Display) {
    note(format_args!("imds: warning: {message}"));
}

/// Whether what is printed may have colours.
#[cfg(feature = "migrate")]
pub(crate) fn has_colours() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !unwanted
}

/// Whether a person sits at both ends of it.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal() && io::stderr().is_terminal()
}
