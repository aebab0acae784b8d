//! Terraform and Packer: here-documents and quoted strings that hold scripts.

use tree_sitter::Node;

use super::script::{exec_form, is_worth_reading, read_by, script, unknown};
use crate::address::{self, BLOT};
use crate::finding::{Finding, Remedy};
use crate::rules::Rule;
use crate::snippet::{Codec, Decoder, Snippet};
use crate::syntax::{self, children, nodes, text};
use crate::{hcl, language, prefilter};

pub(super) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let may_request = prefilter::may_request;
    let Some(tree) = hcl::parse(source, &snippet.job, may_request, may_request) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for node in nodes(tree.root_node()) {
        findings.extend(data_source(node, source));
        if node.kind() == "tuple" {
            findings.extend(exec_form(&words(node, source), node.byte_range()));
        }
        let is_text = matches!(node.kind(), "heredoc_template" | "quoted_template" | "string_lit");
        if !is_text || is_prose(node, source) || !is_worth_reading(&source[node.byte_range()]) {
            continue;
        }
        let mut inner = decode(node, snippet);
        let is_broken = !syntax::is_clean(node);
        inner.leave(is_broken.then_some("the code around it does not parse cleanly"));
        let is_value = language::by_content(&inner.text).is_none()
            && (is_passed_on(node, source) || !is_under_script_key(node, source));
        inner.leave(is_value.then_some("nothing says that a shell reads this text"));
        if is_value && node.kind() != "heredoc_template" && !is_broken {
            findings.extend(unknown(&mut inner));
            continue;
        }
        findings.extend(match program(node, source) {
            Some(program) => read_by(&program, &mut inner),
            None => script(&inner),
        });
    }
    findings
}

/// What a provisioner gives the text to, where it says so: Terraform's `interpreter`, Packer's kinds and first
/// lines, and Windows where it is reached by WinRM.
fn program(node: Node<'_>, source: &[u8]) -> Option<String> {
    let mut blocks = syntax::around(node).filter(|n| n.kind() == "block");
    let provisioner = blocks.find(|block| {
        children(*block).first().is_some_and(|keyword| text(*keyword, source) == "provisioner")
    })?;
    let kind = children(provisioner).into_iter().find(|n| n.kind() == "string_lit")?;
    let said = text(provisioner, source);
    // The first text that stands behind a name and `=`.
    let value = |name: &str| {
        let rest = said.split_once(name)?.1.trim_start().strip_prefix('=')?;
        rest.split('"').nth(1).and_then(|text| text.split_whitespace().next()).map(str::to_owned)
    };
    match text(kind, source).trim_matches('"') {
        "powershell" => Some("pwsh".to_owned()),
        "windows-shell" => Some("cmd".to_owned()),
        "local-exec" => value("interpreter"),
        "shell" | "shell-local" => value("inline_shebang"),
        _ => {
            let around = blocks.next().unwrap_or(provisioner);
            text(around, source).contains("\"winrm\"").then(|| "cmd".to_owned())
        }
    }
}

/// `data "http"` with a metadata URL.
fn data_source(block: Node<'_>, source: &[u8]) -> Option<Finding> {
    let said = (block.kind() == "block").then(|| text(block, source))?;
    let mut words = said.split_whitespace();
    let is_http = words.next() == Some("data") && words.next() == Some("\"http\"");
    let urls = || said.split('"').filter(|word| address::mentioned(word));
    let speaks_v2 = said.to_ascii_lowercase().contains("aws-ec2-metadata-token");
    let paths: Vec<String> = urls().filter_map(address::path).collect();
    (is_http && !paths.is_empty() && !speaks_v2).then(|| {
        Finding::new(
            Rule::TokenlessRequest,
            block.byte_range(),
            "`data \"http\"` reads instance metadata without a token",
            Remedy::advice(
                "data \"external\" \"metadata\" {\n  program = [\"sh\", \"-c\", …]  # a script that \
                 fetches a token, sends it, and prints JSON\n}",
                "this data source cannot send the PUT that fetches a token",
            ),
        )
        .reading(paths)
    })
}

/// Whether the text is the value of something that is only shown.
fn is_prose(node: Node<'_>, source: &[u8]) -> bool {
    let attribute = syntax::around(node).find(|n| n.kind() == "attribute");
    let name = attribute.and_then(|a| children(a).first().map(|n| text(*n, source)));
    name.is_some_and(|n| {
        matches!(
            n.as_ref(),
            "description" | "error_message" | "tags" | "annotations" | "regex_string" | "pattern"
        )
    })
}

/// Whether the text is a variable's default or an output: what it is for is said elsewhere.
fn is_passed_on(node: Node<'_>, source: &[u8]) -> bool {
    let block = syntax::around(node).filter(|n| n.kind() == "block").last();
    let kind = block.and_then(|block| children(block).first().map(|n| text(*n, source)));
    kind.is_some_and(|kind| matches!(kind.as_ref(), "variable" | "output"))
}

