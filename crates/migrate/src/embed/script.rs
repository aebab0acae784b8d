//! Texts inside other files that are scripts, and commands that are lists of words.

use std::ops::Range;

use crate::address;
use crate::finding::{Finding, Remedy};
use crate::language::{self, Language};
use crate::rules::Rule;
use crate::snippet::Snippet;

/// Whether a text is worth reading as a script.
pub(crate) fn is_worth_reading(text: &[u8]) -> bool {
    const READS: [&str; 9] = [
        "curl",
        "wget",
        "ec2metadata",
        "urllib",
        "Invoke-",
        "irm ",
        "iwr ",
        "Net.WebRequest",
        "Net.WebClient",
    ];
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

/// Why a text is left alone of which nothing says what reads it.
pub(crate) const UNKNOWN_COMMAND: &str = "it is not known what reads this text";

/// Requests in a text that nothing says the reader of, such as what a program sends to another machine. Nothing is
/// edited.
pub(crate) fn unknown(inner: &mut Snippet<'_>) -> Vec<Finding> {
    if !is_worth_reading(&inner.text) {
        return Vec::new();
    }
    inner.leave(UNKNOWN_COMMAND);
    let language = language::by_content(&inner.text).unwrap_or_else(|| guessed(&inner.text));
    let is_meant = |finding: &Finding, said: &[u8]| {
        finding.rule == Rule::TokenlessRequest && !is_prose(&String::from_utf8_lossy(said))
    };
    inner.job.guess(|| inner.scan_for(language, is_meant))
}

/// What a text without a first line of its own is written in.
pub(super) fn guessed(text: &[u8]) -> Language {
    let text = String::from_utf8_lossy(text);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&[
        "Invoke-RestMethod",
        "Invoke-WebRequest",
        "irm ",
        "iwr ",
        "[System.Net.",
        "New-Object",
    ]) {
        Language::PowerShell
    } else if says(&["import urllib", "import requests", "from urllib", "urlopen("]) {
        Language::Python
    } else {
        Language::Shell
    }
}

/// Whether words that are a command by the grammar are a sentence: a name of a program is written small, and is no
/// word like these.
pub(crate) fn is_prose(said: &str) -> bool {
    const BEGINNINGS: [&str; 10] =
        ["run", "use", "try", "see", "with", "via", "by", "e.g.", "call", "like"];
    const WORDS: [&str; 8] = ["the", "to", "with", "of", "using", "via", "is", "or"];
    let words: Vec<&str> = said.split_whitespace().take_while(|word| !is_fetcher(word)).collect();
    let Some(first) = words.first() else { return false };
    let is_capital = first.starts_with(char::is_uppercase)
        && first.chars().nth(1).is_some_and(char::is_lowercase)
        && !first.contains(['=', '/', '-']);
    is_capital
        || first.ends_with([':', ','])
        || BEGINNINGS.contains(first)
        || words.iter().any(|word| WORDS.contains(word))
}

/// Whether a name says that what it stands for is for people, or is searched for.
pub(crate) fn names_prose(name: &str) -> bool {
    const PARTS: [&str; 11] = [
        "help",
        "usage",
        "description",
        "example",
        "epilog",
        "hint",
        "pattern",
        "regex",
        "summary",
        "title",
        "comment",
    ];
    const WORDS: [&str; 6] = ["doc", "docs", "message", "msg", "short", "long"];
    let name = name.to_ascii_lowercase();
    let is_word = |c: char| c.is_ascii_alphanumeric();
    PARTS.iter().any(|part| name.contains(part))
        || name.split(|c| !is_word(c)).any(|word| WORDS.contains(&word))
}

/// Whether a word names curl or wget, by whatever path.
fn is_fetcher(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("curl" | "wget"))
}

/// A command given as a list of words, which no shell reads.
pub(crate) fn exec_form(words: &[String], span: Range<usize>) -> Option<Finding> {
    // A health check of Compose begins with how it is run.
    let words = words.strip_prefix(&["CMD".to_owned()]).unwrap_or(words);
    let program = words.iter().find(|word| is_fetcher(word))?.rsplit('/').next()?.to_owned();
    let is_metadata = |w: &String| matches!(address::target(w), address::Target::Metadata { .. });
    let said = words.join(" ").to_ascii_lowercase();
    if !words.iter().any(is_metadata)
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
