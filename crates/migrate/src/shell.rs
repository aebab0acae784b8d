//! Shell scripts: finds curl and wget reading metadata without a token, and gives them one.

mod aims;
mod callers;
mod command;
mod fetcher;
mod flow;
mod names;
mod parameters;
mod place;
mod positional;
mod request;
mod scripts;
mod seat;
mod setters;
mod shadows;
mod spoken;
mod token;
mod tool;
mod unclear;
mod values;

use std::ops::Range;

use tree_sitter::{Node, Tree};

use self::fetcher::Fetcher;
use self::flow::Flow;
use self::names::Names;
use self::place::{Join, Place};
use self::request::{Kind, Request, recognise};
use self::unclear::{by_hand, kept_addresses, listed, unclear};
use crate::edit::Edit;
use crate::finding::{Finding, Remedy};
use crate::job::Job;
use crate::rules::Rule;
use crate::snippet::Snippet;
use crate::syntax::{self, around, children, is_clean, nodes, text};

/// Names for the token's variable, in order of preference.
const VARIABLES: [&str; 3] = ["IMDS_TOKEN", "EC2_IMDS_TOKEN", "MIGRATED_IMDS_TOKEN"];

/// How often a text is read again where the grammar went wrong.
const REPAIRS: usize = 4;

/// What is wrong with the shell code in `snippet`.
pub(crate) fn scan(snippet: &Snippet<'_>) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let Some(tree) = parse(source, &snippet.job) else { return Vec::new() };
    let root = tree.root_node();
    let names = Names::collect(root, source, &snippet.job);
    let mut commands: Vec<Node> = nodes(root).filter(|n| n.kind() == "command").collect();
    if snippet.no_shell.is_some() {
        // Nothing expands what stands in a string: it is for the program that the command starts.
        commands.retain(|c| !around(*c).any(|n| n.kind() == "command_substitution"));
    }
    let requests: Vec<Request> =
        commands.iter().filter_map(|c| recognise(*c, &names, source)).collect();

    let mut findings = tokenless(&requests, &commands, &names, snippet);
    let scripts = scripts::scan(root, &names, snippet);
    findings.extend(unclear(&commands, &requests, &names, scripts.is_empty(), source));
    findings.extend(scripts);
    findings.extend(commands.iter().filter_map(|c| tool::scan(*c, snippet)));
    findings.extend(by_hand(root, source));
    findings.extend(listed(root, &commands, &requests, source));
    findings.extend(kept_addresses(root, &commands, &requests, &findings, &names, source));
    findings
}

/// The tree of `source`, from a copy as long, in which stands what the grammar would misread: a
/// letter for the digit in `$url/$1`, which it takes for a word and a number, and a `;` for line ends
/// that it takes for blanks, before `\curl` and after a pipeline of three.
fn parse(source: &[u8], job: &Job) -> Option<Tree> {
    let grammar = tree_sitter_bash::LANGUAGE.into();
    let mut text = source.to_vec();
    for at in memchr::memchr_iter(b'$', source) {
        if let Some(digit) = text.get_mut(at + 1).filter(|b| b.is_ascii_digit()) {
            *digit = b'a';
        }
    }
    let may_join = memchr::memmem::find(source, b"\n\\").is_some()
        || memchr::memchr_iter(b'|', source).nth(1).is_some();
    let repairs = if may_join { REPAIRS } else { 0 };
    for _ in 0..repairs {
        let tree = syntax::parse(&grammar, &text, job)?;
        let commands = nodes(tree.root_node()).filter(|n| n.kind() == "command");
        let ends: Vec<usize> = commands.flat_map(|c| line_ends(c, &text)).collect();
        if ends.is_empty() {
            return Some(tree);
        }
        for at in ends {
            text[at] = b';';
        }
    }
    syntax::parse(&grammar, &text, job)
}

/// The line ends in and between the words of `command` which no backslash makes blanks.
fn line_ends(command: Node<'_>, source: &[u8]) -> Vec<usize> {
    let words = children(command);
    let gaps = words.windows(2).map(|pair| pair[0].end_byte()..pair[1].start_byte());
    let plain = words.iter().filter(|n| n.kind() == "word").map(Node::byte_range);
    let is_escaped = |at: usize| {
        let before = source.get(..at).unwrap_or_default();
        before.strip_suffix(b"\r").unwrap_or(before).ends_with(b"\\")
    };
    let ends = |span: Range<usize>| {
        let text = source.get(span.clone()).unwrap_or_default();
        memchr::memchr_iter(b'\n', text).map(move |at| span.start + at)
    };
    gaps.chain(plain).flat_map(ends).filter(|at| !is_escaped(*at)).collect()
}

