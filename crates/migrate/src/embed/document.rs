//! YAML and JSON: cloud-init, CloudFormation, CI jobs, Ansible, Kubernetes. Any text in them that
//! reads like a script is one.

use super::scalar::{Holes, decode, snippet as scalar_snippet};
use super::{exec_form, is_worth_reading, script};
use crate::address::{self, BLOT, Target};
use crate::data::{self, Content, Data, Pair, Style};
use crate::finding::{Finding, Remedy, Rule};
use crate::language::Language;
use crate::snippet::{Codec, Decoder, Snippet};

/// Keys whose texts are for people.
const PROSE: [&str; 8] =
    ["description", "Description", "name", "summary", "title", "comment", "message", "help"];

/// Keys whose commands no shell reads: Ansible's `command`, Compose's two.
const SHELL_LESS: [&str; 3] = ["command", "ansible.builtin.command", "entrypoint"];

/// `cfn-init` does run its `command` in a shell; an Ansible task or a Compose service has other
/// keys beside it.
fn is_cfn_init(pairs: &[Pair]) -> bool {
    const KEYS: [&str; 6] =
        ["command", "env", "cwd", "test", "ignoreErrors", "waitAfterCompletion"];
    pairs.iter().all(|p| KEYS.contains(&p.key.as_str()))
}

/// Ansible modules that fetch a URL.
const FETCHING_MODULES: [&str; 4] =
    ["uri", "get_url", "ansible.builtin.uri", "ansible.builtin.get_url"];

pub(super) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    if !is_worth_reading(source) && !address::mentioned(&String::from_utf8_lossy(source)) {
        return Vec::new();
    }
    let documents = match language {
        Language::Json => data::json(source),
        _ => data::yaml(source),
    };
    let mut walk = Walk { source, snippet, no_shell: None, findings: Vec::new() };
    for document in &documents {
        let compose = document.get("services").is_some_and(|s| !s.pairs().is_empty());
        walk.visit(document, Holes { compose, ..Holes::default() });
    }
    walk.findings
}

struct Walk<'a> {
    source: &'a [u8],
    snippet: &'a Snippet<'a>,
    /// Why a command in the text at hand has no shell, if so.
    no_shell: Option<&'static str>,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn visit(&mut self, data: &Data, holes: Holes) {
        let holes = Holes { sub: holes.sub || data.tag == "!Sub", ..holes };
        if data.tag == "!Join" && self.join(data, holes) {
            return;
        }
        match &data.content {
            Content::Text(style) => self.text(data, *style, holes),
            Content::List(items) => {
                let words: Vec<String> =
                    items.iter().map(|i| i.word(self.source).to_owned()).collect();
                self.findings.extend(exec_form(&words, data.span.clone()));
                let outer = self.no_shell;
                if words.iter().any(|word| word == "-c") {
                    self.no_shell = None;
                }
                for item in items {
                    self.visit(item, holes);
                }
                self.no_shell = outer;
            }
            Content::Map(pairs) => {
                for pair in pairs {
                    if PROSE.contains(&pair.key.as_str()) {
                        continue;
                    }
                    if FETCHING_MODULES.contains(&pair.key.as_str()) {
                        self.findings.extend(module(pair.key.as_str(), &pair.value, self.source));
                    }
                    let holes = Holes { sub: holes.sub || pair.key == "Fn::Sub", ..holes };
                    let outer = self.no_shell;
                    if SHELL_LESS.contains(&pair.key.as_str()) && !is_cfn_init(pairs) {
                        self.no_shell = Some("this command is run without a shell");
                    }
                    if pair.key != "Fn::Join" || !self.join(&pair.value, holes) {
                        self.visit(&pair.value, holes);
                    }
                    self.no_shell = outer;
                }
            }
            Content::Other => {}
        }
    }

    fn text(&mut self, data: &Data, style: Style, holes: Holes) {
        let raw = self.source.get(data.span.clone()).unwrap_or_default();
        if is_worth_reading(raw) {
            let inner = scalar_snippet(self.source, data.span.clone(), style, holes);
            self.script(inner);
        } else if memchr::memmem::find(raw, b"lookup(").is_some() {
            self.findings.extend(lookup(data, &String::from_utf8_lossy(raw)));
        }
    }

    /// `Fn::Join: [delimiter, [part, …]]` is one text.
    fn join(&mut self, data: &Data, holes: Holes) -> bool {
        let [delimiter, parts] = data.items() else { return false };
        let delimiter = match delimiter.content {
            Content::Text(style) => {
                scalar_snippet(self.source, delimiter.span.clone(), style, holes).text.into_owned()
            }
            _ => return false,
        };
        let mut decoder = Decoder::new(self.source);
        let mut codec: Option<Codec> = None;
        let mut styles = Vec::new();
        for (i, part) in parts.items().iter().enumerate() {
            if i > 0 {
                for byte in &delimiter {
                    decoder.put(*byte, part.span.start);
                }
            }
            match part.content {
                Content::Text(style) if part.tag.is_empty() => {
                    let span = part.span.clone();
                    codec = Some(decode(&mut decoder, self.source, span, style, holes));
                    styles.push(style);
                }
                _ => (0..3).for_each(|_| decoder.put(BLOT, part.span.start)),
            }
        }
        let mut inner = decoder.finish(parts.span.end, codec.unwrap_or_default());
        inner.multiline = styles.iter().all(|s| *s == Style::Double);
        if !inner.multiline {
            inner.untouched = Some("its parts are written in ways that cannot be edited as one");
        }
        self.script(inner);
        true
    }

    fn script(&mut self, mut inner: Snippet<'static>) {
        inner.inherit(self.snippet);
        inner.no_shell = self.no_shell;
        self.findings.extend(script(&inner));
    }
}

