//! YAML and JSON: cloud-init, CloudFormation, CI jobs, Ansible, Kubernetes. What reads a text is told by
//! the key that it stands under.

use super::notebook;
use super::reader::{Place, Reader, reader_among};
use super::scalar::{Holes, decode, snippet as scalar_snippet};
use super::script::{exec_form, guessed, is_worth_reading};
use crate::address::{self, BLOT, Target};
use crate::data::{self, Content, Data, Style};
use crate::finding::{Finding, Remedy};
use crate::language::{self, Language};
use crate::prefilter;
use crate::rules::Rule;
use crate::snippet::{Codec, Decoder, Snippet};
use crate::unread::TREES;

/// Keys whose texts are for people, or copies for programs: nothing runs them.
const PROSE: [&str; 22] = [
    "description",
    "Description",
    "name",
    "summary",
    "title",
    "comment",
    "message",
    "help",
    // Ansible's `debug`, `fail`, `assert` and `pause`
    "msg",
    "fail_msg",
    "success_msg",
    "prompt",
    // Kubernetes
    "annotations",
    // OpenAPI and JSON Schema
    "example",
    "examples",
    "externalDocs",
    "documentation",
    // Rules of scanners
    "pattern",
    "regex",
    "payloads",
    // CloudFormation
    "Tags",
    "tags",
];

/// Ansible modules that fetch a URL.
const FETCHING_MODULES: [&str; 4] =
    ["uri", "get_url", "ansible.builtin.uri", "ansible.builtin.get_url"];

pub(super) fn scan(language: Language, snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    if !is_worth_reading(source) && !may_ask(&String::from_utf8_lossy(source)) {
        return Vec::new();
    }
    let documents = match language {
        Language::Json => data::json(source, &snippet.job),
        _ => data::yaml(source, &snippet.job, |document| {
            let may_request = prefilter::may_request(&source[document.clone()]);
            may_request.then_some(document).into_iter().collect()
        }),
    };
    // Images of these names have BusyBox's wget.
    let busybox = snippet.says("alpine") || snippet.says("busybox");
    let mut walk = Walk { source, snippet, busybox, findings: Vec::new() };
    for document in &documents {
        let compose = document.get("services").is_some_and(|s| !s.pairs().is_empty());
        walk.visit(document, &Place::new(Holes { compose, ..Holes::default() }));
    }
    walk.findings
}

/// Whether a text in which no command is worth reading may ask for metadata, by a module or lookup of Ansible,
/// or in a way that is to be said if it does not parse.
fn may_ask(text: &str) -> bool {
    let asks = |line: &str| {
        address::mentioned(line) && ["url", "lookup("].iter().any(|word| line.contains(word))
    };
    address::mentioned(text)
        && (TREES.iter().any(|tree| text.contains(tree)) || text.lines().any(asks))
}