/// The same in a shell whose language only resembles sh: nothing is edited.
pub(crate) fn look(snippet: &Snippet<'_>) -> Vec<Finding> {
    let mut copy = snippet.copy();
    copy.leave("csh and fish scripts are not edited");
    scan(&copy)
}

/// The places in a template where its engine begins or ends to leave a part of a script out, or to repeat it: of
/// Terraform, Jinja, Go and Ruby.
struct Template {
    places: Vec<usize>,
}

impl Template {
    fn of(snippet: &Snippet<'_>) -> Self {
        let source: &[u8] = &snippet.text;
        let marks = memchr::memchr3_iter(b'%', b'{', b'<', source);
        let mut places: Vec<usize> = marks.filter(|at| begins_control(&source[*at..])).collect();
        places.extend(&snippet.parts);
        places.sort_unstable();
        Self { places }
    }

    /// Whether what stands at `from` is run whenever what stands behind it, at `to`, is, as far as the template
    /// says.
    fn joins(&self, from: usize, to: usize) -> bool {
        let before = |at: usize| self.places.partition_point(|place| *place <= at);
        before(from) == before(to)
    }
}

/// Whether `text` begins with a mark by which an engine leaves out or repeats what follows; `%{` is curl's, too.
pub(crate) fn begins_control(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 7] = [b"if", b"else", b"end", b"range", b"with", b"#if", b"for"];
    let says_word = |mark: &[u8]| {
        text.strip_prefix(mark).is_some_and(|rest| {
            let rest = rest.strip_prefix(b"-").or(rest.strip_prefix(b"~")).unwrap_or(rest);
            WORDS.iter().any(|word| rest.trim_ascii_start().starts_with(word))
        })
    };
    says_word(b"%{")
        || says_word(b"{{")
        || text.starts_with(b"{%")
        || text.starts_with(b"<%") && !text.starts_with(b"<%=")
}