/// Ansible's `lookup('url', …)`.
fn lookup(data: &Data, text: &str) -> Option<Finding> {
    let words = || text.split(['"', '\'']);
    let is_metadata =
        |w: &str| matches!(address::target(w), Target::Metadata { path, .. } if !path.is_empty());
    let sends = text.to_ascii_lowercase().contains("aws-ec2-metadata-token");
    (words().any(|w| w == "url") && words().any(is_metadata) && !sends).then(|| {
        Finding::new(
            Rule::TokenlessRequest,
            data.span.clone(),
            "`lookup` reads instance metadata without a token",
            Remedy::advice(TASK, "a task of its own must fetch the token first"),
        )
        .reading(words().filter_map(address::path))
    })
}

/// How a task gets a token, and how another sends it.
const TASK: &str = "- uri:\n    url: http://169.254.169.254/latest/api/token\n    method: PUT\n    \
                    headers:\n      X-aws-ec2-metadata-token-ttl-seconds: \"21600\"\n    \
                    return_content: true\n  register: imds_token\n\nand where it is read\n    \
                    headers:\n      X-aws-ec2-metadata-token: \"{{ imds_token.content }}\"";

/// An Ansible task that reads metadata without the header.
fn module(name: &str, task: &Data, source: &[u8]) -> Option<Finding> {
    // `url=…` among the words of one text, or an entry.
    let url = task.get("url").unwrap_or(task);
    let written = url.word(source);
    let written =
        written.split_whitespace().find_map(|w| w.strip_prefix("url=")).unwrap_or(written);
    let Target::Metadata { path, .. } = address::target(written) else { return None };
    let task_text = String::from_utf8_lossy(source.get(task.span.clone())?).to_ascii_lowercase();
    let has_token = task_text.contains("aws-ec2-metadata-token");
    if has_token || path.contains("api/token") || address::is_foreign(&task_text) {
        return None;
    }
    let paths = address::path(written);
    Some(
        Finding::new(
            Rule::TokenlessRequest,
            url.span.clone(),
            format!("`{name}` reads instance metadata without a token"),
            Remedy::advice(TASK, "a task of its own must fetch the token first"),
        )
        .reading(paths),
    )
}
