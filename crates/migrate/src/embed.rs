//! Code inside other files: which texts of a file are scripts, and how they are written there.

mod base64;
mod dockerfile;
mod document;
mod hcl;
mod lines;
mod makefile;
mod mime;
mod notebook;
mod reader;
mod scalar;
mod script;
mod systemd;

use crate::finding::Finding;
use crate::language::Language;
use crate::snippet::Snippet;
pub(crate) use script::{
    UNKNOWN_COMMAND, exec_form, is_prose, is_worth_reading, names_prose, script, unknown,
};

/// Findings in the scripts that `snippet`, written in `language`, holds.
pub(crate) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    match language {
        Language::Yaml | Language::Json => document::scan(language, snippet),
        Language::Hcl => hcl::scan(snippet),
        Language::Dockerfile => dockerfile::scan(snippet),
        Language::Systemd => systemd::scan(snippet),
        Language::Makefile => makefile::scan(snippet),
        Language::Mime => mime::scan(snippet),
        _ => Vec::new(),
    }
}
