//! A piece of code in one language, taken out of the file it stands in, and the way back.
//!
//! A shell script in a YAML block inside a MIME part is three texts inside each other. Each holds
//! the next as a [`Snippet`]: the decoded text, where each of its bytes came from, and how text
//! that is put into it must be written outside.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use crate::edit::Edit;
use crate::finding::{Finding, Remedy};
use crate::job::Job;
use crate::language::Language;

/// How many texts may stand inside each other. A document can be its own only text, which would be
/// read for ever.
const MAX_DEPTH: usize = 12;

/// Scans code in one language: the way from a text to those inside it, in any language.
pub(crate) type ScanText = fn(Language, &Snippet<'_>) -> Vec<Finding>;

/// Code in one language.
pub(crate) struct Snippet<'a> {
    /// The code as its language sees it.
    pub(crate) text: Cow<'a, [u8]>,
    /// Whether a line can be added.
    pub(crate) multiline: bool,
    /// Why code here must not be edited, if so.
    pub(crate) untouched: Option<&'static str>,
    /// Why a command here has no shell around it to keep a token in, if so; scripts inside it do.
    pub(crate) no_shell: Option<&'static str>,
    /// Whether the programs here are BusyBox's.
    pub(crate) busybox: bool,
    /// What is known of where it runs.
    pub(crate) system: System,
    /// Where parts begin and end that an engine leaves out or repeats, if marks in the text around it say so.
    pub(crate) parts: Vec<usize>,
    /// The scan that this code is a part of.
    pub(crate) job: Rc<Job>,
    scan_text: ScanText,
    /// How many texts it stands in.
    depth: usize,
    outside: Option<Outside>,
}

/// A system that code runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct System {
    /// Whether it is Windows, where a shell that is not named is cmd.exe.
    pub(crate) windows: bool,
    /// Whether its PowerShell is 6 or later, in which curl and wget are programs.
    pub(crate) pwsh: bool,
}

/// Where decoded text stands in the text around it.
struct Outside {
    /// For each byte of the decoded text, and for its end, the byte outside.
    offsets: Vec<usize>,
    codec: Codec,
}

/// How text is written in the place it is put into.
#[derive(Clone, Debug, Default)]
pub(crate) struct Codec {
    /// Each text on the left is written as the text on the right; the first that fits counts.
    pub(crate) escapes: Vec<(&'static str, &'static str)>,
    /// What follows each line end.
    pub(crate) indent: String,
}

impl Codec {
    fn encode(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let escape = self.escapes.iter().find(|(plain, _)| rest.starts_with(plain));
            let taken = if let Some((plain, written)) = escape {
                out.push_str(written);
                plain.len()
            } else {
                out.push(c);
                c.len_utf8()
            };
            if c == '\n' {
                out.push_str(&self.indent);
            }
            rest = &rest[taken..];
        }
        out
    }
}

impl<'a> Snippet<'a> {
    /// A whole file.
    pub(crate) fn file(bytes: &'a [u8], job: Rc<Job>, scan_text: ScanText) -> Self {
        Self {
            text: Cow::Borrowed(bytes),
            multiline: true,
            untouched: None,
            no_shell: None,
            busybox: false,
            system: System::default(),
            parts: Vec::new(),
            job,
            scan_text,
            depth: 0,
            outside: None,
        }
    }

