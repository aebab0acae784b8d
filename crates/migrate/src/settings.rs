//! Infrastructure code: where instances are launched with tokens optional, or where a token cannot
//! reach a container. The edit is offered, not applied: it changes how instances run.

mod documents;
mod programs;
mod terraform;

use std::ops::Range;

use crate::edit::Edit;
use crate::finding::{Finding, Remedy, Rule};
use crate::language::Language;
use crate::snippet::Snippet;

/// What to know before tokens are required.
const REQUIRE: &str = "first migrate what still speaks IMDSv1 on these instances; then requests \
                       without a token stop working";
/// What to know before tokens may travel further.
const REACH: &str = "a limit of 2 lets containers on a bridged network fetch tokens, and with \
                     them the instance's role; keep 1 where they must not";

/// Settings in `snippet`, a whole file, that let IMDSv1 be spoken or keep tokens from containers.
pub(crate) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    match language {
        Language::Hcl => terraform::scan(snippet),
        Language::Yaml | Language::Json => documents::scan(language, snippet),
        Language::JavaScript | Language::Python => programs::scan(language, snippet),
        _ => Vec::new(),
    }
}

fn not_required(span: Range<usize>, what: impl Into<String>, edits: Vec<Edit>) -> Finding {
    let remedy = Remedy::Offer { edits, caution: REQUIRE.to_owned() };
    Finding::new(Rule::TokensNotRequired, span, what, remedy)
}

fn too_low(span: Range<usize>, what: impl Into<String>, edits: Vec<Edit>) -> Finding {
    let remedy = Remedy::Offer { edits, caution: REACH.to_owned() };
    Finding::new(Rule::HopLimitTooLow, span, what, remedy)
}

/// Whether a file speaks of containers on the instances it launches.
fn runs_containers(source: &[u8]) -> bool {
    const WORDS: [&str; 7] =
        ["ecs", "docker", "container", "kubernetes", "kubelet", "eks", "/etc/eks/bootstrap.sh"];
    let text = String::from_utf8_lossy(source).to_ascii_lowercase();
    let is_word = |c: char| c.is_ascii_alphanumeric();
    WORDS.iter().any(|word| {
        text.split(|c| !is_word(c)).any(|w| w == *word) || word.contains('/') && text.contains(word)
    })
}
