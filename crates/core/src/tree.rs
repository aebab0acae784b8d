//! A path becomes a value or a listing.
//!
//! The tree is rendered once, when an instance is written; a request then costs one lookup. Only
//! documents that change with time (role credentials) are rendered per request, and only the
//! signatures of the identity document, which need keys, are added later.

mod block_device;
mod dynamic;
mod events;
mod iam;
mod meta_data;
mod network;
mod placement;
mod tags;
mod user_data;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::credentials::Credentials;
use crate::identity::{Proof, Signatures};
use crate::instance::Instance;
use crate::time::Moment;
use crate::versions;

const TEXT: &str = "text/plain";
const BINARY: &str = "application/octet-stream";

/// The metadata of one instance, by path below the version: `meta-data/instance-id`.
pub struct Tree {
    nodes: BTreeMap<Box<str>, Node>,
    versions: String,
    signatures: OnceLock<Signatures>,
}

/// What a path holds.
pub struct Found<'a> {
    /// The value, or the listing: names joined by LF, no LF at the end.
    pub body: Cow<'a, [u8]>,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Whether the value is still to be made; `body` is empty then.
    pub pending: bool,
}

struct Node {
    /// The version that first has it.
    since: &'static str,
    /// What its parent lists it as.
    label: Label,
    content: Content,
}

enum Content {
    Value(Vec<u8>, &'static str),
    Credentials(Credentials),
    Signed(Proof),
    Directory(Directory),
    /// A name that is listed, and a 404 all the same.
    Absent,
}

/// A name in a listing, which is sorted by rank, then by name: all ranks are 0 but where an order
/// was given.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
struct Label {
    rank: usize,
    name: Box<str>,
}

#[derive(Default)]
struct Directory {
    /// The names to list, in order, each with the version that first has it.
    names: Vec<(Label, &'static str)>,
    /// The listing under `latest`, which is nearly always asked for.
    latest: String,
}

impl Tree {
    /// Renders the metadata of an instance.
    pub fn new(instance: &Instance) -> Self {
        let mut tree = Builder::new();
        meta_data::add(&mut tree, instance);
        block_device::add(&mut tree, instance);
        events::add(&mut tree);
        iam::add(&mut tree, instance);
        network::add(&mut tree, instance);
        placement::add(&mut tree, instance);
        tags::add(&mut tree, instance);
        dynamic::add(&mut tree, instance);
        user_data::add(&mut tree, instance);
        tree.finish()
    }

    /// Looks up a path that has been made plain: `latest/meta-data/instance-id`, or empty for the
    /// list of versions. `None` is a 404.
    pub fn find(&self, path: &str, now: Moment) -> Option<Found<'_>> {
        if path.is_empty() {
            return Some(Found::text(self.versions.as_bytes()));
        }
        let (version, path) = path.split_once('/').unwrap_or((path, ""));
        if !versions::is_known(version) {
            return None;
        }
        let node = self.nodes.get(path).filter(|node| node.since <= version)?;
        Some(match &node.content {
            Content::Value(value, content_type) => {
                Found { content_type, ..Found::text(value.as_slice()) }
            }
            Content::Credentials(credentials) => {
                Found::text(credentials.document(now.unix_seconds()).into_bytes())
            }
            Content::Signed(proof) => match self.signatures.get() {
                Some(signatures) => Found::text(signatures.of(*proof)),
                None => Found { pending: true, ..Found::text(b"".as_slice()) },
            },
            Content::Directory(directory) => Found::text(directory.list(version)),
            Content::Absent => return None,
        })
    }

    /// The identity document.
    pub fn document(&self) -> &[u8] {
        match self.nodes.get(dynamic::DOCUMENT).map(|node| &node.content) {
            Some(Content::Value(value, _)) => value,
            _ => unreachable!("every tree has an identity document"),
        }
    }

    /// Adds the signatures of the identity document. Only the first call has an effect.
    pub fn set_signatures(&self, signatures: Signatures) {
        // Whoever was first signed the same bytes with the same keys.
        let _ = self.signatures.set(signatures);
    }

