//! What a category is, and how its values come from an [`Instance`].

use std::fmt::Display;

use crate::identity::Proof;
use crate::instance::Instance;
use crate::network::NetworkInterface;
use crate::timeline::{Timed, Timeline};

/// A category: a path, or a pattern of paths.
pub struct Category {
    /// Below the version; what is in braces differs between instances. A slash at the end is part of
    /// the name in listings.
    pub path: &'static str,
    /// AWS's "version when category was released"; where AWS names none, that of the directory it
    /// is in.
    pub since: &'static str,
    /// When there is no such path: `never`, or a condition.
    pub absent: &'static str,
    /// What it looks like; empty where that is undocumented.
    pub example: &'static str,
    pub(super) source: Source,
}

/// How values come from an instance.
pub(super) enum Source {
    /// One value, or none.
    Instance(fn(&Instance) -> Option<Value>),
    /// A value, or none, for each network interface, whose address is `{mac}`.
    Interface(fn(&Instance, &NetworkInterface) -> Option<Value>),
    /// As many values as there are names; a name stands for all between the first and the last
    /// brace.
    Each(fn(&Instance) -> Vec<(String, Value)>),
    /// Never a value; `absent` says why.
    Nothing,
}

/// What a path holds.
pub(crate) enum Value {
    /// A value served as `text/plain`.
    Text(Box<[u8]>),
    /// A value served as `application/octet-stream`.
    Binary(Box<[u8]>),
    /// Something that depends on the time.
    Timed(Timed),
    /// A signature of the identity document, made elsewhere and later.
    Signed(Proof),
    /// Other paths; needed only for a directory that may be empty.
    Directory,
    /// A name that is listed, and a 404 all the same.
    Absent,
}

/// `absent` of a category that every instance has.
pub(super) const NEVER: &str = "never";

/// `since` of a category without a release version in AWS's documentation, outside newer directories.
pub(crate) const ALWAYS: &str = "1.0";

impl Category {
    /// Whether any instance has it.
    pub fn is_served(&self) -> bool {
        !matches!(self.source, Source::Nothing)
    }

    /// The paths that an instance has of this category, and what they hold.
    pub(crate) fn on(&self, instance: &Instance) -> Vec<(String, Value)> {
        match self.source {
            Source::Instance(value) => {
                value(instance).map(|value| (self.path.to_owned(), value)).into_iter().collect()
            }
            Source::Interface(value) => {
                let of = |interface: &NetworkInterface| {
                    Some((self.fill(&interface.mac.to_string()), value(instance, interface)?))
                };
                instance.interfaces.iter().filter_map(of).collect()
            }
            Source::Each(values) => {
                let named = values(instance).into_iter();
                named.map(|(name, value)| (self.fill(&name), value)).collect()
            }
            Source::Nothing => Vec::new(),
        }
    }

    /// Whether its last part is nothing but a name that the instance gives: such names are listed
    /// in the order in which the instance gives them.
    pub(crate) fn ends_in_a_name(&self) -> bool {
        self.path.rsplit('/').next().is_some_and(|part| part.starts_with('{'))
    }

    /// The path with `name` between the first and the last brace.
    fn fill(&self, name: &str) -> String {
        match (self.path.find('{'), self.path.rfind('}')) {
            (Some(start), Some(end)) => [&self.path[..start], name, &self.path[end + 1..]].concat(),
            _ => unreachable!("{} has a name in braces", self.path),
        }
    }
}

impl Value {
    pub(super) fn of(text: impl Display) -> Self {
        Self::Text(text.to_string().into_bytes().into())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the shape that sources have")]
pub(super) fn text(value: impl Display) -> Option<Value> {
    Some(Value::of(value))
}

/// One line for each item; absent without any.
pub(super) fn lines(items: impl IntoIterator<Item: Display>) -> Option<Value> {
    let lines: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    (!lines.is_empty()).then(|| Value::of(lines.join("\n")))
}

/// What depends on the instance's events: `render` gives it at a time in seconds since 1970.
pub(super) fn timed(instance: &Instance, render: impl Fn(u64) -> Option<String>) -> Option<Value> {
    match Timeline::new(instance.events.instants(), render).constant() {
        Ok(value) => value.map(Value::of),
        Err(timeline) => Some(Value::Timed(Timed::Steps(timeline))),
    }
}
