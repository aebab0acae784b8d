//! Files that name the metadata service and were not understood: each is said to be so.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use crate::address;
use crate::embed::{is_prose, is_worth_reading};
use crate::finding::{Finding, Remedy};
use crate::job::{Job, Obstacle};
use crate::language::{self, Language, Utf16};
use crate::rules::Rule;
use crate::snippet::{Codec, Decoder, Snippet};

/// What begins a line that is for people, in any language.
const COMMENTS: [&str; 10] = ["#", "//", "/*", "*", "-- ", ";", "%", "<!--", "\"\"\"", "rem "];

/// What stands in a line that keeps traffic away from the address, unless it says a path of EC2's tree.
const TRAFFIC: [&str; 11] = [
    "no_proxy",
    "noproxy",
    "non_proxy",
    "nonproxy",
    "iptables",
    "nft ",
    "route add",
    "ip route",
    "deny",
    "block",
    "cidr",
];

/// What begins a line that prints, or lists where no proxy is used.
const LISTS: [&str; 5] = ["echo ", "printf", "println", "no_proxy", "export no_proxy"];

/// Longer lines are written by programs.
const MAX_LINE: usize = 4 << 10;

/// Where EC2's tree begins, behind any host.
pub(crate) const TREES: [&str; 3] = ["/meta-data", "/user-data", "/dynamic/"];

/// The notice that `path` was not understood, if it names the service, has no finding that says more, and
/// does so in a line other than those of what is `said`.
pub(crate) fn notice(
    path: &Path,
    bytes: &[u8],
    language: Option<Language>,
    findings: &[Finding],
    said: &[Finding],
    obstacle: Option<Obstacle>,
    job: &Job,
) -> Option<Finding> {
    let is_read = language.is_some() && obstacle.is_none();
    // In these languages what is not a request is told from one by the code around it.
    let is_followed = matches!(
        language,
        Some(
            Language::Shell
                | Language::OtherShell
                | Language::Hcl
                | Language::PowerShell
                | Language::Dockerfile
        )
    );
    if is_read && is_followed || findings.iter().any(says_more) || is_test(path) {
        return None;
    }
    let (text, is_utf16) = decoded(bytes);
    let said: BTreeSet<usize> = said.iter().map(|f| number_of(bytes, f.span.start)).collect();
    let is_meant = |number: usize, line: &str| {
        let start = nth_line(bytes, number).start;
        // What is shown may begin within the line.
        let is_shown = || job.is_shown(start) || job.is_shown(start + address::place(line));
        !said.contains(&number) && (!is_read || is_worth_reading(line.as_bytes())) && !is_shown()
    };
    let (number, line) = named(&text, is_meant)?;
    // A bracket at its beginning makes no file JSON.
    let is_guessed = language == Some(Language::Json) && language::by_name(path).is_none();
    let why = match (language.filter(|_| !is_guessed), obstacle) {
        (None, Some(Obstacle::Grammar)) => "its language is not read".to_owned(),
        (_, Some(obstacle)) => obstacle.to_string(),
        _ if is_utf16 => "it is written in UTF-16".to_owned(),
        (Some(_), None) => "a line reads like a request, and none was recognised".to_owned(),
        (None, None) => "its language is not read".to_owned(),
    };
    let advice = "look whether what asks for this address sends the header X-aws-ec2-metadata-token; if it \
                  does, or is not a request, say so in a comment: imds-migrate: ignore";
    let what = "this file names the metadata service and was not understood";
    let ends_url = |c: char| c.is_whitespace() || "\"'`()<>,;".contains(c);
    Some(
        Finding::new(
            Rule::NotUnderstood,
            nth_line(bytes, number),
            what,
            Remedy::advice(advice, why),
        )
        .reading(line.split(ends_url).filter_map(address::path)),
    )
}

