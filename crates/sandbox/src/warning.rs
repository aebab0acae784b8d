//! What a person should know, and what does not end the program.

use std::fmt::Display;
use std::io::{self, Write as _};

/// Prints a warning to standard error. Where it cannot be written, the program runs nevertheless.
pub(crate) fn warn(message: impl Display) {
    let _ = writeln!(io::stderr(), "imds: warning: {message}");
}
