//! Metadata URLs that a file keeps under a name, and reads by it in a text that no analysis follows: variables of CI
//! jobs, of Ansible, units, makefiles and Dockerfiles.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::address::{self, DEFAULT_ENDPOINT};
use crate::finding::{Finding, Remedy};
use crate::language::Language;
use crate::rules::Rule;
use crate::unread::{is_comment, is_worth_asking, sends_token};

/// Lines after a use in which the token may stand that it sends.
const NEAR: usize = 6;

/// Words of commands and modules that fetch what a name stands for, where nothing is put behind it.
const FETCHING: [&str; 9] =
    ["curl", "wget", "uri:", "url:", "url=", "urlopen", "fetch", "Invoke-", "http "];

/// Uses of kept URLs in lines that no finding is about.
pub(crate) fn scan(language: Language, bytes: &[u8], findings: &[Finding]) -> Vec<Finding> {
    let is_read = matches!(
        language,
        Language::Yaml
            | Language::Json
            | Language::Systemd
            | Language::Makefile
            | Language::Dockerfile
            | Language::Hcl
    );
    let text = String::from_utf8_lossy(bytes);
    // What is not UTF-8 would shift the places.
    if !is_read || text.len() != bytes.len() || !address::mentioned(&text) {
        return Vec::new();
    }
    let lines = Lines::of(&text);
    let kept: BTreeSet<Kept> = (0..lines.spans.len()).filter_map(|i| kept(&lines, i)).collect();
    let said = lines.covered(findings);
    let mut found = Vec::new();
    for variable in &kept {
        let uses = (0..lines.spans.len()).filter(|number| !said.contains(number));
        found.extend(uses.filter_map(|number| used(&lines, number, variable)));
    }
    found
}

/// A name and the URL that it stands for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kept<'s> {
    name: &'s str,
    url: &'s str,
}

struct Lines<'s> {
    text: &'s str,
    spans: Vec<Range<usize>>,
}

impl<'s> Lines<'s> {
    fn of(text: &'s str) -> Self {
        let mut at = 0;
        let span = |line: &str| {
            let start = at;
            at += line.len();
            start..start + line.trim_end().len()
        };
        Self { text, spans: text.split_inclusive('\n').map(span).collect() }
    }

    fn get(&self, number: usize) -> &'s str {
        self.spans.get(number).map_or("", |span| &self.text[span.clone()])
    }

    /// The lines that some finding about a request begins or stands in.
    fn covered(&self, findings: &[Finding]) -> BTreeSet<usize> {
        let is_request =
            |f: &&Finding| matches!(f.rule, Rule::TokenlessRequest | Rule::UnclearRequest);
        let number = |at: usize| self.spans.partition_point(|span| span.end < at);
        let spans = findings.iter().filter(is_request).map(|f| &f.span);
        spans.flat_map(|span| number(span.start)..=number(span.end)).collect()
    }

    /// Whether a line sends a token, or the lines that go on with what it begins: after a backslash, or those of the
    /// same entry where it is the URL of one.
    fn sends_token(&self, number: usize) -> bool {
        let is_entry = self.get(number).contains("url:");
        let goes_on = |i: &usize| {
            let before = self.get(*i - 1);
            before.ends_with('\\') || is_entry && !self.get(*i).trim_start().starts_with("- ")
        };
        let lines = (number + 1..=number + NEAR).take_while(goes_on);
        std::iter::once(number)
            .chain(lines)
            .any(|i| self.get(i).to_ascii_lowercase().contains("metadata-token"))
    }
}

/// What a line keeps: `NAME: URL`, `NAME = "URL"`, and what such files write before it.
fn kept<'s>(lines: &Lines<'s>, number: usize) -> Option<Kept<'s>> {
    let line = lines.get(number);
    let start = line.find("http://").filter(|_| address::mentioned(line))?;
    let is_end = |c: char| c.is_whitespace() || "\"'`,;})".contains(c);
    let url = line[start..].split(is_end).next()?;
    let is_whole =
        matches!(address::target(url), address::Target::Metadata { endpoint: Some(_), .. });
    let before = line[..start].trim_end_matches(['"', '\'', ' ']);
    let before = before.strip_suffix([':', '='])?.trim_end_matches([':', '?', ' ', '"', '\'']);
    let name = name_at_end(before);
    let name = match name {
        "value" | "default" => {
            (number.saturating_sub(3)..number).rev().find_map(|i| named(lines.get(i)))?
        }
        name => name,
    };
    (is_whole && !name.is_empty() && !is_comment(line.trim_start())).then_some(Kept { name, url })
}

/// The name that a line says its neighbours are about: `- name: X`, `variable "X" {`.
fn named(line: &str) -> Option<&str> {
    let line = line.trim().trim_start_matches("- ");
    let value = line.strip_prefix("name:").or(line.strip_prefix("variable "))?;
    let value = value.trim_end_matches('{').trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then_some(value)
}

fn name_at_end(text: &str) -> &str {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    &text[text.rfind(|c| !is_name(c)).map_or(0, |at| at + 1)..]
}

/// A use of `variable` in a line that does not send a token.
fn used(lines: &Lines<'_>, number: usize, variable: &Kept<'_>) -> Option<Finding> {
    let line = lines.get(number);
    let (before, rest) = reference(line, variable.name)?;
    let reads = rest.starts_with('/') || FETCHING.iter().any(|word| line.contains(word));
    if sends_token(lines.text.as_bytes()) && may_send(before, rest) {
        return None;
    }
    if !reads
        || is_comment(line.trim_start())
        || !is_worth_asking(line)
        || lines.sends_token(number)
    {
        return None;
    }
    let is_end = |c: char| c.is_whitespace() || "\"'`;,)}|".contains(c);
    let tail = rest.split(is_end).next().unwrap_or_default();
    let span = &lines.spans[number];
    let indent = line.len() - line.trim_start().len();
    Some(
        Finding::new(
            Rule::UnclearRequest,
            span.start + indent..span.end,
            format!("`{}`, which is a metadata URL, is read here", variable.name),
            Remedy::advice(
                format!(
                    "send the header X-aws-ec2-metadata-token, with a token from a PUT to \
                     {DEFAULT_ENDPOINT}/latest/api/token"
                ),
                "the URL is kept elsewhere in the file",
            ),
        )
        .reading(address::path(&format!("{}{tail}", variable.url))),
    )
}

/// Whether options of curl or wget, before and behind a URL, may hold a header.
fn may_send(before: &str, rest: &str) -> bool {
    let start = before.rfind("curl").or(before.rfind("wget"));
    let options = start.map_or("", |start| &before[start..]);
    let options = options.trim_end_matches(['$', '{', '(', ' ', '"', '\'']);
    let behind = rest.split(['|', ';', '&', '>', ')', '`']).next().unwrap_or_default();
    options.contains(['$', '{', '@']) || behind.contains("-H") || behind.contains("--header")
}

/// What stands before and behind the first reference to the variable `name` in a line.
fn reference<'s>(line: &'s str, name: &str) -> Option<(&'s str, &'s str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(name).find_map(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + name.len()..]);
        let blank = before.trim_end();
        let is_reference = before.ends_with(['$', '%'])
            || before.ends_with("${")
            || before.ends_with("$(")
            || blank.ends_with("{{")
            || ["env.", "var.", "local.", "vars.", ".Values.", "variables."]
                .iter()
                .any(|holder| before.ends_with(holder));
        (is_reference && !after.starts_with(is_part))
            .then(|| (before, after.trim_start_matches([' ', '}', ')', '%', '"', '\''])))
    })
}
