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
    content: Content,
}

enum Content {
    Value(Vec<u8>, &'static str),
    Credentials(Credentials),
    Signed(Proof),
    Directory(Directory),
}

#[derive(Default)]
struct Directory {
    /// The names to list, each with the version that first has it.
    names: Vec<(&'static str, Box<str>)>,
    /// Whether the names stay in the order they came in; else they are sorted.
    in_given_order: bool,
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
        let leaves = self.nodes.iter().filter(|(_, node)| !node.is_directory());
        leaves.map(|(path, _)| &**path)
    }

    /// Every path below a version that lists others, the version itself (an empty path) first.
    pub fn directories(&self) -> impl Iterator<Item = &str> {
        let directories = self.nodes.iter().filter(|(_, node)| node.is_directory());
        directories.map(|(path, _)| &**path)
    }
}

impl<'a> Found<'a> {
    fn text(body: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { body: body.into(), content_type: TEXT, pending: false }
    }
}

impl Node {
    fn is_directory(&self) -> bool {
        matches!(self.content, Content::Directory(_))
    }
}

impl Directory {
    fn list(&self, version: &str) -> Cow<'_, [u8]> {
        if version == versions::LATEST {
            return self.latest.as_bytes().into();
        }
        self.join(version).into_bytes().into()
    }

    fn join(&self, version: &str) -> String {
        let names = self.names.iter().filter(|(since, _)| *since <= version);
        names.map(|(_, name)| &**name).collect::<Vec<_>>().join("\n")
    }
}

/// A tree being put together: directories come into being with their first child.
struct Builder {
    nodes: BTreeMap<Box<str>, Node>,
}

/// For what AWS names no version of: it is served under all of them.
const ALWAYS: &str = "1.0";

impl Builder {
    fn new() -> Self {
        let root = Node { since: ALWAYS, content: Content::Directory(Directory::default()) };
        Self { nodes: BTreeMap::from([("".into(), root)]) }
    }

    /// A value, served under `since` and every later version.
    fn value(&mut self, path: &str, since: &'static str, value: impl Into<Vec<u8>>) {
        self.insert(path, since, Content::Value(value.into(), TEXT));
    }

    fn insert(&mut self, path: &str, since: &'static str, content: Content) {
        let label = path.rsplit('/').next().unwrap_or(path).to_owned();
        self.insert_as(path, &label, since, content);
    }

    /// Inserts a node that its parent lists under another name: `0=my-key`.
    fn insert_as(&mut self, path: &str, label: &str, since: &'static str, content: Content) {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let directory = self.directory(parent, since);
        if !directory.names.iter().any(|(_, name)| **name == *label) {
            directory.names.push((since, label.into()));
        }
        self.nodes.insert(path.into(), Node { since, content });
    }

    /// The directory at `path`, made where it is missing, and as old as its oldest child.
    fn directory(&mut self, path: &str, since: &'static str) -> &mut Directory {
        if !self.nodes.contains_key(path) {
            // Names in the version's own listing have no slash; all other directories do.
            let name = path.rsplit('/').next().unwrap_or(path);
            let slash = if path.contains('/') { "/" } else { "" };
            let label = format!("{name}{slash}");
            self.insert_as(path, &label, since, Content::Directory(Directory::default()));
        }
        self.age(path, since);
        match self.nodes.get_mut(path) {
            Some(Node { content: Content::Directory(directory), .. }) => directory,
            _ => unreachable!("{path} is a value and has children"),
        }
    }

    /// Makes a directory, and those above it, at least as old as `since`.
    fn age(&mut self, path: &str, since: &'static str) {
        let Some(node) = self.nodes.get_mut(path).filter(|node| since < node.since) else { return };
        node.since = since;
        let Some((parent, name)) =
            path.rsplit_once('/').or((!path.is_empty()).then_some(("", path)))
        else {
            return;
        };
        if let Some(Node { content: Content::Directory(directory), .. }) =
            self.nodes.get_mut(parent)
        {
            for (listed_since, listed) in &mut directory.names {
                if listed.trim_end_matches('/') == name {
                    *listed_since = since;
                }
            }
        }
        self.age(parent, since);
    }

    fn finish(mut self) -> Tree {
        for node in self.nodes.values_mut() {
            if let Content::Directory(directory) = &mut node.content {
                if !directory.in_given_order {
                    directory.names.sort_by(|(_, one), (_, other)| one.cmp(other));
                }
                directory.latest = directory.join(versions::LATEST);
            }
        }
        Tree { nodes: self.nodes, versions: versions::listing(), signatures: OnceLock::new() }
    }
}