    /// The same code, read in another way.
    pub(crate) fn copy(&self) -> Snippet<'_> {
        Snippet {
            text: Cow::Borrowed(&self.text),
            multiline: self.multiline,
            untouched: self.untouched,
            no_shell: self.no_shell,
            busybox: self.busybox,
            system: self.system,
            parts: self.parts.clone(),
            job: Rc::clone(&self.job),
            scan_text: self.scan_text,
            depth: self.depth,
            outside: None,
        }
    }

    /// Text that stands in this code in no readable form, such as base64.
    pub(crate) fn decoded<'b>(&self, text: &'b [u8]) -> Snippet<'b> {
        Snippet {
            depth: self.depth + 1,
            ..Snippet::file(text, Rc::clone(&self.job), self.scan_text)
        }
    }

    /// Code here must not be edited, for this reason or for one that is known already.
    pub(crate) fn leave(&mut self, reason: impl Into<Option<&'static str>>) {
        self.untouched = self.untouched.or(reason.into());
    }

    /// Nobody runs what stands in `span`: it is for people. Of texts in texts that is not kept.
    pub(crate) fn shows(&self, span: Range<usize>) {
        if self.depth == 0 {
            self.job.shows(span);
        }
    }

    /// Findings in this code, as findings in the text around it.
    pub(crate) fn scan(&self, language: Language) -> Vec<Finding> {
        self.scan_for(language, |_, _| true)
    }

    /// The same, of those for which `is_meant` holds, which is given what stands at a finding in this code.
    pub(crate) fn scan_for(
        &self,
        language: Language,
        is_meant: impl Fn(&Finding, &[u8]) -> bool,
    ) -> Vec<Finding> {
        if self.depth > MAX_DEPTH {
            return Vec::new();
        }
        let mut findings = (self.scan_text)(language, self);
        findings.retain(|f| is_meant(f, self.text.get(f.span.clone()).unwrap_or_default()));
        self.lift(findings)
    }

    /// Whether `words` stand anywhere in the code.
    pub(crate) fn says(&self, words: &str) -> bool {
        memchr::memmem::find(&self.text, words.as_bytes()).is_some()
    }

    /// Whether `key`, in lower case and without `_`, stands anywhere in the code in any spelling.
    pub(crate) fn says_key(&self, key: &str) -> bool {
        let plain: Vec<u8> =
            self.text.iter().filter(|b| **b != b'_').map(u8::to_ascii_lowercase).collect();
        memchr::memmem::find(&plain, key.as_bytes()).is_some()
    }

    /// The white space before `at`, when nothing else precedes it in its line and a line can be
    /// added there.
    pub(crate) fn line_start(&self, at: usize) -> Option<String> {
        let before = self.text.get(..at)?;
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        let indent = &before[start..];
        let blank = indent.iter().all(|b| matches!(b, b' ' | b'\t'));
        (self.multiline && blank).then(|| String::from_utf8_lossy(indent).into_owned())
    }

    /// How the line at `at` ends.
    pub(crate) fn line_end(&self, at: usize) -> &'static str {
        let rest = self.text.get(at..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == b'\n');
        match end {
            Some(end) if end > 0 && rest[end - 1] == b'\r' => "\r\n",
            _ => "\n",
        }
    }

    /// `findings` made in this snippet, as findings in the text around it.
    pub(crate) fn lift(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let Some(outside) = &self.outside else { return findings };
        findings.into_iter().map(|finding| outside.lift(finding)).collect()
    }
}

impl Outside {
    fn lift(&self, mut finding: Finding) -> Finding {
        finding.span = self.span(finding.span);
        match &mut finding.remedy {
            Remedy::Rewrite(edits) | Remedy::Offer { edits, .. } => {
                for edit in edits.iter_mut() {
                    let span = self.span(edit.start..edit.end);
                    *edit = Edit::replace(span, self.codec.encode(&edit.text));
                }
            }
            Remedy::Advice { .. } => {}
        }
        finding
    }

    fn span(&self, inner: Range<usize>) -> Range<usize> {
        let end = self.offsets.last().copied().unwrap_or_default();
        let at = |i: usize| self.offsets.get(i).copied().unwrap_or(end);
        at(inner.start)..at(inner.end).max(at(inner.start))
    }
}

/// Builds a snippet by decoding a text from left to right.
pub(crate) struct Decoder<'a> {
    outer: &'a Snippet<'a>,
    text: Vec<u8>,
    offsets: Vec<usize>,
    parts: Vec<usize>,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(outer: &'a Snippet<'a>) -> Self {
        Self { outer, text: Vec::new(), offsets: Vec::new(), parts: Vec::new() }
    }

    /// Takes `span` as it is.
    pub(crate) fn copy(&mut self, span: Range<usize>) {
        let Some(bytes) = self.outer.text.get(span.clone()) else { return };
        self.text.extend_from_slice(bytes);
        self.offsets.extend(span);
    }

    /// Reads one byte that is written at `at`.
    pub(crate) fn put(&mut self, byte: u8, at: usize) {
        self.text.push(byte);
        self.offsets.push(at);
    }

    /// Puts a word without meaning in the place of `span`, of the same length.
    pub(crate) fn blot(&mut self, span: Range<usize>, with: u8) {
        for at in span {
            self.put(with, at);
        }
    }

    /// A part begins or ends here that an engine leaves out or repeats.
    pub(crate) fn part(&mut self) {
        self.parts.push(self.text.len());
    }

    /// The snippet, whose text ends at `end` outside. What holds for the code around it holds for it,
    /// too; only whether it has a shell does not.
    pub(crate) fn finish(mut self, end: usize, codec: Codec) -> Snippet<'static> {
        self.offsets.push(end);
        let outside = self.outer.parts.iter();
        let mut parts: Vec<usize> =
            outside.map(|part| self.offsets.partition_point(|at| at < part)).collect();
        parts.extend(self.parts);
        parts.sort_unstable();
        Snippet {
            text: Cow::Owned(self.text),
            parts,
            multiline: true,
            untouched: self.outer.untouched,
            no_shell: None,
            busybox: self.outer.busybox,
            system: self.outer.system,
            job: Rc::clone(&self.outer.job),
            scan_text: self.outer.scan_text,
            depth: self.outer.depth + 1,
            outside: Some(Outside { offsets: self.offsets, codec }),
        }
    }
}
