//! Where the words of one fetch lead: to metadata, elsewhere, or nobody knows where.

use tree_sitter::Node;

use super::fetcher::{Fetcher, Role};
use super::names::Names;
use crate::address::{self, HOLE, Target};
use crate::syntax::{children, nodes, text};

/// What the words of one fetch aim at.
#[derive(Default)]
pub(super) struct Aims {
    pub(super) metadata: Option<Aim>,
    /// Whether another host is read too, or may be.
    pub(super) elsewhere: bool,
    /// How many values of its words may be any URL.
    pub(super) open: usize,
    /// Whether a header's text is unknown, in a script that speaks of tokens.
    pub(super) hidden_header: bool,
    /// Whether some of its options are not known.
    pub(super) hidden_options: bool,
    /// Everything the words can say.
    pub(super) said: String,
    pub(super) network: String,
    pub(super) paths: Vec<String>,
}

pub(super) struct Aim {
    /// What stands before `/api/token`.
    pub(super) endpoint: Option<String>,
}

impl Aims {
    pub(super) fn read<'t>(
        words: &[Node<'t>],
        fetcher: Fetcher,
        names: &Names<'t>,
        source: &[u8],
    ) -> Self {
        let mut aims = Self::default();
        let mut value_of: Option<(String, Role)> = None;
        // The grammar makes two of some words: no blank stands between them.
        let words = words.chunk_by(|one, next| one.end_byte() == next.start_byte());
        for (i, parts) in words.enumerate() {
            let Some(word) = parts.first() else { continue };
            let values = names.split(names.joint_values(parts), *word);
            for value in &values {
                aims.said.push_str(value);
                aims.said.push('\n');
            }
            let end = parts.last().map_or(word.end_byte(), Node::end_byte);
            let raw = String::from_utf8_lossy(&source[word.start_byte()..end]);
            if let Some((option, role)) = value_of.take() {
                if role == (Role::OptionWithValue { network: true }) {
                    aims.network.extend([" ", &*raw]);
                }
                let is_header = matches!(option.as_str(), "-H" | "--header")
                    && values.iter().all(|v| v.starts_with([HOLE, '@']));
                // A file of options may have headers as well.
                if is_header || matches!(option.as_str(), "-K" | "--config") {
                    aims.hidden_header |= mentions_token_header(source);
                }
                continue;
            }
            let one_word = i > 0 && values.len() == 1 && !values[0].contains(' ');
            let role = if one_word { fetcher.role(&values[0]) } else { Role::Plain };
            match role {
                Role::OptionWithValue { .. } => {
                    aims.elsewhere |= fetcher.reads_list(&values[0]);
                    aims.reach(fetcher, &values[0], &raw);
                    value_of = Some((values[0].clone(), role));
                }
                Role::Option => {
                    aims.elsewhere |= fetcher.reads_list(&values[0]);
                    aims.reach(fetcher, &values[0], &raw);
                    let urls = values.iter().filter_map(|v| v.strip_prefix("--url="));
                    let urls: Vec<String> = urls.map(str::to_owned).collect();
                    aims.follow(fetcher, &urls, *word, source, false);
                }
                Role::Plain => {
                    aims.expand(fetcher, &values, &raw, i == 0);
                    // `$(auth_header)` may print the header.
                    if word.kind() == "command_substitution" {
                        aims.hidden_header |= mentions_token_header(source);
                    }
                    aims.follow(fetcher, &values, *word, source, i == 0);
                }
            }
        }
        aims
    }

    /// Notes how a word, `raw` as written, says to reach the host.
    fn reach(&mut self, fetcher: Fetcher, word: &str, raw: &str) {
        let written = raw.starts_with('-').then(|| fetcher.reach(raw)).flatten();
        if let Some(text) = written.or(fetcher.reach(word).map(|_| raw.to_owned())) {
            self.network.extend([" ", &*text]);
        }
    }

    /// Notes the options in a variable or an array: `$CURL`, `"${options[@]}"`.
    fn expand(&mut self, fetcher: Fetcher, values: &[String], raw: &str, is_program: bool) {
        let is_options = |name: &str| {
            ["opt", "arg", "flag", "param"]
                .iter()
                .any(|word| name.to_ascii_lowercase().contains(word))
        };
        if values.iter().all(|v| v.trim() == HOLE.to_string())
            && raw.contains('$')
            && is_options(raw)
        {
            self.hidden_options = true;
        }
        let mut lists: Vec<&String> =
            values.iter().filter(|v| is_program || v.starts_with('-')).collect();
        // What is added to an array stands beside the rest of it; else each value is one of several.
        if !raw.contains("[@]") && !raw.contains("[*]") {
            lists = lists.into_iter().max_by_key(|v| v.len()).into_iter().collect();
        }
        let is_plain =
            |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:/=".contains(c));
        let mut words =
            lists.into_iter().flat_map(|v| v.split_whitespace()).skip(usize::from(is_program));
        while let Some(word) = words.next() {
            let role = fetcher.role(word);
            let value =
                matches!(role, Role::OptionWithValue { .. }).then(|| words.next()).flatten();
            let value = value.filter(|_| role == Role::OptionWithValue { network: true });
            // What one variable adds to another may be options, too.
            self.hidden_options |= word.starts_with(HOLE);
            let Some(reach) = fetcher.reach(word) else { continue };
            if [Some(word), value].into_iter().flatten().all(|w| is_plain(&w)) {
                for word in [Some(reach.as_str()), value].into_iter().flatten() {
                    self.network.push(' ');
                    self.network.push_str(word);
                }
            } else {
                self.hidden_options = true;
            }
        }
    }