/// Requests in lines that none of `findings` is about: each text in quotes that reads like one is looked at as a
/// shell's, or else the line that it stands in, and nothing is edited. `is_read` says that the language is.
pub(crate) fn lines(file: &Snippet<'_>, is_read: bool, findings: &[Finding]) -> Vec<Finding> {
    let text: &[u8] = &file.text;
    if !is_worth_reading(text) {
        return Vec::new();
    }
    let is_said = |span: &Range<usize>| {
        let touches = |f: &Finding| f.span.start <= span.end && span.start <= f.span.end;
        findings.iter().filter(|f| says_more(f)).any(touches)
    };
    let sends_tokens = sends_token(text);
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive(|b| *b == b'\n') {
        let span = start..start + before_comment(line).trim_ascii_end().len();
        start += line.len();
        let line = &text[span.clone()];
        let words = String::from_utf8_lossy(line).trim_start().to_ascii_lowercase();
        let is_aside = is_comment(&words) || file.job.is_shown(span.start);
        if is_aside || span.len() > MAX_LINE || !is_worth_reading(line) || is_said(&span) {
            continue;
        }
        let may_send = sends_tokens && is_open(&words);
        if may_send && is_read || sends_tokens && goes_on_with_token(text, &span) {
            continue;
        }
        let before = |part: &Range<usize>| {
            !prints(&text[span.start..part.start]) && !file.job.is_shown(part.start)
        };
        let quoted = quoted(line).map(|part| span.start + part.start..span.start + part.end);
        let quoted = quoted.filter(|part| is_worth_reading(&text[part.clone()]));
        let (quoted, printed): (Vec<_>, Vec<_>) = quoted.partition(before);
        let said: Vec<Finding> = quoted.into_iter().flat_map(|part| commands(file, part)).collect();
        let is_plain = said.is_empty() && printed.is_empty();
        let mut said = if is_plain { commands(file, span) } else { said };
        // What is put into it may be its token.
        said.iter_mut().filter(|_| may_send).for_each(|f| f.rule = Rule::UnclearRequest);
        found.extend(said);
    }
    found
}

/// Whether a finding says more of a line than that it was not understood.
fn says_more(finding: &Finding) -> bool {
    matches!(finding.rule, Rule::TokenlessRequest | Rule::UnclearRequest)
}

pub(crate) fn sends_token(text: &[u8]) -> bool {
    let word = b"metadata-token";
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}

/// Whether what stands before a text in a line says that it is printed.
fn prints(before: &[u8]) -> bool {
    const WORDS: [&str; 11] = [
        "echo", "printf", "print", "println", "eprintln", "puts", "log", "warn", "error", "fail",
        "die",
    ];
    let before = String::from_utf8_lossy(before).to_ascii_lowercase();
    let is_word = |c: char| c.is_ascii_alphanumeric();
    before.split(|c| !is_word(c)).any(|word| WORDS.contains(&word))
}

/// Whether words behind curl or wget, which are no URL, are put in when the line is run.
fn is_open(line: &str) -> bool {
    let is_fetcher = |word: &&str| word.contains("curl") || word.contains("wget");
    let mut words = line.split_whitespace().skip_while(|word| !is_fetcher(word)).skip(1);
    words.any(|word| !address::mentioned(word) && (word.contains(['$', '{', '@']) || word == "+"))
}

/// Whether the lines that the one at `span` goes on with, or goes on from, send a token.
fn goes_on_with_token(text: &[u8], span: &Range<usize>) -> bool {
    let (mut start, mut end) = (span.start, span.end);
    let line = |at: usize| memchr::memchr(b'\n', &text[at..]).map_or(text.len(), |to| at + to);
    while text[..end].ends_with(b"\\") && end < text.len() {
        end = line(end + 1);
    }
    while text[..start].ends_with(b"\\\n") {
        start = memchr::memrchr(b'\n', &text[..start - 1]).map_or(0, |at| at + 1);
    }
    sends_token(&text[start..end])
}

/// Whether a line, in lower case, is for people; a line of a crontab may begin with a star, too.
pub(crate) fn is_comment(line: &str) -> bool {
    let is_field = |word: &str| word.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c));
    let is_schedule = line.starts_with(['*', '/'])
        && line.split_whitespace().take(5).filter(|w| is_field(w)).count() == 5;
    !is_schedule && COMMENTS.iter().any(|mark| line.starts_with(mark))
}

/// Whether a line does more than print, or keep traffic away from an address.
pub(crate) fn is_worth_asking(line: &str) -> bool {
    let lower = line.trim_start().trim_start_matches("- ").to_ascii_lowercase();
    let prints = LISTS.iter().any(|word| lower.starts_with(word)) && !lower.contains("$(");
    !prints && !TRAFFIC.iter().any(|word| lower.contains(word))
}

/// A line of any language up to a comment behind its code.
fn before_comment(line: &[u8]) -> &[u8] {
    let mut marks = memchr::memmem::find_iter(line, b"//");
    let comment = marks.find(|at| at.checked_sub(1).is_some_and(|i| line[i].is_ascii_whitespace()));
    &line[..comment.unwrap_or(line.len())]
}

/// What stands in quotes in a line of any language.
fn quoted(line: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + line[at..].iter().position(|byte| b"\"'`".contains(byte))?;
            at = start + 1;
            // An apostrophe stands in a word.
            if start.checked_sub(1).is_some_and(|before| line[before].is_ascii_alphanumeric()) {
                continue;
            }
            let is_end = |end: &usize| line[*end] == line[start] && line[end - 1] != b'\\';
            if let Some(end) = (at..line.len()).find(is_end) {
                at = end + 1;
                return Some(start + 1..end);
            }
        }
    })
}

