//! Texts inside other files that are scripts, and commands that are lists of words.

use std::ops::Range;

use crate::address;
use crate::finding::{Finding, Remedy};
use crate::language::{self, Language};
use crate::rules::Rule;
use crate::snippet::Snippet;

/// Whether a text is worth reading as a script.
pub(crate) fn is_worth_reading(text: &[u8]) -> bool {
    const READS: [&str; 7] = ["curl", "wget", "ec2metadata", "urllib", "Invoke-", "irm ", "iwr "];
    let text = String::from_utf8_lossy(text);
    let aims = address::mentioned(&text)
        || text.contains("latest/meta-data")
        || text.contains("latest/user-data")
        || text.contains("ec2metadata");
    aims && (READS.iter().any(|r| text.contains(r)) || uses_requests(&text))
}

/// Whether a text uses Python's `requests`: the word is common in texts for people, and a key of Kubernetes.
fn uses_requests(text: &str) -> bool {
    let is_module = |(at, word): (usize, &str)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let calls =
            after.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphabetic));
        calls
            || after.starts_with(" as ")
            || ["import ", "from "].iter().any(|w| before.ends_with(w))
    };
    text.match_indices("requests").any(is_module)
}

/// Findings in a text that is a script unless its first lines say otherwise.
pub(crate) fn script(inner: &Snippet<'_>) -> Vec<Finding> {
    if !is_worth_reading(&inner.text) {
        return Vec::new();
    }
    let language = language::by_content(&inner.text).unwrap_or(Language::Shell);
    inner.scan(language)
}

/// The same of a text that `program` reads.
pub(crate) fn read_by(program: &str, inner: &mut Snippet<'_>) -> Vec<Finding> {
    if !is_worth_reading(&inner.text) {
        return Vec::new();
    }
    match language::of_program(program) {
        Some(Language::Shell) => script(inner),
        Some(language) => inner.scan(language),
        None => {
            inner.leave(UNKNOWN_READER);
            script(inner)
        }
    }
}

/// Why a text is left alone that something reads of which no more than its name is known.
pub(crate) const UNKNOWN_READER: &str =
    "it is not known what the program that reads it makes of it";

/// A command given as a list of words, which no shell reads.
pub(crate) fn exec_form(words: &[String], span: Range<usize>) -> Option<Finding> {
    // A health check of Compose begins with how it is run.
    let words = words.strip_prefix(&["CMD".to_owned()]).unwrap_or(words);
    let program = words.first()?.rsplit('/').next()?.to_owned();
    let is_fetcher = matches!(program.as_str(), "curl" | "wget");
    let is_metadata = |w: &String| matches!(address::target(w), address::Target::Metadata { .. });
    let said = words.join(" ").to_ascii_lowercase();
    if !is_fetcher
        || !words.iter().any(is_metadata)
        || said.contains("aws-ec2-metadata-token")
        || address::is_foreign(&said)
    {
        return None;
    }
    let text = "[\"sh\", \"-c\", \"TOKEN=$(curl -sf -X PUT -H \
                'X-aws-ec2-metadata-token-ttl-seconds: 21600' \
                http://169.254.169.254/latest/api/token); exec curl -H \
                \\\"X-aws-ec2-metadata-token: $TOKEN\\\" …\"]";
    Some(
        Finding::new(
            Rule::TokenlessRequest,
            span,
            format!("{program} reads instance metadata without a token"),
            Remedy::advice(text, "a list of words is run without a shell to keep the token in"),
        )
        .reading(words.iter().filter_map(|word| address::path(word))),
    )
}
