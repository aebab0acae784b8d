//! Positional parameters, what gives them, and what changes them.

use tree_sitter::Node;

/// A positional parameter, as one looks at those that a call gives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Parameter {
    /// `$1` is at 1.
    At(usize),
    /// Any of those from this one on.
    From(usize),
    /// `$@` and `$*`, without so many of the first.
    All(usize),
}

impl Parameter {
    pub(super) fn named(name: &str) -> Option<Self> {
        let is_all = matches!(name, "@" | "*");
        if is_all { Some(Self::All(0)) } else { name.parse().ok().map(Self::At) }
    }

    pub(super) fn shifted(self, by: usize) -> Self {
        match self {
            Self::At(position) => Self::At(position + by),
            Self::From(position) => Self::From(position + by),
            Self::All(skipped) => Self::All(skipped + by),
        }
    }

    /// What it may be once it is not known how often `shift` was run.
    pub(super) fn loose(self) -> Self {
        if let Self::At(position) = self { Self::From(position) } else { self }
    }
}

/// What gives parameters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Giver {
    /// The callers of a function.
    Callers(String),
    /// The `set` that begins at this byte.
    Set(usize),
}

/// A command that changes the parameters of the function, or script, it stands in.
pub(super) struct Change<'t> {
    pub(super) command: Node<'t>,
    pub(super) kind: ChangeKind<'t>,
}

pub(super) enum ChangeKind<'t> {
    /// `set` puts these words in their place.
    Set(Vec<Node<'t>>),
    /// `shift` drops so many of the first, if that is known.
    Shift(Option<usize>),
}

impl<'t> Change<'t> {
    /// The words that a `set` puts in their place.
    pub(super) fn set(&self) -> Option<&[Node<'t>]> {
        if let ChangeKind::Set(words) = &self.kind { Some(words) } else { None }
    }
}