struct Walk<'a> {
    source: &'a [u8],
    snippet: &'a Snippet<'a>,
    busybox: bool,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn visit(&mut self, data: &Data, place: &Place<'_>) {
        let mut place = *place;
        place.holes.sub |= data.tag == "!Sub";
        if data.tag == "!Join" && self.join(data, &place) {
            return;
        }
        match &data.content {
            Content::Text(style) => self.text(data, *style, &place),
            Content::List(items) => {
                let words: Vec<String> =
                    items.iter().map(|i| i.word(self.source).to_owned()).collect();
                self.findings.extend(exec_form(&words, data.span.clone()));
                for (i, item) in items.iter().enumerate() {
                    let reader = reader_among(&words[..i]).unwrap_or(place.reader);
                    self.visit(item, &place.read_by(reader));
                }
            }
            Content::Map(_) if data.get("cell_type").is_some() => {
                self.findings.extend(notebook::cell(data, self.snippet));
            }
            Content::Map(pairs) => {
                self.findings.extend(container(data, self.source));
                self.findings.extend(probe(data, self.source));
                place = place.inside(data, self.source);
                for pair in pairs {
                    if PROSE.contains(&pair.key.as_str()) {
                        let before = &self.source[..pair.key_start.min(self.source.len())];
                        let line = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
                        self.snippet.shows(line..pair.value.span.end);
                        continue;
                    }
                    if FETCHING_MODULES.contains(&pair.key.as_str()) {
                        self.findings.extend(module(pair.key.as_str(), &pair.value, self.source));
                    }
                    let place = place.under(&pair.key);
                    if pair.key != "Fn::Join" || !self.join(&pair.value, &place) {
                        self.visit(&pair.value, &place);
                    }
                }
            }
            Content::Other => {}
        }
    }

    fn text(&mut self, data: &Data, style: Style, place: &Place<'_>) {
        let raw = self.source.get(data.span.clone()).unwrap_or_default();
        let is_script = || {
            let text = String::from_utf8_lossy(raw);
            matches!(place.reader, Reader::Script(_))
                && address::mentioned(&text)
                && TREES.iter().any(|tree| text.contains(tree))
        };
        if is_worth_reading(raw) || is_script() {
            let inner = scalar_snippet(self.snippet, data.span.clone(), style, place.holes);
            self.script(inner, place);
        } else if memchr::memmem::find(raw, b"lookup(").is_some() {
            self.findings.extend(lookup(data, &String::from_utf8_lossy(raw)));
        }
    }

    /// `Fn::Join: [delimiter, [part, …]]` is one text.
    fn join(&mut self, data: &Data, place: &Place<'_>) -> bool {
        let [delimiter, parts] = data.items() else { return false };
        // A condition may choose the whole list.
        let lists = branches(parts).unwrap_or_else(|| std::slice::from_ref(parts));
        let mut is_join = false;
        for list in lists {
            is_join |= self.join_list(delimiter, list, place);
        }
        is_join
    }

    fn join_list(&mut self, delimiter: &Data, list: &Data, place: &Place<'_>) -> bool {
        let mut decoder = Decoder::new(self.snippet);
        let mut parts = Parts::default();
        if !self.decode_list(&mut decoder, delimiter, list, place.holes, &mut parts) {
            return false;
        }
        let mut inner = decoder.finish(list.span.end, parts.codec.unwrap_or_default());
        inner.multiline = parts.styles.iter().all(|s| *s == Style::Double);
        if !inner.multiline {
            inner.leave("its parts are written in ways that cannot be edited as one");
        }
        if is_worth_reading(&inner.text) {
            self.script(inner, place);
        }
        let place = place.of_part();
        for choice in list.items().iter().filter_map(branches).flatten() {
            self.visit(choice, &place);
        }
        true
    }

    fn decode_join(
        &self,
        decoder: &mut Decoder<'_>,
        data: &Data,
        holes: Holes,
        into: &mut Parts,
    ) -> bool {
        let [delimiter, parts] = data.items() else { return false };
        self.decode_list(decoder, delimiter, parts, holes, into)
    }

    fn decode_list(
        &self,
        decoder: &mut Decoder<'_>,
        delimiter: &Data,
        parts: &Data,
        holes: Holes,
        into: &mut Parts,
    ) -> bool {
        let Content::Text(style) = delimiter.content else { return false };
        if parts.items().is_empty() {
            return false;
        }
        let delimiter =
            scalar_snippet(self.snippet, delimiter.span.clone(), style, holes).text.into_owned();
        for (i, part) in parts.items().iter().enumerate() {
            if i > 0 {
                for byte in &delimiter {
                    decoder.put(*byte, part.span.start);
                }
            }
            self.decode_part(decoder, part, holes, into);
        }
        true
    }

    /// One part of a join: a text, one with functions in it, or a join of its own; anything else is known
    /// when the stack is made.
    fn decode_part(&self, decoder: &mut Decoder<'_>, part: &Data, holes: Holes, into: &mut Parts) {
        let sub = Holes { sub: true, ..holes };
        let function = |key| part.get(key).filter(|_| part.pairs().len() == 1);
        if let Some(text) = function("Fn::Sub") {
            return self.decode_part(decoder, text.items().first().unwrap_or(text), sub, into);
        }
        let join = function("Fn::Join").or((part.tag == "!Join").then_some(part));
        if join.is_some_and(|join| self.decode_join(decoder, join, holes, into)) {
            return;
        }
        match part.content {
            Content::Text(style) if part.tag.is_empty() || part.tag == "!Sub" => {
                let holes = if part.tag.is_empty() { holes } else { sub };
                let span = part.span.clone();
                into.codec = Some(decode(decoder, self.source, span, style, holes));
                into.styles.push(style);
            }
            _ => (0..3).for_each(|_| decoder.put(BLOT, part.span.start)),
        }
    }

    fn script(&mut self, mut inner: Snippet<'static>, place: &Place<'_>) {
        let content = language::by_content(&inner.text);
        let language = match (place.reader, content) {
            (_, Some(language)) | (Reader::Script(language), None) => language,
            (Reader::Words(reason), None) => {
                inner.no_shell = Some(reason);
                Language::Shell
            }
            (Reader::Unknown(reason), None) => {
                inner.leave(reason);
                guessed(&inner.text)
            }
        };
        inner.busybox |= self.busybox;
        inner.system.windows |= place.system.windows;
        inner.system.pwsh |= place.system.pwsh;
        inner.leave(place.is_part.then_some("a condition chooses this part of a script"));
        let is_foreign =
            language == Language::Shell && content.is_none() && is_program(&inner.text);
        inner.leave(is_foreign.then_some("it reads like a program in another language"));
        let mut findings = inner.scan(language);
        // Its words are no commands of a shell.
        findings.retain(|finding| !is_foreign || finding.rule != Rule::UnclearRequest);
        if content.is_none() && matches!(place.reader, Reader::Unknown(_)) {
            for finding in &mut findings {
                finding.rule = Rule::UnclearRequest;
            }
        }
        self.findings.extend(findings);
    }
}