    /// Notes where a word leads that can say each of these values.
    fn follow(
        &mut self,
        fetcher: Fetcher,
        values: &[String],
        word: Node<'_>,
        source: &[u8],
        is_program: bool,
    ) {
        let leads = |v: &&String| targets(v).all(|it| matches!(it, Target::Metadata { .. }));
        let base = written(word, source).filter(|_| values.iter().any(|v| leads(&v)));
        // Who serves `$BASE/meta-data` is asked for the token as `$BASE/api/token`.
        let is_based = |v: &&String| base.is_some() && v.starts_with(HOLE) && !v.contains(' ');
        let open = values.iter().filter(|v| may_be_any(v) && !is_based(v)).count();
        self.elsewhere |= if is_program { may_leave(values) } else { open > 0 };
        self.open += if is_program { 0 } else { open };
        let hides = |it: Target| hides_host(&it) || it == Target::Unknown;
        let known = !values.iter().flat_map(|v| targets(v)).any(hides);
        let base = base.filter(|_| !known);
        for value in values {
            let several = is_program || value.contains(' ');
            for part in value.split_whitespace() {
                // What may be a switch is no host.
                let is_switch = part.starts_with('-')
                    && fetcher.role(part) == Role::Option
                    && !part.starts_with("--url=")
                    && !fetcher.reads_list(part);
                if !is_switch {
                    self.aim_at(part, known, base.as_deref(), several);
                }
            }
        }
    }

    /// Notes where one URL leads, whose host is `known` whatever the word can be, or is that of `base`; among
    /// `several` words of one value only what has a scheme is taken for a URL.
    fn aim_at(&mut self, url: &str, known: bool, base: Option<&str>, several: bool) {
        self.paths.extend(address::path(url));
        match address::target(url) {
            Target::Metadata { endpoint, .. } => {
                let endpoint = endpoint.filter(|_| known).map(|host| format!("{host}/latest"));
                let endpoint = endpoint.or(base.map(str::to_owned));
                // What one host issues is not for another.
                let is_open = |e: &Option<String>| e.as_ref().is_none_or(|e| e.contains('$'));
                let first = self.metadata.get_or_insert_with(|| Aim { endpoint: endpoint.clone() });
                self.elsewhere |=
                    first.endpoint != endpoint && (is_open(&first.endpoint) || is_open(&endpoint));
            }
            Target::Elsewhere => self.elsewhere |= !several || url.contains("://"),
            Target::Unknown => {}
        }
    }
}

/// Where the words of a value lead.
fn targets(value: &str) -> impl Iterator<Item = Target> {
    value.split_whitespace().map(address::target)
}

fn hides_host(target: &Target) -> bool {
    matches!(target, Target::Metadata { endpoint: None, .. })
}

/// Whether a program with its arguments in one word, which can be a URL of metadata, can also be one that nobody knows.
fn may_leave(values: &[String]) -> bool {
    let leads_there = |v: &&String| targets(v).any(|it| matches!(it, Target::Metadata { .. }));
    let (there, others): (Vec<_>, Vec<_>) = values.iter().partition(leads_there);
    !there.is_empty() && others.iter().any(|v| may_be_any(v))
}

/// Whether one of the words of a value may be any URL.
fn may_be_any(value: &str) -> bool {
    targets(value).any(|it| it == Target::Unknown)
}

/// What stands before the tree in a URL, as written, where a variable is all of it, or the host: who is asked for
/// metadata is asked for the token.
fn written(word: Node<'_>, source: &[u8]) -> Option<String> {
    const TREE: [&str; 4] = ["/meta-data", "/user-data", "/dynamic", "/api/token"];
    let first = nodes(word).find(|n| matches!(n.kind(), "expansion" | "simple_expansion"))?;
    let between = |start: usize, end: usize| String::from_utf8_lossy(&source[start..end]);
    let (before, after) = (
        between(word.start_byte(), first.start_byte()),
        between(first.end_byte(), word.end_byte()),
    );
    let (scheme, after) = (before.trim_start_matches('"'), after.trim_start_matches('"'));
    let version = if after.starts_with("/latest/") {
        "/latest"
    } else if scheme.is_empty() && TREE.iter().any(|tree| after.starts_with(tree)) {
        ""
    } else {
        return None;
    };
    let expansion = text(first, source);
    let name = children(first).first().map(|name| text(*name, source)).unwrap_or_default();
    let is_plain = expansion.trim_matches(['$', '{', '}']) == name;
    let is_positional = name.starts_with(|c: char| c.is_ascii_digit());
    let is_leading = matches!(scheme, "" | "http://") && !expansion.starts_with("${!");
    let expansion = if is_plain { format!("${name}") } else { expansion.into_owned() };
    let is_known = is_plain || has_default(first);
    (is_leading && is_known && !is_positional).then(|| format!("{scheme}{expansion}{version}"))
}

/// Whether `expansion` says what holds where its variable is not set.
fn has_default(expansion: Node<'_>) -> bool {
    let mut cursor = expansion.walk();
    expansion
        .children(&mut cursor)
        .any(|c| !c.is_named() && matches!(c.kind(), ":-" | "-" | ":=" | "="))
}

fn mentions_token_header(source: &[u8]) -> bool {
    let needle = b"metadata-token";
    source.windows(needle.len()).any(|w| w.eq_ignore_ascii_case(needle))
}
