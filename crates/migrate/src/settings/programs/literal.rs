//! The properties that a program writes down in one place: an object in TypeScript, keyword
//! arguments in Python, a builder's calls in Java, an initializer in C#, a composite literal in Go.

use tree_sitter::Node;

use crate::edit::Edit;
use crate::language::Language;
use crate::syntax::{children, text};

/// How a language writes properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notation {
    TypeScript,
    Python,
    Java,
    CSharp,
    Go,
}

/// The same in each notation.
pub(super) struct Words {
    pub(super) typescript: &'static str,
    pub(super) python: &'static str,
    pub(super) java: &'static str,
    pub(super) csharp: &'static str,
    pub(super) go: &'static str,
}

/// One property.
pub(super) struct Entry<'t> {
    /// Its name in lower case and without `_`, which is the same in every language.
    pub(super) key: String,
    pub(super) value: Node<'t>,
}

/// Properties in one place.
pub(super) struct Literal<'t> {
    entries: Vec<Entry<'t>>,
    /// Whether more come from elsewhere.
    pub(super) is_open: bool,
    /// Where the first property may begin.
    start: usize,
    /// Where it does, if there is one.
    first: Option<usize>,
    /// Whether other arguments stand before.
    follows: bool,
}

impl Notation {
    pub(super) fn of(language: Language) -> Option<Self> {
        Some(match language {
            Language::JavaScript => Self::TypeScript,
            Language::Python => Self::Python,
            Language::Java => Self::Java,
            Language::CSharp => Self::CSharp,
            Language::Go => Self::Go,
            _ => return None,
        })
    }

    pub(super) fn pick(self, words: &Words) -> &'static str {
        match self {
            Self::TypeScript => words.typescript,
            Self::Python => words.python,
            Self::Java => words.java,
            Self::CSharp => words.csharp,
            Self::Go => words.go,
        }
    }

    /// Whether programs import single classes or name their module: others open whole namespaces.
    pub(super) fn imports_names(self) -> bool {
        matches!(self, Self::TypeScript | Self::Python)
    }

    /// The class that `written` names or describes: `ec2.InstanceProps` is about `ec2.Instance`.
    pub(super) fn class(self, written: &str) -> String {
        let endings: &[&str] = match self {
            Self::TypeScript | Self::Python => return written.to_owned(),
            Self::Java => &[".Builder", "Props", "Args", "Options"],
            Self::CSharp | Self::Go => &["Props", "Args", "Options"],
        };
        let class = endings.iter().find_map(|ending| written.strip_suffix(ending));
        class.unwrap_or(written).to_owned()
    }

    /// The name and the properties of what `node` makes; no properties where they are not written
    /// there.
    pub(super) fn construction<'t>(
        self,
        node: Node<'t>,
        source: &[u8],
    ) -> Option<(Node<'t>, Option<Literal<'t>>)> {
        let field = |name| node.child_by_field_name(name);
        match (self, node.kind()) {
            (Self::TypeScript, "new_expression" | "call_expression") => {
                let name = field("constructor").or(field("function"))?;
                let arguments = children(field("arguments")?).into_iter();
                let object = arguments.rev().find(|n| n.kind() == "object");
                Some((name, object.and_then(|o| self.literal(o, source))))
            }
            (Self::Python, "call") => {
                let arguments = field("arguments")?;
                let last = children(arguments).into_iter().rfind(|n| n.kind() != "comment");
                let is_named = last
                    .is_some_and(|n| matches!(n.kind(), "keyword_argument" | "dictionary_splat"));
                let literal = self.literal(node, source).filter(|_| is_named);
                Some((field("function")?, literal))
            }
            (Self::CSharp, "object_creation_expression") | (Self::Go, "composite_literal") => {
                Some((field("type")?, Some(self.literal(node, source)?)))
            }
            (Self::Java, "method_invocation") => {
                let name = text(field("name")?, source);
                let root = (name == "build").then(|| chain(node).last().copied())??;
                Some((root.child_by_field_name("object")?, Some(self.literal(node, source)?)))
            }
            _ => None,
        }
    }

    /// The properties that are written down in `node`, if it is the place for some.
    pub(super) fn literal<'t>(self, node: Node<'t>, source: &[u8]) -> Option<Literal<'t>> {
        let holder = match (self, node.kind()) {
            (Self::TypeScript, "object") | (Self::Python, "dictionary") => node,
            (Self::Python, "call") => node.child_by_field_name("arguments")?,
            (Self::CSharp, "object_creation_expression") => {
                node.child_by_field_name("initializer")?
            }
            (Self::Go, "unary_expression") => {
                return self.literal(node.child_by_field_name("operand")?, source);
            }
            (Self::Go, "composite_literal") => node.child_by_field_name("body")?,
            (Self::Java, "method_invocation") => return builder(node, source),
            _ => return None,
        };
        let parts: Vec<Node> =
            children(holder).into_iter().filter(|n| n.kind() != "comment").collect();
        let is_positional = |n: &Node| self == Self::Python && entry(*n, self, source).is_none();
        let before = parts.iter().take_while(|n| is_positional(n) && !is_spread(**n)).last();
        Some(Literal {
            entries: parts.iter().filter_map(|n| entry(*n, self, source)).collect(),
            is_open: parts.iter().any(|n| is_spread(*n)),
            start: before.map_or(holder.start_byte() + 1, Node::end_byte),
            first: parts
                .iter()
                .find(|n| before.is_none_or(|b| b.end_byte() < n.start_byte()))
                .map(Node::start_byte),
            follows: before.is_some(),
        })
    }
}