/// Whether the text stands under a name that something runs what it has, and not in a module's own values, of which
/// each is for whatever reads it.
fn is_under_script_key(node: Node<'_>, source: &[u8]) -> bool {
    const KEYS: [&str; 12] = [
        "script",
        "command",
        "cmd",
        "inline",
        "program",
        "args",
        "user_data",
        "userdata",
        "entrypoint",
        "content",
        "template",
        "test",
    ];
    let mut holders =
        syntax::around(node).filter(|n| matches!(n.kind(), "attribute" | "object_elem"));
    let key = holders.next().and_then(|holder| children(holder).first().map(|n| text(*n, source)));
    let key = key.map(|key| key.trim_matches('"').to_ascii_lowercase()).unwrap_or_default();
    let block = syntax::around(node).filter(|n| n.kind() == "block").last();
    let is_line = node.kind() != "heredoc_template";
    let is_local = is_line && block.is_some_and(|block| text(block, source).starts_with("locals"));
    // A function of a local, such as `yamlencode`, has keys of its own.
    (!is_local || holders.next().is_some()) && KEYS.iter().any(|word| key.contains(word))
}

/// The texts of a list.
fn words(list: Node<'_>, source: &[u8]) -> Vec<String> {
    let items = children(list).into_iter().filter(|n| n.kind() == "expression");
    items.map(|n| text(n, source).trim_matches('"').to_owned()).collect()
}

/// Interpolations are blotted out; `$${` stands for `${`.
fn decode(node: Node<'_>, snippet: &Snippet<'_>) -> Snippet<'static> {
    let source: &[u8] = &snippet.text;
    let is_heredoc = node.kind() == "heredoc_template";
    let (start, end) = content(node, source, is_heredoc);
    let holes: Vec<Node> = children(node)
        .into_iter()
        .filter(|n| matches!(n.kind(), "template_interpolation" | "template_directive"))
        .collect();
    let margin = margin(&source[node.start_byte()..], &source[start..end]);
    let mut decoder = Decoder::new(snippet);
    let mut holes = holes.into_iter().peekable();
    let mut at = start;
    while at < end {
        let rest = &source[at..end];
        while holes.next_if(|h| h.start_byte() < at || h.byte_range().is_empty()).is_some() {}
        if let Some(hole) = holes.next_if(|h| h.start_byte() == at) {
            directive(&mut decoder, hole, source, end, margin);
            at = hole.end_byte().min(end);
        } else if is_in_margin(source, at, margin) {
            at += 1;
        } else if rest.starts_with(b"$${") || rest.starts_with(b"%%{") {
            decoder.put(rest[0], at);
            at += 2;
        } else if let Some(byte) = unescape(rest).filter(|_| !is_heredoc) {
            decoder.put(byte, at);
            at += 2;
        } else {
            decoder.copy(at..at + 1);
            at += 1;
        }
    }
    let escapes = if is_heredoc {
        Vec::new()
    } else {
        vec![("\"", "\\\""), ("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t")]
    };
    let has_lines = is_heredoc || source[start..end].windows(2).any(|w| w == b"\\n");
    let mut inner = decoder.finish(end, Codec { escapes, indent: " ".repeat(margin) });
    inner.multiline = has_lines;
    inner
}

/// How many blanks `<<-` takes from the beginning of each line of a here-document.
fn margin(document: &[u8], lines: &[u8]) -> usize {
    if !document.starts_with(b"<<-") {
        return 0;
    }
    let lines = lines.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let margins = lines.map(|line| line.iter().take_while(|b| **b == b' ').count());
    margins.min().unwrap_or(0)
}

/// Whether the byte `at` is one of the first `margin` of its line.
fn is_in_margin(source: &[u8], at: usize, margin: usize) -> bool {
    source[at] != b'\n' && source[at.saturating_sub(margin)..at].contains(&b'\n')
}

/// Blots an interpolation; of a directive such as `%{ if x }…%{ endif }`, only its marks.
fn directive(decoder: &mut Decoder<'_>, hole: Node<'_>, source: &[u8], end: usize, margin: usize) {
    if hole.kind() == "template_interpolation" {
        decoder.blot(hole.start_byte()..hole.end_byte().min(end), BLOT);
        return;
    }
    let mut at = hole.start_byte();
    let stop = hole.end_byte().min(end);
    let mut depth = 0usize;
    while at < stop {
        let rest = &source[at..stop];
        if rest.starts_with(b"%{") {
            decoder.part();
        }
        if rest.starts_with(b"%{") || rest.starts_with(b"${") {
            depth += 1;
        }
        if depth > 0 {
            decoder.blot(at..at + 1, if rest[0] == b'\n' { b'\n' } else { b' ' });
            depth -= usize::from(rest[0] == b'}');
        } else if !is_in_margin(source, at, margin) {
            decoder.copy(at..at + 1);
        }
        at += 1;
    }
}

/// The bytes between the marks.
fn content(node: Node<'_>, source: &[u8], is_heredoc: bool) -> (usize, usize) {
    if !is_heredoc {
        let start = node.start_byte() + 1;
        return (start, node.end_byte().saturating_sub(1).max(start));
    }
    let parts = children(node);
    let marks: Vec<&Node> = parts.iter().filter(|n| n.kind() == "heredoc_identifier").collect();
    let first = marks.first().map_or(node.start_byte(), |n| n.end_byte());
    let last = marks.last().map_or(node.end_byte(), |n| n.start_byte());
    let line = source[first..].iter().position(|b| *b == b'\n').map_or(0, |p| p + 1);
    let start = first + line;
    (start, last.max(start))
}

fn unescape(rest: &[u8]) -> Option<u8> {
    match rest {
        [b'\\', b'n', ..] => Some(b'\n'),
        [b'\\', b't', ..] => Some(b'\t'),
        [b'\\', b'r', ..] => Some(b'\r'),
        [b'\\', other @ (b'"' | b'\\'), ..] => Some(*other),
        _ => None,
    }
}
