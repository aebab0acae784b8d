//! Calls that fetch a URL: with which library, and what an edit of them looks like.

use tree_sitter::Node;

use super::names::Names;
use crate::address::DEFAULT_ENDPOINT;
use crate::edit::Edit;
use crate::syntax::{children, owned};

/// The variable that holds the token in rewritten code.
pub(super) const VARIABLE: &str = "imds_token";

/// Why tests are not edited.
pub(super) const TEST: &str = "this file tests or fakes the metadata service";

/// Why calls of other libraries are not edited.
pub(super) const HTTP_CLIENT: &str = "it is not known how this library sends a header";

/// How a library is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// `requests.get(url)` or a session's.
    Requests,
    /// `urlopen(url)` of Python 3.
    Urlopen,
    /// `Request(url)` of Python 3.
    Request,
    /// `urllib2.urlopen(url)`.
    Urlopen2,
    /// `urllib2.Request(url)`.
    Request2,
    /// Something else that takes a URL.
    Other,
}

/// One call that may fetch a URL.
pub(super) struct Call<'t> {
    pub(super) node: Node<'t>,
    /// The function as written.
    pub(super) name: String,
    /// What stands before the function's own name, such as `urllib.request.`.
    prefix: String,
    /// Whether it is made by a session of `requests`, which may have headers of its own.
    is_session: bool,
    pub(super) client: Client,
    pub(super) url: Node<'t>,
    arguments: Vec<Node<'t>>,
}

/// How a token is fetched.
pub(super) struct Token {
    /// Statements that put it into the variable.
    pub(super) statements: Vec<String>,
    /// The same as an expression, where the language has one.
    pub(super) expression: Option<String>,
}

impl<'t> Call<'t> {
    pub(super) fn read(node: Node<'t>, names: &Names<'t>) -> Option<Self> {
        let function = node.child_by_field_name("function")?;
        let arguments = children(node.child_by_field_name("arguments")?);
        let name = owned(function, names.source);
        let last = names.last(function);
        let prefix = name.strip_suffix(&last)?.to_owned();
        let module = names.module(&prefix).into_owned();
        let client = client(&module, &last, names)?;
        // `request("GET", url)` and `setopt(URL, url)`, but `Http().request(url)`.
        let is_second = match last.as_str() {
            "setopt" | "fetch_url" => true,
            "request" => arguments.first().is_some_and(|a| is_method(&names.values(*a))),
            _ => false,
        };
        let at = usize::from(is_second);
        let by_name = arguments.iter().find(|a| names.keyword(**a).as_deref() == Some("url"));
        let url = match by_name {
            Some(argument) => argument.child_by_field_name("value")?,
            None => *arguments.get(at).filter(|a| a.kind() != "keyword_argument")?,
        };
        let is_session = client == Client::Requests && module != "requests.";
        Some(Self { node, name, prefix, is_session, client, url, arguments })
    }

