//! MIME multipart user data: each part is a file of its own.

use std::ops::Range;

use crate::finding::{Finding, Remedy};
use crate::language::{self, Language};
use crate::rules::Rule;
use crate::snippet::{Codec, Decoder, Snippet};

pub(super) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let mut findings = Vec::new();
    for part in parts(source) {
        let headers = String::from_utf8_lossy(&source[part.headers.clone()]).to_ascii_lowercase();
        if headers.contains("base64") {
            findings.extend(encoded(part.body, snippet));
            continue;
        }
        let language = language::by_content(&source[part.body.clone()]).or_else(|| {
            if headers.contains("cloud-config") {
                Some(Language::Yaml)
            } else {
                headers.contains("shellscript").then_some(Language::Shell)
            }
        });
        let mut decoder = Decoder::new(snippet);
        decoder.copy(part.body.clone());
        let inner = decoder.finish(part.body.end, Codec::default());
        findings.extend(language.into_iter().flat_map(|language| inner.scan(language)));
    }
    findings
}

struct Part {
    headers: Range<usize>,
    body: Range<usize>,
}

fn parts(source: &[u8]) -> Vec<Part> {
    let Some(boundary) = boundary(source) else { return Vec::new() };
    let mark = format!("--{boundary}").into_bytes();
    let mut starts = Vec::new();
    let mut at = 0;
    for line in source.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(&mark) {
            starts.push((at, at + line.len()));
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).map(|(mark, _)| *mark).chain([source.len()]);
    let spans: Vec<(usize, usize)> =
        starts.iter().map(|(_, after)| *after).zip(ends).filter(|(a, b)| a < b).collect();
    spans.into_iter().filter_map(|(start, end)| split(source, start..end)).collect()
}

/// The boundary that the headers of the whole message name.
fn boundary(source: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&source[..source.len().min(4096)]).into_owned();
    let after = &head[head.to_ascii_lowercase().find("boundary=")? + "boundary=".len()..];
    let value = match after.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => after.split(|c: char| c.is_whitespace() || c == ';').next()?,
    };
    (!value.is_empty()).then(|| value.to_owned())
}

/// Headers end at the first empty line.
fn split(source: &[u8], part: Range<usize>) -> Option<Part> {
    let mut at = part.start;
    for line in source[part.clone()].split_inclusive(|b| *b == b'\n') {
        let next = at + line.len();
        if line.iter().all(u8::is_ascii_whitespace) {
            return Some(Part { headers: part.start..at, body: next..part.end });
        }
        at = next;
    }
    None
}

/// A part in base64 is decoded to see whether it must be looked at.
fn encoded(body: Range<usize>, snippet: &Snippet<'_>) -> Option<Finding> {
    let text = super::base64::decode(&snippet.text[body.clone()])?;
    let language = language::by_content(&text).unwrap_or(Language::Shell);
    let found = snippet.decoded(&text).scan(language);
    (!found.is_empty()).then(|| {
        Finding::new(
            Rule::TokenlessRequest,
            body,
            "a script in this base64 text reads instance metadata without a token",
            Remedy::advice(
                "decode it, run this tool on the script, and encode the result again",
                "encoded text is not edited",
            ),
        )
        .reading(found.iter().flat_map(|f| f.reads.clone()))
    })
}