    /// Whether the signatures of the identity document are there.
    pub fn is_signed(&self) -> bool {
        self.signatures.get().is_some()
    }

    /// Every path below a version that holds a value, in order.
    pub fn leaves(&self) -> impl Iterator<Item = &str> {
        self.paths(|content| !matches!(content, Content::Directory(_) | Content::Absent))
    }

    /// Every path below a version that lists others, the version itself (an empty path) first.
    pub fn directories(&self) -> impl Iterator<Item = &str> {
        self.paths(|content| matches!(content, Content::Directory(_)))
    }

    fn paths(&self, of: fn(&Content) -> bool) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter(move |(_, node)| of(&node.content)).map(|(path, _)| &**path)
    }
}

impl<'a> Found<'a> {
    fn text(body: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { body: body.into(), content_type: TEXT, pending: false }
    }
}

impl Directory {
    fn new(mut names: Vec<(Label, &'static str)>) -> Self {
        names.sort();
        let mut directory = Self { names, latest: String::new() };
        directory.latest = directory.join(versions::LATEST);
        directory
    }

    fn list(&self, version: &str) -> Cow<'_, [u8]> {
        if version == versions::LATEST {
            return self.latest.as_bytes().into();
        }
        self.join(version).into_bytes().into()
    }

    fn join(&self, version: &str) -> String {
        let names = self.names.iter().filter(|(_, since)| *since <= version);
        names.map(|(label, _)| &*label.name).collect::<Vec<_>>().join("\n")
    }
}

/// A tree being put together: directories come into being with their first child, and what they
/// list is settled when all are there.
struct Builder {
    nodes: BTreeMap<Box<str>, Node>,
}

/// For what AWS names no version of: it is served under all of them.
const ALWAYS: &str = "1.0";

impl Builder {
    fn new() -> Self {
        let mut builder = Self { nodes: BTreeMap::new() };
        builder.directory("", ALWAYS);
        builder
    }

    /// A value, served under `since` and every later version.
    fn value(&mut self, path: &str, since: &'static str, value: impl Into<Vec<u8>>) {
        self.insert(path, since, Content::Value(value.into(), TEXT));
    }

    fn insert(&mut self, path: &str, since: &'static str, content: Content) {
        let (parent, name) = split(path);
        self.directory(parent, since);
        let label = Label { rank: 0, name: name.into() };
        self.nodes.insert(path.into(), Node { since, label, content });
    }

    /// Sees to it that there is a directory at `path`, as old as its oldest child.
    fn directory(&mut self, path: &str, since: &'static str) {
        let (parent, name) = split(path);
        if !path.is_empty() {
            self.directory(parent, since);
        }
        let node = self.nodes.entry(path.into()).or_insert_with(|| {
            // Names in the version's own listing have no slash; all other directories do.
            let slash = if parent.is_empty() { "" } else { "/" };
            let label = Label { rank: 0, name: format!("{name}{slash}").into() };
            Node { since, label, content: Content::Directory(Directory::default()) }
        });
        node.since = since.min(node.since);
    }

    /// Lists what is at `path` otherwise than by its last part.
    fn label(&mut self, path: &str, rank: usize, name: &str) {
        if let Some(node) = self.nodes.get_mut(path) {
            node.label = Label { rank, name: name.into() };
        }
    }

    fn finish(mut self) -> Tree {
        let mut listings = BTreeMap::<Box<str>, Vec<_>>::new();
        for (path, node) in self.nodes.iter().filter(|(path, _)| !path.is_empty()) {
            let (parent, _) = split(path);
            listings.entry(parent.into()).or_default().push((node.label.clone(), node.since));
        }
        for (path, names) in listings {
            if let Some(node) = self.nodes.get_mut(&path) {
                node.content = Content::Directory(Directory::new(names));
            }
        }
        Tree { nodes: self.nodes, versions: versions::listing(), signatures: OnceLock::new() }
    }
}

/// A path's parent and its last part.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