    fn argument(&self, name: &str, source: &[u8]) -> Option<Node<'t>> {
        let is_named = |a: &&Node<'t>| {
            a.kind() == "keyword_argument"
                && a.child_by_field_name("name").is_some_and(|n| owned(n, source) == name)
        };
        self.arguments.iter().find(is_named).and_then(|a| a.child_by_field_name("value"))
    }

    /// Everything the arguments say, with the values of the names in them.
    pub(super) fn said(&self, names: &Names<'t>) -> String {
        let mut said = String::new();
        for argument in &self.arguments {
            said.push_str(&owned(*argument, names.source));
            let value = argument.child_by_field_name("value").unwrap_or(*argument);
            names.values(value).iter().for_each(|v| said.push_str(v));
            // The name of a header may be a constant's.
            let keys = children(value).into_iter().filter_map(|n| n.child_by_field_name("key"));
            keys.flat_map(|key| names.values(key)).for_each(|v| said.push_str(&v));
            for assigned in names.assignments(&names.last(value)) {
                said.push_str(&owned(assigned, names.source));
            }
        }
        said
    }

    /// What it says beside its URL.
    pub(super) fn said_beside_url(&self, names: &Names<'t>) -> String {
        let beside = self
            .arguments
            .iter()
            .filter(|a| **a != self.url && a.child_by_field_name("value") != Some(self.url));
        let mut said = String::new();
        for argument in beside {
            said.push_str(&owned(*argument, names.source));
            let value = argument.child_by_field_name("value").unwrap_or(*argument);
            names.values(value).iter().for_each(|v| said.push_str(v));
            // The name of a header may be a constant's.
            let keys = children(value).into_iter().filter_map(|n| n.child_by_field_name("key"));
            keys.flat_map(|key| names.values(key)).for_each(|v| said.push_str(&v));
            for assigned in names.assignments(&names.last(value)) {
                said.push_str(&owned(assigned, names.source));
            }
        }
        said
    }

    /// Whether its headers are made by a function, one by one, or with other arguments elsewhere.
    pub(super) fn has_hidden_headers(&self, names: &Names<'t>) -> bool {
        if self.arguments.iter().any(|a| a.kind() == "dictionary_splat") {
            return true;
        }
        self.argument("headers", names.source).is_some_and(|headers| {
            let name = names.last(headers);
            let mut assigned = names.assignments(&name);
            headers.kind() == "call"
                || assigned.any(|n| n.kind() == "call")
                || names.gets_token(&owned(headers, names.source))
        })
    }

    /// Whether the object this call makes is given the header afterwards, or the session has it.
    pub(super) fn gets_header_later(&self, names: &Names<'t>) -> bool {
        let assignment = self.node.parent().filter(|p| p.kind() == "assignment");
        let variable = assignment
            .and_then(|a| a.child_by_field_name("left"))
            .map(|left| owned(left, names.source));
        let holder = if self.is_session {
            Some(self.prefix.clone())
        } else {
            variable.map(|v| format!("{v}."))
        };
        holder.is_some_and(|holder| names.sets_header(&holder))
    }

    /// How this library fetches a token, with this call's time limit.
    pub(super) fn token(&self, source: &[u8]) -> Option<Token> {
        let keep = |names: &[&str]| -> String {
            let kept = names.iter().filter_map(|n| {
                let value = owned(self.argument(n, source)?, source);
                (!value.contains('\n')).then(|| format!(", {n}={value}"))
            });
            kept.collect()
        };
        let url = format!("\"{DEFAULT_ENDPOINT}/latest/api/token\"");
        let headers = "headers={\"X-aws-ec2-metadata-token-ttl-seconds\": \"21600\"}";
        let prefix = &self.prefix;
        match self.client {
            Client::Requests => {
                let limits = keep(&["timeout", "proxies"]);
                let expression = format!("{prefix}put({url}, {headers}{limits}).text");
                Some(Token::of(expression))
            }
            Client::Urlopen | Client::Request => {
                let limits =
                    if self.client == Client::Urlopen { keep(&["timeout"]) } else { String::new() };
                let request = format!("{prefix}Request({url}, {headers}, method=\"PUT\")");
                Some(Token::of(format!("{prefix}urlopen({request}{limits}).read().decode()")))
            }
            Client::Urlopen2 | Client::Request2 => {
                let limits = if self.client == Client::Urlopen2 {
                    keep(&["timeout"])
                } else {
                    String::new()
                };
                Some(Token {
                    statements: vec![
                        format!("{VARIABLE}_request = {prefix}Request({url}, {headers})"),
                        format!("{VARIABLE}_request.get_method = lambda: \"PUT\""),
                        format!("{VARIABLE} = {prefix}urlopen({VARIABLE}_request{limits}).read()"),
                    ],
                    expression: None,
                })
            }
            Client::Other => None,
        }
    }

    /// `from urllib.request import urlopen` must import `Request` too, and the other way round.
    pub(super) fn import_edit(&self, names: &Names<'t>) -> Option<Edit> {
        if !self.prefix.is_empty() || self.client == Client::Requests {
            return None;
        }
        let import = imports_from(names, &["urllib.request", "urllib2"])?;
        let missing: Vec<&str> = ["Request", "urlopen"]
            .into_iter()
            .filter(|n| !import.1.contains(&(*n).to_owned()))
            .collect();
        let last = import.0?;
        (!missing.is_empty()).then(|| Edit::insert(last, format!(", {}", missing.join(", "))))
    }
}

impl Token {
    fn of(expression: String) -> Self {
        Self {
            statements: vec![format!("{VARIABLE} = {expression}")],
            expression: Some(expression),
        }
    }
}

impl Client {
    /// What to write by hand.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::Requests | Self::Other => {
                "token = requests.put(\"http://169.254.169.254/latest/api/token\", \
                 headers={\"X-aws-ec2-metadata-token-ttl-seconds\": \"21600\"}).text\n\
                 requests.get(url, headers={\"X-aws-ec2-metadata-token\": token})"
            }
            Self::Urlopen | Self::Request | Self::Urlopen2 | Self::Request2 => {
                "token = urlopen(Request(\"http://169.254.169.254/latest/api/token\", \
                 headers={\"X-aws-ec2-metadata-token-ttl-seconds\": \"21600\"}, \
                 method=\"PUT\")).read().decode()\n\
                 urlopen(Request(url, headers={\"X-aws-ec2-metadata-token\": token}))"
            }
        }
    }
}

