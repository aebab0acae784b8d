//! What a document says of one resource that launches instances, and the edits that change it.

use crate::data::{Content, Data};
use crate::edit::Edit;
use crate::finding::Finding;
use crate::job::Job;
use crate::settings::launch::{not_required, runs_containers, too_low};

/// A kind of resource and where it keeps its metadata options.
pub(super) struct Resource {
    /// Its `Type`, `type` or Ansible module.
    pub(super) kind: &'static str,
    /// From the properties to the map that holds the options.
    pub(super) parent: &'static [&'static str],
    pub(super) options: &'static str,
    pub(super) endpoint: &'static str,
    pub(super) tokens: &'static str,
    pub(super) limit: &'static str,
}

pub(super) const CAMEL: Resource = Resource {
    kind: "",
    parent: &[],
    options: "metadataOptions",
    endpoint: "httpEndpoint",
    tokens: "httpTokens",
    limit: "httpPutResponseHopLimit",
};

pub(super) struct Judge<'a> {
    pub(super) source: &'a [u8],
    pub(super) job: &'a Job,
    pub(super) is_json: bool,
    pub(super) findings: Vec<Finding>,
}

impl Judge<'_> {
    /// Something that launches instances: what it does not say is optional.
    pub(super) fn launcher(&mut self, kind: &Data, name: &str, holder: &Data, resource: &Resource) {
        // A condition decides at run time.
        if !matches!(holder.content, Content::Map(_)) || holder.get("Fn::If").is_some() {
            return;
        }
        let Some(options) = holder.get(resource.options) else {
            let what = format!("`{name}` does not say whether tokens are required");
            let entry = [(resource.tokens, "required")];
            let edits = self.addition(holder, resource.options, &entry).into_iter().collect();
            self.findings.push(not_required(kind.span.clone(), what, edits));
            return;
        };
        let is_off = options
            .pairs()
            .iter()
            .any(|p| p.key == resource.endpoint && p.value.word(self.source) == "disabled");
        // A service that does not answer needs no tokens.
        if is_off || !matches!(options.content, Content::Map(_)) {
            return;
        }
        if options.get(resource.tokens).is_none() && options.get("Fn::If").is_none() {
            let what = format!("`{name}` does not say whether tokens are required");
            let entry = [(resource.tokens, "required")];
            let edits = self.addition(options, "", &entry).into_iter().collect();
            self.findings.push(not_required(kind.span.clone(), what, edits));
        }
        self.explicit(options, name, resource);
        self.limit(options, name, resource, runs_containers(self.source, self.job));
    }

    pub(super) fn explicit(&mut self, options: &Data, name: &str, resource: &Resource) {
        let Some(tokens) = options.get(resource.tokens) else { return };
        if tokens.word(self.source) == "optional" {
            let edit = self.required(tokens);
            let what = format!("`{name}` leaves tokens optional");
            self.findings.push(not_required(tokens.span.clone(), what, vec![edit]));
        }
    }

    /// The edit that makes the text `value` say `required`, in its quotes.
    pub(super) fn required(&self, value: &Data) -> Edit {
        let raw = self.source.get(value.span.clone()).unwrap_or_default();
        let quote = match raw.first() {
            Some(b'"') => "\"",
            Some(b'\'') => "'",
            _ => "",
        };
        Edit::replace(value.span.clone(), format!("{quote}required{quote}"))
    }

    pub(super) fn limit(
        &mut self,
        options: &Data,
        name: &str,
        resource: &Resource,
        containers: bool,
    ) {
        let Some(limit) = options.get(resource.limit).filter(|_| containers) else { return };
        if limit.word(self.source) == "1" {
            let raw =
                String::from_utf8_lossy(self.source.get(limit.span.clone()).unwrap_or_default());
            let edit = Edit::replace(limit.span.clone(), raw.replace('1', "2"));
            let what = format!("`{name}` lets tokens travel one hop, where containers run");
            self.findings.push(too_low(limit.span.clone(), what, vec![edit]));
        }
    }

    /// Entries of the map `block` as a first entry of `holder`; of `holder` itself if it has no
    /// name. What stands beside a list's dash, as a rule a name, stays there.
    pub(super) fn addition(
        &self,
        holder: &Data,
        block: &str,
        entries: &[(&str, &str)],
    ) -> Option<Edit> {
        let starts: Vec<usize> = holder.pairs().iter().map(|p| p.key_start).collect();
        let is_dashed = |at: usize| {
            let before = self.source.get(..at).unwrap_or_default().trim_ascii_end();
            before.last() == Some(&b'-')
        };
        let first = match starts.as_slice() {
            [first, second, ..] if is_dashed(*first) => *second,
            [first, ..] => *first,
            [] => return None,
        };
        let text = if self.is_json {
            let is_bare = |value: &str| value == "true" || value.parse::<u8>().is_ok();
            let quoted = |value: &str| {
                if is_bare(value) { value.to_owned() } else { format!("\"{value}\"") }
            };
            let entries =
                entries.iter().map(|(key, value)| format!("\"{key}\": {}", quoted(value)));
            let text = inline(&entries.collect::<Vec<_>>(), block, "\"");
            // What stands on a line of its own gets one more line before it.
            match self.column(first).filter(|_| self.is_first_in_line(first)) {
                Some(indent) => format!("{}\n{indent}", text.trim_end()),
                None => text,
            }
        } else if self.source.get(holder.span.start) == Some(&b'{') {
            let entries = entries.iter().map(|(key, value)| format!("{key}: {value}"));
            inline(&entries.collect::<Vec<_>>(), block, "")
        } else {
            let indent = self.column(first)?;
            let (head, depth) = match block {
                "" => (String::new(), ""),
                block => (format!("{block}:\n{indent}"), "  "),
            };
            let lines = entries.iter().enumerate().map(|(i, (key, value))| {
                let before = if i == 0 { depth } else { &format!("{indent}{depth}") };
                format!("{before}{key}: {value}\n")
            });
            format!("{head}{}{indent}", lines.collect::<String>())
        };
        Some(Edit::insert(first, text))
    }

    fn is_first_in_line(&self, at: usize) -> bool {
        let before = self.source.get(..at).unwrap_or_default();
        let line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
        before.len() > line.len() && line.iter().all(u8::is_ascii_whitespace)
    }

    /// White space as wide as what precedes `at` in its line: a list's dash counts as indentation.
    pub(super) fn column(&self, at: usize) -> Option<String> {
        let before = self.source.get(..at)?;
        let line = before.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        Some(before[line..].iter().map(|b| if *b == b'\t' { '\t' } else { ' ' }).collect())
    }
}

/// Entries before others in braces.
fn inline(entries: &[String], block: &str, quote: &str) -> String {
    let entries = entries.join(", ");
    match block {
        "" => format!("{entries}, "),
        block => format!("{quote}{block}{quote}: {{{entries}}}, "),
    }
}
