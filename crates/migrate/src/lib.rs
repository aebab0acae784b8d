//! Finds code that speaks IMDSv1, and rewrites it to IMDSv2.

mod address;
mod edit;
mod error;
mod finding;
mod language;
mod shell;
mod snippet;
mod syntax;

use std::path::Path;

pub use edit::{Edit, apply};
pub use error::{EditError, WalkError};
pub use finding::{Finding, Remedy, Rule};
pub use language::Language;
use snippet::Snippet;

/// Everything in `bytes`, the content of the file `path`, that speaks IMDSv1 or lets it be spoken.
pub fn scan(path: &Path, bytes: &[u8]) -> Vec<Finding> {
    match language::detect(path, bytes) {
        Some(language) => scan_snippet(language, &Snippet::file(bytes)),
        None => Vec::new(),
    }
}

pub(crate) fn scan_snippet(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    match language {
        Language::Shell => shell::scan(snippet),
        Language::Python => Vec::new(),
    }
}