/// Arguments of a container whose image is made to run curl.
fn container(data: &Data, source: &[u8]) -> Option<Finding> {
    let image = data.get("image").filter(|_| data.get("command").is_none())?.word(source);
    let name = image.rsplit('/').next()?.split([':', '@']).next()?;
    let arguments = data.get("args").filter(|_| name == "curl")?;
    let words = arguments.items().iter().map(|item| item.word(source).to_owned());
    let words: Vec<String> = std::iter::once("curl".to_owned()).chain(words).collect();
    exec_form(&words, arguments.span.clone())
}

/// A probe by HTTP, such as Kubernetes' `httpGet`, which can send no token.
fn probe(data: &Data, source: &[u8]) -> Option<Finding> {
    let (host, path) = (data.get("host")?.word(source), data.get("path")?.word(source));
    let url = format!("http://{host}/{}", path.trim_start_matches('/'));
    let is_tree = TREES.iter().any(|tree| path.contains(tree)) && !host.is_empty();
    let path = address::path(&url).filter(|_| is_tree && address::mentioned(&url))?;
    let what = "a probe reads instance metadata without a token";
    let advice = Remedy::advice(
        "exec:\n  command: [sh, -c, …]  # a script that fetches a token and sends it",
        "a probe cannot send the PUT that fetches a token",
    );
    Some(Finding::new(Rule::TokenlessRequest, data.span.clone(), what, advice).reading([path]))
}

/// Whether a text that has no first line of its own reads like JavaScript, Groovy, Python or the like.
fn is_program(text: &[u8]) -> bool {
    const BEGINNINGS: [&str; 8] =
        ["const ", "await ", "def ", "import ", "class ", "pipeline {", "node {", "stage("];
    const WORDS: [&str; 4] = ["=> {", "require('", "require(\"", "steps {"];
    let text = String::from_utf8_lossy(text);
    text.lines().any(|line| {
        let line = line.trim_start();
        BEGINNINGS.iter().any(|word| line.starts_with(word))
            || WORDS.iter().any(|word| line.contains(word))
    })
}

/// What `Fn::If` chooses from.
fn branches(data: &Data) -> Option<&[Data]> {
    let choice = data.get("Fn::If").or((data.tag == "!If").then_some(data))?;
    choice.items().get(1..)
}

/// How the texts of a join are written.
#[derive(Default)]
struct Parts {
    codec: Option<Codec>,
    styles: Vec<Style>,
}

/// Ansible's `lookup('url', …)`.
fn lookup(data: &Data, text: &str) -> Option<Finding> {
    let words = || text.split(['"', '\'']);
    let is_metadata =
        |w: &str| matches!(address::target(w), Target::Metadata { path, .. } if !path.is_empty());
    let sends = text.to_ascii_lowercase().contains("aws-ec2-metadata-token");
    (words().any(|w| matches!(w, "url" | "ansible.builtin.url"))
        && words().any(is_metadata)
        && !sends)
        .then(|| {
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
