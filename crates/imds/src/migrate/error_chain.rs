//! Errors in one line.

use std::error::Error;

/// An error and what caused it, in one line.
pub(super) fn in_full(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    // Some errors repeat their cause.
    texts.dedup();
    texts.join(": ")
}
