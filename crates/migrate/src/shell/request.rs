//! Which commands of a script read instance metadata, and how.

use tree_sitter::Node;

use super::aims::Aims;
use super::command::arguments;
use super::fetcher::Fetcher;
use super::names::Names;
use crate::address::{self, DEFAULT_ENDPOINT};
use crate::syntax::{children, nodes, text};

/// Programs that run the command in their arguments here and now.
const RUNNERS: [&str; 17] = [
    "sudo", "doas", "env", "timeout", "nice", "ionice", "nohup", "time", "exec", "command",
    "builtin", "stdbuf", "setsid", "chronic", "unbuffer", "xargs", "coproc",
];

/// Programs that only speak of the words they are given.
pub(crate) const SPEAKERS: [&str; 36] = [
    "echo",
    "printf",
    "logger",
    "log",
    "grep",
    "egrep",
    "fgrep",
    "sed",
    "awk",
    "test",
    "[",
    "[[",
    "iptables",
    "ip6tables",
    "nft",
    "ip",
    "ip6",
    "route",
    "ping",
    "ping6",
    "nc",
    "ncat",
    "netcat",
    "arping",
    "traceroute",
    "telnet",
    "nmap",
    "ufw",
    "firewall-cmd",
    "cat",
    "tee",
    "tr",
    "cut",
    ":",
    "alias",
    "unset",
];

/// Why a request is left alone whose program may be another one.
pub(super) const OTHERS: &str = "the same word may also run other programs, which take no header";

/// One command that reads instance metadata.
pub(crate) struct Request<'t> {
    /// The whole command.
    pub(crate) command: Node<'t>,
    /// What it fetches with.
    pub(crate) fetcher: Fetcher,
    /// The word that names the fetcher.
    pub(crate) program: Node<'t>,
    /// Where the header goes: after the program, and after each `--next`, which begins anew.
    pub(crate) headers: Vec<usize>,
    /// How it speaks.
    pub(crate) kind: Kind,
    /// Whether it is what a line of a crontab runs: its statement begins after the schedule.
    pub(crate) is_scheduled: bool,
    /// How the script would write the fetcher's name for another request.
    pub(crate) again: String,
    /// Where its token comes from: the text before `/api/token`.
    pub(crate) endpoint: String,
    /// The options about reaching the host, each with a blank before it.
    pub(crate) network: String,
    /// The paths it asks for.
    pub(crate) paths: Vec<String>,
}

/// How a request speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// IMDSv1.
    Tokenless,
    /// IMDSv1, in a way that must not be edited; the reason.
    TokenlessUnsafe(&'static str),
    /// IMDSv2.
    WithToken,
    /// Asks for the token itself.
    TokenFetch,
}

/// Reads `command`; `None` when it does not fetch instance metadata.
// long function: one reason to decline after another.
pub(crate) fn recognise<'t>(
    command: Node<'t>,
    names: &Names<'t>,
    source: &[u8],
) -> Option<Request<'t>> {
    let words = words_of(command)?;
    let name = words.first().copied()?;
    let (at, fetcher, runs_others) = program(&words, names, source)?;
    let runner = (at > 0).then(|| text(name, source).into_owned());
    if runner.as_deref().is_some_and(|r| SPEAKERS.contains(&r)) {
        return None;
    }

    let program = words[at];
    let unsafe_here = |runner: &str| unsafe_runner(runner, names, source);
    let is_scheduled = runner.as_deref().is_some_and(is_schedule);
    let aims = Aims::read(&words[at..], fetcher, names, source);
    let metadata = aims.metadata?;
    let said = aims.said.to_ascii_lowercase();
    // Another cloud's path that the same helper is given does not make EC2's foreign.
    let is_foreign = |line: &str| !address::mentioned(line) && address::is_foreign(line);
    let has_tree = aims
        .paths
        .iter()
        .any(|p| p.contains("/meta-data") || p.contains("/user-data") || p.contains("/dynamic"));
    if said.lines().any(is_foreign) || !has_tree && address::is_foreign(&said) {
        return None;
    }
    let again = again(command, &words[..=at], fetcher, source);
    let kind = if said.contains("api/token") {
        Kind::TokenFetch
    } else if said.contains("aws-ec2-metadata-token") || aims.hidden_header {
        Kind::WithToken
    } else if let Some(reason) =
        runner.as_deref().filter(|_| !is_scheduled && !is_runner(name, names)).and_then(unsafe_here)
    {
        Kind::TokenlessUnsafe(reason)
    } else if runs_others || names.is_shadowed(&words[..=at], fetcher, &again) {
        Kind::TokenlessUnsafe(OTHERS)
    } else if aims.hidden_options {
        Kind::TokenlessUnsafe("its options come from elsewhere, and may be about reaching the host")
    } else if aims.elsewhere || is_fed(&words[..at], names) {
        Kind::TokenlessUnsafe(
            "the same command may also read other hosts, which must not see a token",
        )
    } else if metadata.endpoint.is_none() {
        Kind::TokenlessUnsafe("the file does not say which host serves the token")
    } else {
        Kind::Tokenless
    };
    Some(Request {
        command,
        fetcher,
        program,
        kind,
        is_scheduled,
        headers: headers(&words[at..], fetcher, names),
        again: again + first_option(&words[at..], fetcher, names),
        endpoint: metadata.endpoint.unwrap_or_else(|| format!("{DEFAULT_ENDPOINT}/latest")),
        network: aims.network,
        paths: aims.paths,
    })
}

/// Whether `command` may read any URL, as far as the text says.
pub(super) fn is_open<'t>(command: Node<'t>, names: &Names<'t>, source: &[u8]) -> bool {
    let Some(words) = words_of(command) else { return false };
    program(&words, names, source)
        .is_some_and(|(at, fetcher, _)| Aims::read(&words[at..], fetcher, names, source).open > 0)
}

