//! systemd units: `Exec…=` lines, which no shell reads unless they start one.

use std::ops::Range;

use super::lines::continued_lines;
use super::script::{is_worth_reading, script};
use crate::finding::{Finding, Remedy};
use crate::snippet::{Codec, Decoder, Snippet};

pub(super) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let mut findings = Vec::new();
    for span in commands(source) {
        if !is_worth_reading(&source[span.clone()]) {
            continue;
        }
        let mut inner = decode(snippet, span);
        inner.no_shell = Some("systemd starts it without a shell to keep the token in");
        findings.extend(script(&inner).into_iter().map(without_inner_escapes));
    }
    findings
}

/// The command of each `Exec…=` line, with its continuation lines.
fn commands(source: &[u8]) -> Vec<Range<usize>> {
    continued_lines(source, |line| {
        let is_setting = line.starts_with(b"Exec");
        let command = line.iter().position(|b| *b == b'=').filter(|_| is_setting)? + 1;
        let prefix = line[command..].iter().take_while(|b| b" \t-@:+!".contains(b)).count();
        Some(command + prefix)
    })
}

/// `$$` is a dollar and `%%` a percent sign.
fn decode(snippet: &Snippet<'_>, span: Range<usize>) -> Snippet<'static> {
    let source: &[u8] = &snippet.text;
    let mut decoder = Decoder::new(snippet);
    let mut at = span.start;
    while at < span.end {
        let rest = &source[at..span.end];
        decoder.put(source[at], at);
        at += if rest.starts_with(b"$$") || rest.starts_with(b"%%") { 2 } else { 1 };
    }
    let codec = Codec { escapes: vec![("$", "$$"), ("%", "%%")], indent: String::new() };
    let mut inner = decoder.finish(span.end, codec);
    inner.multiline = false;
    inner
}

/// systemd has quoting rules of its own: a backslash that a shell would want is not safe here.
fn without_inner_escapes(mut finding: Finding) -> Finding {
    if finding.edits().iter().any(|e| e.text.contains('\\')) {
        finding.remedy = Remedy::advice(
            "ExecStart=/bin/sh -c 'TOKEN=$$(curl -sf -X PUT -H \
             \"X-aws-ec2-metadata-token-ttl-seconds: 21600\" \
             http://169.254.169.254/latest/api/token); curl -H \
             \"X-aws-ec2-metadata-token: $$TOKEN\" …'",
            "double quotes inside a unit's double quotes are not added by machine",
        );
    }
    finding
}