/// Requests without a token, each with the edits that give it one.
// long function: every place that a token can be put, from the safest on.
fn tokenless<'t>(
    requests: &[Request<'t>],
    commands: &[Node<'t>],
    names: &Names<'t>,
    snippet: &Snippet<'_>,
) -> Vec<Finding> {
    let source: &[u8] = &snippet.text;
    let existing = token::existing(requests, commands, source);
    let template = Template::of(snippet);
    let reusable = |r: &Request| {
        let at = r.command.start_byte();
        let reaches = |e: &&token::Existing| {
            e.reach.contains(&at)
                && template.joins(e.reach.start, at)
                && may_share(&e.endpoint, &r.endpoint)
                && names.is_steady(&r.endpoint, e.reach.start..at, r.command)
        };
        existing.iter().rfind(reaches).map(|e| e.variable.clone())
    };
    let tokenless = || requests.iter().filter(|r| r.kind == Kind::Tokenless);
    let blocked = |r: &Request| {
        let is_alone = tokenless().all(|other| may_share(&other.endpoint, &r.endpoint));
        let is_open = is_variable(&r.endpoint);
        blocked(r, snippet).or((is_open && !is_alone).then_some(SEVERAL_HOSTS))
    };
    let needy: Vec<&Request> = requests
        .iter()
        .filter(|r| r.kind == Kind::Tokenless && !r.is_scheduled)
        .filter(|r| blocked(r).is_none() && reusable(r).is_none())
        .collect();
    let flow = &Flow { names, source };
    let in_one_part =
        |a: &&Request, b: &&Request| template.joins(a.command.start_byte(), b.command.start_byte());
    let parts = needy.chunk_by(in_one_part);
    let places: Vec<Option<Place>> = parts.flat_map(|part| place::plan(part, flow)).collect();
    let place_of = |request: &Request| {
        let own = needy.iter().position(|r| r.command == request.command)?;
        places.get(own)?.as_ref()
    };
    let variable = VARIABLES.iter().find(|v| !names.is_assigned(v)).unwrap_or(&VARIABLES[0]);
    let is_traced = traces(commands, source);

    let mut findings = Vec::new();
    for request in requests {
        if is_fallback(request, requests, source) {
            continue;
        }
        let reason = match request.kind {
            Kind::WithToken | Kind::TokenFetch => continue,
            Kind::TokenlessUnsafe(reason) => Some(unparsed(request).unwrap_or(reason)),
            Kind::Tokenless => blocked(request),
        };
        let header = |variable: &str| {
            let text = format!(" {}", request.fetcher.header(variable));
            request
                .headers
                .iter()
                .map(move |at| Edit::insert(*at, text.clone()))
                .collect::<Vec<_>>()
        };
        let remedy = if let Some(reason) = reason {
            Remedy::advice(example(request), reason)
        } else if let Some(variable) = reusable(request).filter(|_| !request.is_scheduled) {
            Remedy::Rewrite(header(&variable))
        } else if request.is_scheduled {
            let place = Place::before(request.program);
            Remedy::Rewrite(
                [fetch(&place, &[request], variable, snippet), header(variable)].concat(),
            )
        } else if place_of(request)
            .is_some_and(|p| !template.joins(p.at, request.command.start_byte()))
        {
            let reason = "a line of the template may leave out what fetches its token";
            Remedy::advice(example(request), reason)
        } else if place_of(request).is_some_and(|p| {
            let end = p.reach.end.max(request.command.end_byte());
            !names.is_steady(&request.endpoint, p.at..end, request.command)
        }) {
            Remedy::advice(example(request), SEVERAL_HOSTS)
        } else if let Some(place) = place_of(request) {
            let sharing: Vec<&Request> = needy
                .iter()
                .zip(&places)
                .filter(|(_, p)| p.as_ref().is_some_and(|p| p.at == place.at))
                .map(|(r, _)| *r)
                .collect();
            Remedy::Rewrite([fetch(place, &sharing, variable, snippet), header(variable)].concat())
        } else {
            Remedy::advice(example(request), "it reads the status of the command before it")
        };
        let what = format!("{} reads instance metadata without a token", request.fetcher.name());
        let mut finding =
            Finding::new(Rule::TokenlessRequest, request.command.byte_range(), what, remedy)
                .reading(request.paths.iter().cloned());
        if is_traced {
            finding.caution = Some(TRACED.to_owned());
        }
        findings.push(finding);
    }
    findings
}

/// Why a request is left alone whose host is not written down.
const SEVERAL_HOSTS: &str =
    "the file does not say which host it reads, and a token of another one must not reach it";

/// Whether the host of an endpoint is what a variable says.
fn is_variable(endpoint: &str) -> bool {
    endpoint.contains('$')
}

/// Whether a token that one endpoint issues may be sent to the other.
fn may_share(one: &str, other: &str) -> bool {
    one == other || !is_variable(one) && !is_variable(other)
}

/// What to know of a script whose commands are printed.
const TRACED: &str = "this script traces its commands (`set -x`): its log will show the token, which is good \
                      for six hours on this instance; trace less, or fetch it with `set +x` around";

/// Whether the script prints its commands with what variables hold.
fn traces(commands: &[Node<'_>], source: &[u8]) -> bool {
    let first = source.split(|b| *b == b'\n').next().unwrap_or_default();
    let is_option = |word: &str| {
        word == "xtrace" || word.starts_with('-') && !word.starts_with("--") && word.contains('x')
    };
    let shebang = String::from_utf8_lossy(first);
    shebang.starts_with("#!") && shebang.split_whitespace().skip(1).any(is_option)
        || commands.iter().any(|command| {
            let said = text(*command, source);
            let mut words = said.split_whitespace();
            words.next() == Some("set") && words.any(is_option)
        })
}

/// Whether the same is asked for with a token first, and without one only where there is none: in the
/// `else` of an `if` that looks at the token, or to the right of `||`.
fn is_fallback(request: &Request<'_>, requests: &[Request<'_>], source: &[u8]) -> bool {
    let mut others =
        requests.iter().filter(|r| r.kind == Kind::WithToken && r.paths == request.paths);
    others.any(|other| {
        let shared = around(other.command).find(|n| around(request.command).any(|m| m == *n));
        shared.is_some_and(|choice| falls_back(choice, other, source))
    })
}

/// Whether `choice` is made by whether there is the token that `request` sends.
fn falls_back(choice: Node<'_>, request: &Request<'_>, source: &[u8]) -> bool {
    let mut cursor = choice.walk();
    if choice.kind() == "list" {
        return choice.children(&mut cursor).any(|n| n.kind() == "||");
    }
    let command = text(request.command, source).to_lowercase();
    let Some((_, token)) = command.split_once("metadata-token:") else { return false };
    let token = token.trim_start().trim_start_matches(['$', '{']);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let token = token.split(|c| !is_name(c)).next().unwrap_or_default();
    let mut conditions = choice.children_by_field_name("condition", &mut cursor);
    choice.kind() == "if_statement"
        && conditions
            .any(|n| text(n, source).to_lowercase().split(|c| !is_name(c)).any(|w| w == token))
}

/// Why a tokenless request is left to a person.
fn blocked(request: &Request<'_>, snippet: &Snippet<'_>) -> Option<&'static str> {
    if let Some(reason) = unparsed(request) {
        return Some(reason);
    }
    let busybox = snippet.busybox || snippet.says("busybox") || snippet.says("apk add");
    if request.fetcher == Fetcher::Wget && busybox {
        return Some("BusyBox wget cannot send the PUT that fetches a token; use curl");
    }
    snippet.untouched.or(snippet.no_shell)
}