/// The name of a command and its arguments.
fn words_of(command: Node<'_>) -> Option<Vec<Node<'_>>> {
    let name = command.child_by_field_name("name").and_then(|n| children(n).first().copied())?;
    Some(std::iter::once(name).chain(arguments(command)).collect())
}

/// Which of the words is a program that fetches, and whether it may be another one as well.
fn program<'t>(
    words: &[Node<'t>],
    names: &Names<'t>,
    source: &[u8],
) -> Option<(usize, Fetcher, bool)> {
    words.iter().enumerate().find_map(|(i, word)| {
        if matches!(text(*word, source).trim_matches('"'), "$@" | "$*") {
            return None;
        }
        let values = names.values(*word);
        // An argument that is a whole command line is a script, not a command.
        let program = |v: &String| match v.split_once(char::is_whitespace) {
            Some((first, _)) => Fetcher::named(first).filter(|_| i == 0),
            None => Fetcher::named(v),
        };
        let fetcher = values.iter().find_map(program)?;
        Some((i, fetcher, values.iter().any(|v| program(v) != Some(fetcher))))
    })
}

/// Whether a word can only be a program that runs the command in its arguments, or nothing: `$SUDO`.
fn is_runner<'t>(word: Node<'t>, names: &Names<'t>) -> bool {
    names.values(word).iter().all(|value| {
        let program = value.split_whitespace().next().and_then(|first| first.rsplit('/').next());
        program.is_none_or(|program| RUNNERS.contains(&program))
    })
}

/// Whether one of the words before a program is `xargs`, which adds others to what follows it, unless it puts
/// them where they are said to stand.
fn is_fed<'t>(runners: &[Node<'t>], names: &Names<'t>) -> bool {
    const REPLACING: [&str; 4] = ["-I", "-i", "-J", "--replace"];
    let words: Vec<String> = runners.iter().flat_map(|word| names.values(*word)).collect();
    words.iter().any(|w| w.rsplit('/').next() == Some("xargs"))
        && !words.iter().any(|w| REPLACING.iter().any(|option| w.starts_with(option)))
}

/// Whether a word can only be the first field of a crontab's line: `*`, `*/5`, `0`, `@hourly`.
fn is_schedule(word: &str) -> bool {
    let is_field = |c: char| c.is_ascii_digit() || matches!(c, '*' | '/' | ',' | '-');
    word.starts_with('@') || word.chars().all(is_field)
}

/// Why a command behind `runner` must not be edited.
fn unsafe_runner(runner: &str, names: &Names<'_>, source: &[u8]) -> Option<&'static str> {
    if runner == "busybox" {
        return Some("BusyBox wget cannot send the PUT that fetches a token; use curl");
    }
    match names.function(runner) {
        Some(body) if prints_arguments(body, source) => {
            Some("the function that runs it prints its command, and would print the token with it")
        }
        Some(body) if nodes(body).any(|n| text(n, source) == "\"$@\"") => None,
        Some(_) => Some("the function that runs it may split the header into words"),
        None => Some("the command that runs it is not known to run it here"),
    }
}

/// Whether a function prints what it is given, or traces it.
fn prints_arguments(body: Node<'_>, source: &[u8]) -> bool {
    nodes(body).filter(|n| n.kind() == "command").any(|command| {
        let name = command.child_by_field_name("name").map(|n| text(n, source).into_owned());
        let said = text(command, source);
        match name.as_deref() {
            Some("set") => said.contains('x'),
            Some(name) => SPEAKERS.contains(&name) && (said.contains("$@") || said.contains("$*")),
            None => false,
        }
    })
}

/// Where headers go among the words of one fetch. `-q` has to stay the first option.
fn headers<'t>(words: &[Node<'t>], fetcher: Fetcher, names: &Names<'t>) -> Vec<usize> {
    let is = |word: Option<&Node<'t>>, options: &[&str]| {
        word.is_some_and(|w| names.values(*w).iter().all(|v| options.contains(&v.as_str())))
    };
    let first = usize::from(fetcher == Fetcher::Curl && is(words.get(1), &FIRST_OPTIONS));
    let next = words.iter().filter(|w| fetcher == Fetcher::Curl && is(Some(w), &["-:", "--next"]));
    words.get(first).into_iter().chain(next).map(Node::end_byte).collect()
}

/// Options of curl that count only as its first: a token's request has them, too.
const FIRST_OPTIONS: [&str; 2] = ["-q", "--disable"];

fn first_option<'t>(words: &[Node<'t>], fetcher: Fetcher, names: &Names<'t>) -> &'static str {
    let first = words.get(1).map(|w| names.values(*w)).unwrap_or_default();
    let is_first = first.iter().any(|v| FIRST_OPTIONS.contains(&v.as_str()));
    if fetcher == Fetcher::Curl && is_first { " -q" } else { "" }
}

/// How to start the same fetcher again: with the assignments, the time limit and the path it has.
fn again(command: Node<'_>, words: &[Node<'_>], fetcher: Fetcher, source: &[u8]) -> String {
    let (Some(first), Some(program)) = (words.first(), words.last()) else {
        return fetcher.name().to_owned();
    };
    let is_literal = |word: &Node| word.kind() == "word" || word.kind() == "number";
    if !words.iter().all(is_literal) {
        return fetcher.name().to_owned();
    }
    let keep = words.len() == 1 || ["timeout", "command"].contains(&&*text(*first, source));
    let start = if keep { command.start_byte() } else { program.start_byte() };
    String::from_utf8_lossy(&source[start..program.end_byte()]).into_owned()
}