/// The edits that make `call` send the token `value`.
pub(super) fn headers_edit(
    call: &Call<'_>,
    value: &str,
    source: &[u8],
) -> Result<Vec<Edit>, &'static str> {
    let entry = format!("\"X-aws-ec2-metadata-token\": {value}");
    if matches!(call.client, Client::Urlopen | Client::Urlopen2) {
        let prefix = &call.prefix;
        return Ok(vec![
            Edit::insert(call.url.start_byte(), format!("{prefix}Request(")),
            Edit::insert(call.url.end_byte(), format!(", headers={{{entry}}})")),
        ]);
    }
    let positional = call.arguments.iter().filter(|a| a.kind() != "keyword_argument").count();
    let at = call.arguments.iter().position(|a| *a == call.url).unwrap_or_default();
    let limit = if call.client == Client::Requests { at + 1 } else { 2 };
    if positional > limit || call.arguments.iter().any(|a| a.kind() == "dictionary_splat") {
        return Err("it is not clear where its headers are");
    }
    match call.argument("headers", source) {
        None => {
            let after = call.url.parent().filter(|p| p.kind() == "keyword_argument");
            let end = after.unwrap_or(call.url).end_byte();
            Ok(vec![Edit::insert(end, format!(", headers={{{entry}}}"))])
        }
        Some(headers) if headers.kind() == "dictionary" => {
            let separator = if children(headers).is_empty() { "" } else { ", " };
            Ok(vec![Edit::insert(headers.start_byte() + 1, format!("{entry}{separator}"))])
        }
        Some(_) => Err("its headers are made elsewhere"),
    }
}

/// Whether a program names the header that carries a token.
pub(super) fn sends_tokens(source: &[u8]) -> bool {
    let text = String::from_utf8_lossy(source).to_ascii_lowercase();
    text.split("aws-ec2-metadata-token").skip(1).any(|rest| !rest.starts_with("-ttl"))
}

/// Whether a text can only be the method of a request.
fn is_method(values: &[String]) -> bool {
    values.iter().all(|v| matches!(v.to_ascii_uppercase().as_str(), "GET" | "HEAD" | "PUT"))
}

/// Which library the function `prefix` + `last` belongs to.
fn client(prefix: &str, last: &str, names: &Names<'_>) -> Option<Client> {
    match (prefix, last) {
        ("urllib2.", "urlopen") => Some(Client::Urlopen2),
        ("urllib2.", "Request") => Some(Client::Request2),
        ("urllib.request." | "request.", "urlopen") => Some(Client::Urlopen),
        ("urllib.request." | "request.", "Request") => Some(Client::Request),
        ("", "urlopen" | "Request") => {
            let old = imports_from(names, &["urllib2"]).is_some();
            let new = imports_from(names, &["urllib.request"]).is_some();
            Some(match (last, old, new) {
                ("urlopen", false, true) => Client::Urlopen,
                ("Request", false, true) => Client::Request,
                ("urlopen", true, false) => Client::Urlopen2,
                ("Request", true, false) => Client::Request2,
                _ => Client::Other,
            })
        }
        ("urllib.", "urlopen" | "urlretrieve") | ("urllib.request.", "urlretrieve") => {
            Some(Client::Other)
        }
        ("requests.", "get" | "head" | "request") => Some(Client::Requests),
        (_, "get" | "head") if is_session(prefix, names) => Some(Client::Requests),
        // Ansible's, for modules of one's own.
        (_, "fetch_url" | "open_url") if !names.is_defined(last) => Some(Client::Other),
        // What tests put in the place of a client.
        _ if prefix.contains("mock") || prefix.starts_with("responses.") => None,
        // A function of this module is judged by what it does with the URL.
        (
            _,
            "get" | "head" | "request" | "fetch" | "open" | "GET" | "HTTPConnection" | "setopt",
        ) if !names.is_own(prefix, last) => Some(Client::Other),
        _ => None,
    }
}

fn is_session(prefix: &str, names: &Names<'_>) -> bool {
    let object = prefix.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let made: Vec<String> = names.assignments(object).map(|n| owned(n, names.source)).collect();
    !made.is_empty()
        && made
            .iter()
            .all(|m| m.starts_with("requests.Session") || m.starts_with("requests.session"))
}

/// Where the names imported from one of `modules` end, when it is by a plain list, and the names.
fn imports_from(names: &Names<'_>, modules: &[&str]) -> Option<(Option<usize>, Vec<String>)> {
    names.imports.iter().find_map(|n| {
        let module = owned(n.child_by_field_name("module_name")?, names.source);
        let mut cursor = n.walk();
        let imported: Vec<Node> = n.children_by_field_name("name", &mut cursor).collect();
        let plain = imported.iter().all(|i| i.kind() == "dotted_name");
        let end = imported.last().map(tree_sitter::Node::end_byte).filter(|_| plain);
        let list = imported.iter().map(|i| owned(*i, names.source)).collect();
        modules.contains(&module.as_str()).then_some((end, list))
    })
}