fn unparsed(request: &Request<'_>) -> Option<&'static str> {
    let statement = around(request.command)
        .take_while(|n| !matches!(n.kind(), "do_group" | "compound_statement" | "program"))
        .last();
    let is_parsed = statement.is_none_or(is_clean) && is_clean(request.command);
    (!is_parsed).then_some("the code around it does not parse cleanly")
}

/// The edits that fetch the token for the requests that share a place, each program in its turn.
///
/// It never fails: a script under `set -e` goes on to its own request, whose failure it may
/// expect. curl drops a header whose value is empty, so the request is then as it was.
fn fetch(
    place: &Place,
    requests: &[&Request<'_>],
    variable: &str,
    snippet: &Snippet<'_>,
) -> Vec<Edit> {
    let of = |fetcher| requests.iter().find(|r| r.fetcher == fetcher);
    let mut commands: Vec<String> = [Fetcher::Curl, Fetcher::Wget]
        .into_iter()
        .filter_map(of)
        .map(|r| r.fetcher.token(&r.again, &r.endpoint, &r.network))
        .collect();
    if of(Fetcher::Curl).is_none() {
        commands.extend(of(Fetcher::Wget).and_then(|r| curl_after_wget(r)));
    }
    let token = format!("{variable}=$({}) || true", commands.join(" || "));
    match place.join {
        Join::And => vec![Edit::insert(place.at, format!("{{ {token}; }} && "))],
        Join::Braces { end } => {
            vec![Edit::insert(place.at, format!("{{ {token}; ")), Edit::insert(end, "; }")]
        }
        Join::Statement => {
            let text = match snippet.line_start(place.at) {
                Some(indent) => format!("{token}{}{indent}", snippet.line_end(place.at)),
                None => format!("{token}; "),
            };
            vec![Edit::insert(place.at, text)]
        }
    }
}

/// The token by curl where wget has no `--method`: it came with 1.15, and Amazon Linux 2 has 1.14.
///
/// Its time is limited, so that a script outside EC2 does not wait long a second time.
fn curl_after_wget(request: &Request<'_>) -> Option<String> {
    let curl = format!("{}curl", request.again.strip_suffix("wget")?);
    let is_direct = ["--no-proxy", "use_proxy"].iter().any(|word| request.network.contains(word));
    let direct = if is_direct { " --noproxy \"*\"" } else { "" };
    Some(Fetcher::Curl.token(&curl, &request.endpoint, &format!(" -m 5{direct}")))
}

/// What to write by hand.
fn example(request: &Request<'_>) -> String {
    let name = request.fetcher.name();
    let token = request.fetcher.token(name, &request.endpoint, "");
    format!("TOKEN=$({token})\n{name} {} …", request.fetcher.header("TOKEN"))
}
