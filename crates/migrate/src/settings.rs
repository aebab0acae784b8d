//! Infrastructure code: where instances are launched with tokens optional, or where a token cannot
//! reach a container. The edit is offered, not applied: it changes how instances run.

mod documents;
mod launch;
mod programs;
mod terraform;

use crate::finding::Finding;
use crate::language::Language;
use crate::snippet::Snippet;

/// Settings in `snippet`, a whole file, that let IMDSv1 be spoken or keep tokens from containers.
pub(crate) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    match language {
        Language::Hcl => terraform::scan(snippet),
        Language::Yaml | Language::Json => documents::scan(language, snippet),
        Language::JavaScript
        | Language::Python
        | Language::Java
        | Language::CSharp
        | Language::Go => programs::scan(language, snippet),
        _ => Vec::new(),
    }
}