/// Requests of commands that stand in `span` of a file.
fn commands(file: &Snippet<'_>, span: Range<usize>) -> Vec<Finding> {
    const REASON: &str = "the text around it was not understood";
    let mut decoder = Decoder::new(file);
    let mut at = span.start;
    // Units, Compose files and makefiles write each `$` twice, and texts in quotes `\$`.
    for escape in memchr::memchr2_iter(b'$', b'\\', &file.text[span.clone()]) {
        let escape = span.start + escape;
        let rest = &file.text[escape..span.end];
        if escape >= at && [b"$$(", b"\\$("].iter().any(|text| rest.starts_with(*text)) {
            decoder.copy(at..escape);
            at = escape + 1;
        }
    }
    decoder.copy(at..span.end);
    let mut inner = decoder.finish(span.end, Codec::default());
    inner.leave(REASON);
    // What a word does that is no known command is not known here.
    let mut findings = inner.scan_for(Language::OtherShell, |finding, said| {
        finding.rule != Rule::UnclearRequest && !is_prose(&String::from_utf8_lossy(said))
    });
    for finding in &mut findings {
        if let Remedy::Advice { reason, .. } = &mut finding.remedy {
            REASON.clone_into(reason);
        }
    }
    findings
}

/// The line of the byte `at`, counted from 0.
fn number_of(bytes: &[u8], at: usize) -> usize {
    memchr::memchr_iter(b'\n', &bytes[..at.min(bytes.len())]).count()
}

/// The bytes of a line, counted from 0, without its end.
fn nth_line(bytes: &[u8], number: usize) -> Range<usize> {
    let start = match number.checked_sub(1) {
        Some(before) => memchr::memchr_iter(b'\n', bytes).nth(before).map_or(0, |end| end + 1),
        None => 0,
    };
    let length = bytes[start..].iter().position(|b| *b == b'\n').unwrap_or(bytes.len() - start);
    start..start + bytes[start..start + length].trim_ascii_end().len()
}

/// Whether a file of this name tests something: requests in it are part of a test.
pub(crate) fn is_test(path: &Path) -> bool {
    let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default().to_ascii_lowercase();
    let folders = path.parent().into_iter().flat_map(Path::components);
    let in_tests = folders.rev().take(3).any(|folder| {
        matches!(
            folder.as_os_str().to_str(),
            Some("test" | "tests" | "__tests__" | "spec" | "testdata" | "fixtures")
        )
    });
    let is_code = path
        .extension()
        .is_some_and(|e| !matches!(e.to_str(), Some("sh" | "bash" | "yml" | "yaml")));
    is_code
        && (in_tests
            || name == "conftest"
            || ["test_", "mock_", "fake_"].iter().any(|start| name.starts_with(start))
            || ["_test", "_spec", ".test", ".spec", "_mock"].iter().any(|end| name.ends_with(end)))
}

/// The first line for which `is_meant` holds that names the service as something to ask, and its number from
/// 0; `None` also where the file names the header that carries a token.
fn named(text: &str, is_meant: impl Fn(usize, &str) -> bool) -> Option<(usize, &str)> {
    if !address::mentioned(text) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let has_tree = TREES.iter().any(|tree| lower.contains(tree));
    if !has_tree || lower.contains("metadata-token") {
        return None;
    }
    text.lines().enumerate().find(|(number, line)| {
        let lower = line.trim_start().to_ascii_lowercase();
        let says_path = TREES.iter().any(|tree| lower.contains(tree));
        address::mentioned(line)
            && !is_comment(&lower)
            && !LISTS.iter().any(|word| lower.starts_with(word))
            && (says_path || !TRAFFIC.iter().any(|word| lower.contains(word)))
            && !address::is_foreign(&lower)
            && is_meant(*number, line)
    })
}

/// The text of a file, and whether it is UTF-16, as PowerShell's tools write it.
fn decoded(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let unit = match language::utf16(bytes) {
        None => return (String::from_utf8_lossy(bytes), false),
        Some(Utf16::LowFirst) => u16::from_le_bytes,
        Some(Utf16::HighFirst) => u16::from_be_bytes,
    };
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    (String::from_utf16_lossy(&units).into(), true)
}

/// The notice for a file whose scan did not come to its end.
pub(crate) fn given_up(bytes: &[u8], why: &str) -> Option<Finding> {
    let (text, _) = decoded(bytes);
    let (number, _) = named(&text, |_, _| true)?;
    let what = "this file names the metadata service and was not understood";
    let advice = "look through it by hand";
    let span = nth_line(bytes, number);
    let mut finding = Finding::new(Rule::NotUnderstood, span, what, Remedy::advice(advice, why));
    (finding.line, finding.column) = (number + 1, 1);
    Some(finding)
}
