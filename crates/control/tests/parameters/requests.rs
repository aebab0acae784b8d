//! The parameters that there are, and requests that succeed.

use std::collections::BTreeMap;

const REQUESTS: &str = include_str!("requests.txt");

/// Each parameter of each action, by `cargo xtask codegen`.
const TABLE: &str = include_str!("table.txt");

/// A line of the table.
pub(crate) struct Parameter {
    pub(crate) action: &'static str,
    /// Such as `Filter.N.Name`: `N` is the number of an element.
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) class: &'static str,
}

pub(crate) fn table() -> Vec<Parameter> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let lines = lines.map(|line| match line.split(' ').collect::<Vec<_>>().as_slice() {
        &[action, name, kind, class] => Parameter { action, name, kind, class },
        _ => panic!("{line}"),
    });
    lines.collect()
}

/// A line of `requests.txt`.
pub(crate) enum Line<'a> {
    Base { action: &'a str, query: &'a str },
    Companions { action: &'a str, prefix: &'a str, query: &'a str },
    Values { action: &'a str, parameter: &'a str, values: Vec<&'a str> },
}

pub(crate) fn lines() -> Vec<Line<'static>> {
    let lines = REQUESTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines = lines.map(|line| match line.split_whitespace().collect::<Vec<_>>().as_slice() {
        [action, query] => Line::Base { action, query },
        [action, parameter, "=", values @ ..] => {
            Line::Values { action, parameter, values: values.to_vec() }
        }
        [action, prefix, query] => {
            Line::Companions { action, prefix: prefix.strip_suffix('*').unwrap(), query }
        }
        _ => panic!("{line}"),
    });
    lines.collect()
}

pub(crate) fn is_about(pattern: &str, action: &str) -> bool {
    pattern == "*" || pattern == action
}

/// What a request has beside `parameter`.
pub(crate) fn base(lines: &[Line<'_>], parameter: &Parameter) -> Vec<(String, String)> {
    let queries = lines.iter().filter_map(|line| match line {
        Line::Base { action, query } if *action == parameter.action => Some(*query),
        Line::Companions { action, prefix, query }
            if is_about(action, parameter.action) && parameter.name.starts_with(prefix) =>
        {
            Some(*query)
        }
        _ => None,
    });
    // Later ones replace earlier ones.
    let mut pairs = BTreeMap::new();
    for pair in queries.flat_map(|query| query.split('&')) {
        match (pair.strip_prefix('!'), pair.split_once('=')) {
            (Some(name), _) => drop(pairs.remove(name)),
            (None, Some((name, value))) => drop(pairs.insert(name.to_owned(), value.to_owned())),
            (None, None) => panic!("{pair}"),
        }
    }
    pairs.into_iter().collect()
}

/// The name of a parameter where each list has one element.
pub(crate) fn first_of(name: &str) -> String {
    let steps = name.split('.').map(|step| if step == "N" { "1" } else { step });
    steps.collect::<Vec<_>>().join(".")
}
