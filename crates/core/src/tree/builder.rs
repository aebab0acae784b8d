//! A tree being put together: directories come into being with their first child, and what they
//! list is settled when all are there.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::OnceLock;

use super::{Content, Directory, Kind, Node, Span, Tree};
use crate::catalogue::Value;
use crate::timeline::Timed;
use crate::versions::Version;

/// What will be a tree, by path.
pub(super) struct Builder {
    drafts: BTreeMap<String, Draft>,
}

struct Draft {
    since: Version,
    label: Label,
    kind: Kind,
    value: Value,
}

/// A name in a listing, which is sorted by rank, then by name: all ranks are 0 but where an order
/// was given.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
struct Label {
    rank: usize,
    name: String,
}

impl Builder {
    /// A tree with nothing but its root.
    pub(super) fn new() -> Self {
        let mut builder = Self { drafts: BTreeMap::new() };
        builder.directory("", Version::LATEST);
        builder
    }

    /// Adds what is served at `path` under `since` and every later version.
    pub(super) fn insert(&mut self, path: &str, since: &str, rank: usize, value: Value) {
        let since = Version::from(since);
        let plain = path.trim_end_matches('/');
        if let Value::Directory = value {
            return self.directory(plain, since);
        }
        let (parent, _) = split(plain);
        self.directory(parent, since);
        if let Value::Timed(timed) = &value
            && timed.comes_and_goes()
        {
            self.comes_and_goes(parent);
        }
        let name = path[parent.len()..].trim_start_matches('/').to_owned();
        let draft = Draft { since, label: Label { rank, name }, kind: Kind::Plain, value };
        self.drafts.insert(plain.to_owned(), draft);
    }

    /// Lists `name` in `directory` as `name=text`.
    pub(super) fn index(&mut self, directory: &str, name: &str, text: &str) {
        if let Some(draft) = self.drafts.get_mut(directory) {
            draft.kind = Kind::Indexed;
        }
        if let Some(draft) = self.drafts.get_mut(&format!("{directory}/{name}")) {
            draft.label.name = format!("{name}={text}");
        }
    }

    /// Sees to it that there is a directory at `path`, as old as its oldest child.
    fn directory(&mut self, path: &str, since: Version) {
        let (parent, name) = split(path);
        if !path.is_empty() {
            self.directory(parent, since);
        }
        let draft = self.drafts.entry(path.to_owned()).or_insert_with(|| {
            // Names in the version's own listing have no slash; all other directories do.
            let slash = if parent.is_empty() { "" } else { "/" };
            let label = Label { rank: 0, name: format!("{name}{slash}") };
            Draft { since, label, kind: Kind::Plain, value: Value::Directory }
        });
        draft.since = draft.since.min(since);
    }

    /// Notes that what is in the directory, and in those above it, depends on the time.
    fn comes_and_goes(&mut self, directory: &str) {
        let mut path = directory;
        while !path.is_empty() {
            if let Some(draft) = self.drafts.get_mut(path) {
                draft.kind = Kind::Changing;
            }
            path = split(path).0;
        }
    }

    /// Writes nodes and text, the nearest to the root first.
    pub(super) fn finish(mut self) -> Tree {
        let mut children = HashMap::<String, Vec<(Label, String)>>::new();
        for (path, draft) in self.drafts.iter().filter(|(path, _)| !path.is_empty()) {
            let child = (draft.label.clone(), path.clone());
            children.entry(split(path).0.to_owned()).or_default().push(child);
        }
        let mut tree = Writer::default();
        let mut ahead = VecDeque::from([String::new()]);
        let mut first = 1;
        while let Some(path) = ahead.pop_front() {
            let Some(draft) = self.drafts.remove(&path) else { continue };
            let content = match draft.value {
                Value::Text(text) => Content::Text(tree.value(text.as_bytes())),
                Value::Binary(bytes) => Content::Binary(tree.value(&bytes)),
                Value::Timed(timed) => {
                    tree.timed.push(timed);
                    Content::Timed(index(tree.timed.len() - 1))
                }
                Value::Signed(proof) => Content::Signed(proof),
                Value::Absent => Content::Absent,
                Value::Directory => {
                    let mut children = children.remove(&path).unwrap_or_default();
                    children.sort();
                    let names: Vec<_> = children.iter().map(|(label, _)| &*label.name).collect();
                    let names = tree.names(&names.join("\n"));
                    let directory = Directory { names, first: index(first), kind: draft.kind };
                    first += children.len();
                    ahead.extend(children.into_iter().map(|(_, path)| path));
                    Content::Directory(directory)
                }
            };
            tree.nodes.push(Node { since: draft.since, content });
        }
        Tree {
            nodes: tree.nodes.into(),
            names: tree.names.into(),
            values: tree.values.into(),
            timed: tree.timed.into(),
            signatures: OnceLock::new(),
        }
    }
}

/// The blocks of memory that a tree is.
#[derive(Default)]
struct Writer {
    nodes: Vec<Node>,
    names: String,
    values: Vec<u8>,
    timed: Vec<Timed>,
    known: HashMap<Vec<u8>, Span>,
}

impl Writer {
    fn names(&mut self, names: &str) -> Span {
        let start = index(self.names.len());
        self.names.push_str(names);
        Span { start, length: index(names.len()) }
    }

    /// The value's place; equal ones share one, as many are there several times.
    fn value(&mut self, value: &[u8]) -> Span {
        *self.known.entry(value.to_owned()).or_insert_with(|| {
            let start = index(self.values.len());
            self.values.extend_from_slice(value);
            Span { start, length: index(value.len()) }
        })
    }
}

fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or_else(|_| unreachable!("metadata of over 4 GiB"))
}

/// A path's parent and its last part.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
