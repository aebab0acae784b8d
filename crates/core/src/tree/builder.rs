//! A tree being put together: a directory exists as soon as it has a child; listings are written
//! when all children are known.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::layout::{Layout, Values};
use super::shape::{Content, Directory, Listing, Name, Node, Shape, Span};
use crate::catalogue::{self, ALWAYS, Category, Value};
use crate::extra::{Conflict, Extra};
use crate::instance::Instance;
use crate::timeline::Timed;
use crate::versions::Version;

/// The directory of the key pair, which is listed with the key pair's name.
const PUBLIC_KEY: &str = "meta-data/public-keys/0";

/// What will be a tree, by path.
pub(super) struct Builder {
    drafts: BTreeMap<String, Draft>,
}

struct Draft {
    since: Version,
    label: Label,
    value: Value,
    /// Whether it is a directory, and what is in it or below comes and goes.
    changes: bool,
    /// Whether it is a directory whose names the instance gives.
    is_own: bool,
}

impl Draft {
    fn is_directory(&self) -> bool {
        matches!(self.value, Value::Directory)
    }
}

/// A name in a listing, which is sorted by rank, then by name: all ranks are 0 but where an order
/// is fixed.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
struct Label {
    rank: usize,
    name: String,
}

impl Builder {
    /// What the instance has by the catalogue.
    pub(super) fn new(instance: &Instance) -> Self {
        let mut builder = Self { drafts: BTreeMap::new() };
        builder.directory("", Version::LATEST);
        for category in catalogue::categories() {
            for (nth, (path, value)) in category.on(instance).into_iter().enumerate() {
                let rank = if category.ends_in_a_name() { nth } else { 0 };
                builder.insert(&path, category.since, rank, value);
                builder.note_own_names(category, &path);
            }
        }
        if let Some(key) = &instance.public_key {
            builder.label(PUBLIC_KEY, &format!("0={}", key.name));
        }
        builder
    }

    /// Puts a value over what is there, in the same versions; in all where nothing is.
    pub(super) fn lay_over(&mut self, extra: &Extra) -> Result<(), Conflict> {
        let (path, bytes) = (extra.path.as_str(), extra.value.as_slice().into());
        let above = path.match_indices('/').map(|(end, _)| &path[..end]);
        for above in above {
            if self.drafts.get(above).is_some_and(|draft| !draft.is_directory()) {
                return Err(Conflict::BelowValue(above.to_owned()));
            }
        }
        match self.drafts.get_mut(path) {
            Some(draft) if draft.is_directory() => return Err(Conflict::Directory),
            Some(draft) => {
                draft.value = match draft.value {
                    Value::Binary(_) | Value::Absent => Value::Binary(bytes),
                    _ => Value::Text(bytes),
                }
            }
            None => self.insert(path, ALWAYS, 0, Value::Text(bytes)),
        }
        Ok(())
    }

    /// Adds what is served at `path` under `since` and every later version.
    fn insert(&mut self, path: &str, since: &str, rank: usize, value: Value) {
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
        let label = Label { rank, name };
        let draft = Draft { since, label, value, changes: false, is_own: false };
        self.drafts.insert(plain.to_owned(), draft);
    }

    /// Lists what is at `path` by more than its last part: `0=my-key` instead of `0/`.
    fn label(&mut self, path: &str, label: &str) {
        if let Some(draft) = self.drafts.get_mut(path) {
            label.clone_into(&mut draft.label.name);
        }
        self.gives_names(split(path).0);
    }

    /// Notes in which directories of a path of a category the instance gives the names.
    fn note_own_names(&mut self, category: &Category, path: &str) {
        let mut end = 0;
        for (pattern, part) in category.path.split('/').zip(path.split('/')) {
            if pattern.starts_with('{') {
                self.gives_names(path[..end].trim_end_matches('/'));
            }
            end += part.len() + 1;
        }
    }

    fn gives_names(&mut self, directory: &str) {
        if let Some(draft) = self.drafts.get_mut(directory) {
            draft.is_own = true;
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
            Draft { since, label, value: Value::Directory, changes: false, is_own: false }
        });
        draft.since = draft.since.min(since);
    }

    /// Notes that what is in the directory, and in those above it, depends on the time.
    fn comes_and_goes(&mut self, directory: &str) {
        let mut path = directory;
        while !path.is_empty() {
            if let Some(draft) = self.drafts.get_mut(path) {
                draft.changes = true;
            }
            path = split(path).0;
        }
    }

    /// Writes the tree, from the root down.
    pub(super) fn finish(mut self) -> Layout {
        let mut children = HashMap::<String, Vec<(Label, String)>>::new();
        for (path, draft) in self.drafts.iter().filter(|(path, _)| !path.is_empty()) {
            let child = (draft.label.clone(), path.clone());
            children.entry(split(path).0.to_owned()).or_default().push(child);
        }
        let mut tree = Writer::default();
        let mut ahead = VecDeque::from([(Name { start: 0, length: 0 }, String::new())]);
        while let Some((name, path)) = ahead.pop_front() {
            let Some(draft) = self.drafts.remove(&path) else { continue };
            let content = match draft.value {
                Value::Text(text) => Content::Text(tree.value(&text)),
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
                    // All that is ahead comes before the children.
                    let first = tree.nodes.len() + 1 + ahead.len();
                    let length = index(children.len());
                    let (listing, named) = tree.listing(children, draft.is_own);
                    ahead.extend(named);
                    let children = Span { start: index(first), length };
                    Content::Directory(Directory { listing, children, changes: draft.changes })
                }
            };
            tree.nodes.push(Node { name, since: draft.since, content });
        }
        Layout {
            shape: Shape { nodes: tree.nodes.into(), names: tree.names.into() }.shared(),
            values: Values { bytes: tree.values.into(), ends: tree.ends.into() },
            timed: tree.timed.into(),
        }
    }
}

/// The blocks of memory that a tree is.
#[derive(Default)]
struct Writer {
    nodes: Vec<Node>,
    names: String,
    values: Vec<u8>,
    ends: Vec<u32>,
    timed: Vec<Timed>,
    known: HashMap<Vec<u8>, u32>,
}

impl Writer {
    /// Writes a listing; gives its place, and each child's name and path.
    fn listing(
        &mut self,
        children: Vec<(Label, String)>,
        is_own: bool,
    ) -> (Listing, Vec<(Name, String)>) {
        let mut listing = String::new();
        let mut named = Vec::with_capacity(children.len());
        for (label, path) in children {
            if !listing.is_empty() {
                listing.push('\n');
            }
            let length = u16::try_from(split(&path).1.len());
            let length = length.unwrap_or_else(|_| unreachable!("a name of over 64 KiB"));
            named.push((Name { start: index(listing.len()), length }, path));
            listing.push_str(&label.name);
        }
        if is_own {
            return (Listing::Own(self.value(listing.as_bytes())), named);
        }
        let span = Span { start: index(self.names.len()), length: index(listing.len()) };
        self.names.push_str(&listing);
        (Listing::Common(span), named)
    }

    /// The value's place; equal ones share one, as many are there several times.
    fn value(&mut self, value: &[u8]) -> u32 {
        *self.known.entry(value.to_owned()).or_insert_with(|| {
            self.values.extend_from_slice(value);
            self.ends.push(index(self.values.len()));
            index(self.ends.len() - 1)
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
