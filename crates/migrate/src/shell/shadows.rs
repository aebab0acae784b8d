//! What a script calls curl or wget beside the program: functions, also in texts that it may source, and aliases.

use tree_sitter::Node;

use super::command::arguments;
use super::fetcher::Fetcher;
use super::names::Names;
use super::spoken::is_spoken;
use crate::syntax::{holds, nodes};

impl<'t> Names<'t> {
    /// Notes which of the programs a script may give another meaning.
    pub(super) fn collect_shadows(&mut self, root: Node<'t>) {
        let is_text = |n: &Node| matches!(n.kind(), "string" | "raw_string" | "heredoc_body");
        let texts: Vec<_> = nodes(root).filter(is_text).collect();
        for fetcher in [Fetcher::Curl, Fetcher::Wget] {
            let name = fetcher.name();
            let mut texts = texts.iter().filter(|n| defines(&self.text(**n), name));
            let is_shadowed = self.function(name).is_some()
                || self.has_other_alias(fetcher)
                || texts.any(|text| !is_spoken(*text, self, self.source));
            self.shadowed.extend(is_shadowed.then_some(name));
        }
    }

    /// Whether a script may mean something else by the name of a program that it fetches with.
    pub(super) fn has_shadows(&self) -> bool {
        !self.shadowed.is_empty()
    }

    /// Whether a request is made by what the script calls by the fetcher's name, or in it, or is preceded by one for a
    /// token that would be. `program` is how the script would write the fetcher for that one.
    pub(super) fn is_shadowed(&self, words: &[Node<'t>], fetcher: Fetcher, program: &str) -> bool {
        let name = fetcher.name();
        let is_inside = |name: &str| {
            let around = self.function(name).zip(words.first());
            around.is_some_and(|(function, word)| holds(function, *word))
        };
        // Where wget fails, curl asks for the token.
        let is_called = fetcher == Fetcher::Wget && self.shadowed.contains("curl");
        let is_direct = program.starts_with("command ") || !program.ends_with(name) || {
            let path = program.strip_suffix(name).unwrap_or_default();
            path.ends_with('/')
        };
        is_called || is_inside(name) || self.shadowed.contains(name) && !is_direct
    }

    /// Whether an alias of this name adds more than options of the same program that change nothing here.
    fn has_other_alias(&self, fetcher: Fetcher) -> bool {
        let commands = self.calls.get("alias").into_iter().flatten();
        let values = commands.flat_map(|c| arguments(*c)).flat_map(|word| self.values(word));
        let others = values.filter(|value| {
            let alias = value.strip_prefix(fetcher.name()).and_then(|v| v.strip_prefix('='));
            alias.is_some_and(|alias| !is_same(alias, fetcher))
        });
        others.count() > 0
    }
}

/// Options that change neither where a program reads nor what it prints of an answer.
const HARMLESS: [&str; 12] = [
    "--silent",
    "--show-error",
    "--fail",
    "--location",
    "--insecure",
    "--globoff",
    "--quiet",
    "--no-verbose",
    "-q",
    "-nv",
    "-4",
    "-6",
];

/// Whether a command line starts `fetcher` with no more than such options: a request for a token is made by it, too.
fn is_same(line: &str, fetcher: Fetcher) -> bool {
    let mut words = line.split_whitespace();
    let is_switch = |word: &str| {
        let letters = word.strip_prefix('-').unwrap_or_default();
        let are_curls = fetcher == Fetcher::Curl
            && !letters.is_empty()
            && letters.chars().all(|c| "sSfLkg".contains(c));
        HARMLESS.contains(&word) || are_curls
    };
    words.next() == Some(fetcher.name()) && words.all(is_switch)
}

/// Whether `text` defines a function of this name.
fn defines(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let (before, after) =
            (&text[..at], text[at + name.len()..].trim_start_matches([' ', '\t']));
        let is_word = !before.ends_with(|c: char| c.is_alphanumeric() || "_-./".contains(c));
        let is_named = before.trim_end().ends_with("function") && before.ends_with([' ', '\t']);
        let ends =
            text[at + name.len()..].starts_with(|c: char| c.is_whitespace() || "({".contains(c));
        is_word && (after.starts_with("()") || after.starts_with("( )") || is_named && ends)
    })
}