impl<'t> Literal<'t> {
    pub(super) fn get(&self, key: &str) -> Option<Node<'t>> {
        self.entries.iter().find(|e| e.key == key).map(|e| e.value)
    }

    /// The edit that adds a property, set apart as the first one is.
    pub(super) fn with(&self, property: &str, notation: Notation, source: &[u8]) -> Edit {
        let gap = |from: usize, to: usize| -> &str {
            let raw = source.get(from..to).unwrap_or_default();
            let blank = raw.iter().rposition(|b| !b.is_ascii_whitespace()).map_or(0, |p| p + 1);
            std::str::from_utf8(&raw[blank..]).unwrap_or(" ")
        };
        match (notation, self.first) {
            (Notation::Java, Some(first)) => {
                Edit::insert(self.start, format!("{}.{property}", gap(self.start, first)))
            }
            (Notation::Java, None) => Edit::insert(self.start, format!(".{property}")),
            (_, Some(first)) => {
                let gap = gap(self.start, first);
                let gap = if gap.contains('\n') { gap } else { " " };
                Edit::insert(first, format!("{property},{gap}"))
            }
            (_, None) if self.follows => Edit::insert(self.start, format!(", {property}")),
            (Notation::TypeScript | Notation::CSharp, None) => {
                let end = if source.get(self.start) == Some(&b' ') { "" } else { " " };
                Edit::insert(self.start, format!(" {property}{end}"))
            }
            (_, None) => Edit::insert(self.start, property),
        }
    }
}

/// The name of a property as it is compared.
pub(super) fn key(name: &str) -> String {
    let plain = name.trim_matches(['"', '\'']).chars().filter(|c| *c != '_');
    plain.flat_map(char::to_lowercase).collect()
}

/// The property that `node` is.
pub(super) fn entry<'t>(node: Node<'t>, notation: Notation, source: &[u8]) -> Option<Entry<'t>> {
    let field = |name| node.child_by_field_name(name);
    let (name, value) = match (notation, node.kind()) {
        (Notation::TypeScript | Notation::Python, "pair") => (field("key")?, field("value")?),
        (Notation::TypeScript, "shorthand_property_identifier") => (node, node),
        (Notation::Python, "keyword_argument") => (field("name")?, field("value")?),
        (Notation::CSharp, "assignment_expression") => (field("left")?, field("right")?),
        (Notation::Go, "keyed_element") => {
            let parts = children(node);
            let inner = |n: &Node<'t>| match n.kind() {
                "literal_element" => children(*n).first().copied(),
                _ => Some(*n),
            };
            (inner(parts.first()?)?, inner(parts.get(1)?)?)
        }
        (Notation::Java, "method_invocation") => {
            let [value] = children(field("arguments")?)[..] else { return None };
            (field("name")?, value)
        }
        _ => return None,
    };
    Some(Entry { key: key(&text(name, source)), value })
}

fn is_spread(node: Node<'_>) -> bool {
    matches!(node.kind(), "spread_element" | "dictionary_splat" | "list_splat")
}

/// `X.Builder.create(…).a(…).b(…).build()` or `XProps.builder().a(…).build()`.
fn builder<'t>(node: Node<'t>, source: &[u8]) -> Option<Literal<'t>> {
    let calls = chain(node);
    let (root, calls) = calls.split_last()?;
    let made = text(root.child_by_field_name("name")?, source);
    let is_builder = matches!(&*made, "create" | "builder");
    // From the first call on; the last one builds.
    let entries = calls.iter().rev().filter_map(|n| entry(*n, Notation::Java, source)).collect();
    let dot = source.get(root.end_byte()..)?.iter().position(|b| *b == b'.')?;
    is_builder.then(|| Literal {
        entries,
        is_open: false,
        start: root.end_byte(),
        first: Some(root.end_byte() + dot),
        follows: false,
    })
}

/// The calls of a chain, last first.
fn chain(node: Node<'_>) -> Vec<Node<'_>> {
    std::iter::successors(Some(node), |n| {
        n.child_by_field_name("object").filter(|o| o.kind() == "method_invocation")
    })
    .collect()
}
