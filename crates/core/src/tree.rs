//! A path becomes a value or a listing.
//!
//! The tree is rendered once, when an instance is written; a request then costs one walk down. Only
//! what changes with time (role credentials, events) is looked at per request, and only the
//! signatures of the identity document, which need keys, are added later.
//!
//! A service may hold a hundred thousand trees, so a tree is three blocks of memory: all names, all
//! values, and a node of 24 bytes for each path. The names in a directory lie together, a line feed
//! between them: they are its listing, and what a path is looked up in.

mod builder;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use crate::extra::{Conflict, ExtraPath};
use crate::identity::{Proof, Signatures};
use crate::instance::Instance;
use crate::time::Moment;
use crate::timeline::Timed;
use crate::versions::{self, Version};

use builder::Builder;

/// The metadata of one instance, by path below the version: `meta-data/instance-id`.
pub struct Tree {
    /// The root is the first; the children of a directory lie together, in the order of its names.
    nodes: Box<[Node]>,
    names: Box<str>,
    values: Box<[u8]>,
    timed: Box<[Timed]>,
    signatures: OnceLock<Box<Signatures>>,
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
    /// The last part of its path: the beginning of what its directory lists it as.
    name: Name,
    /// The version that first has it.
    since: Version,
    content: Content,
}

#[derive(Clone, Copy)]
enum Content {
    Text(Span),
    Binary(Span),
    /// An index into [`Tree::timed`].
    Timed(u32),
    Signed(Proof),
    Directory(Directory),
    /// A name that is listed, and a 404 all the same.
    Absent,
}

#[derive(Clone, Copy)]
struct Directory {
    /// The names of its children, as they are listed under `latest`.
    names: Span,
    /// The nodes of its children: the first, and how many.
    children: Span,
    /// Whether some of what is in it, or below, comes and goes; so does the directory when all is
    /// gone.
    changes: bool,
}

/// A part of [`Tree::names`].
#[derive(Clone, Copy)]
struct Name {
    start: u32,
    length: u16,
}

/// A part of [`Tree::nodes`], [`Tree::names`] or [`Tree::values`].
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    length: u32,
}

const TEXT: &str = "text/plain";
const BINARY: &str = "application/octet-stream";

/// The path of the identity document.
const DOCUMENT: &str = "dynamic/instance-identity/document";

impl Tree {
    /// Renders the metadata of an instance.
    pub fn new(instance: &Instance) -> Self {
        let mut tree = Builder::new(instance);
        for extra in &instance.extra {
            // An instance may change after its launch was checked; what it has by itself stays.
            let _ = tree.lay_over(extra);
        }
        tree.finish()
    }

    /// The first of the instance's extra values that cannot be where it should, and why.
    pub(crate) fn conflict(instance: &Instance) -> Option<(&ExtraPath, Conflict)> {
        if instance.extra.is_empty() {
            return None;
        }
        let mut tree = Builder::new(instance);
        instance.extra.iter().find_map(|extra| Some((&extra.path, tree.lay_over(extra).err()?)))
    }

    /// Looks up a path that has been made plain: `latest/meta-data/instance-id`, or empty for the
    /// list of versions. `None` is a 404.
    pub fn find(&self, path: &str, now: Moment) -> Option<Found<'_>> {
        if path.is_empty() {
            return Some(Found::text(versions::listing().as_bytes()));
        }
        let (version, path) = path.split_once('/').unwrap_or((path, ""));
        let version = Version::of(version)?;
        let view = View { tree: self, version, now: now.unix_seconds() };
        let node = self.node(path).filter(|node| view.has(node))?;
        Some(match node.content {
            Content::Text(span) => Found::text(&self.values[span.range()]),
            Content::Binary(span) => {
                Found { content_type: BINARY, ..Found::text(&self.values[span.range()]) }
            }
            Content::Timed(index) => {
                let value = self.timed[index as usize].at(view.now)?;
                Found::text(match value {
                    Cow::Borrowed(value) => Cow::Borrowed(value.as_bytes()),
                    Cow::Owned(value) => Cow::Owned(value.into_bytes()),
                })
            }
            Content::Signed(proof) => match self.signatures.get() {
                Some(signatures) => Found::text(signatures.of(proof)),
                None => Found { pending: true, ..Found::text(b"".as_slice()) },
            },
            Content::Directory(directory) => Found::text(view.list(directory)),
            Content::Absent => return None,
        })
    }

    /// The identity document.
    pub fn document(&self) -> &[u8] {
        match self.node(DOCUMENT).map(|node| node.content) {
            Some(Content::Text(span)) => &self.values[span.range()],
            _ => unreachable!("every tree has an identity document"),
        }
    }

    /// Adds the signatures of the identity document. Only the first call has an effect.
    pub fn set_signatures(&self, signatures: Signatures) {
        // Whoever was first signed the same bytes with the same keys.
        let _ = self.signatures.set(Box::new(signatures));
    }

    /// Whether the signatures of the identity document are there.
    pub fn is_signed(&self) -> bool {
        self.signatures.get().is_some()
    }

    /// Every path below a version that holds a value, at some time at least, in order.
    pub fn leaves(&self) -> impl Iterator<Item = String> + use<> {
        self.paths(|content| !matches!(content, Content::Directory(_) | Content::Absent))
    }

    /// Every path below a version that lists others, the version itself (an empty path) first.
    pub fn directories(&self) -> impl Iterator<Item = String> + use<> {
        self.paths(|content| matches!(content, Content::Directory(_)))
    }

    fn paths(&self, of: fn(&Content) -> bool) -> impl Iterator<Item = String> + use<> {
        let mut ahead = vec![(String::new(), &self.nodes[0])];
        let mut paths = Vec::new();
        while let Some((path, node)) = ahead.pop() {
            if let Content::Directory(directory) = node.content {
                let slash = if path.is_empty() { "" } else { "/" };
                ahead.extend(self.nodes[directory.children.range()].iter().map(|child| {
                    let name = &self.names[child.name.range()];
                    (format!("{path}{slash}{name}"), child)
                }));
            }
            if of(&node.content) {
                paths.push(path);
            }
        }
        paths.sort_unstable();
        paths.into_iter()
    }

    fn node(&self, path: &str) -> Option<&Node> {
        let names = self.names.as_bytes();
        let mut node = &self.nodes[0];
        for part in path.as_bytes().split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            let Content::Directory(directory) = node.content else { return None };
            let mut children = self.nodes[directory.children.range()].iter();
            node = children.find(|child| names[child.name.range()] == *part)?;
        }
        Some(node)
    }
}

impl Name {
    fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + usize::from(self.length)
    }
}

impl Span {
    fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.length as usize
    }
}

/// A tree as one version shows it at one time.
#[derive(Clone, Copy)]
struct View<'a> {
    tree: &'a Tree,
    version: Version,
    /// Seconds since 1970.
    now: u64,
}

impl<'a> View<'a> {
    /// Whether the node is listed.
    fn has(self, node: &Node) -> bool {
        node.since <= self.version
            && match node.content {
                Content::Timed(index) => self.tree.timed[index as usize].is_there(self.now),
                Content::Directory(directory) if directory.changes => {
                    self.tree.nodes[directory.children.range()].iter().any(|child| self.has(child))
                }
                _ => true,
            }
    }

    fn list(self, directory: Directory) -> Cow<'a, [u8]> {
        let all = &self.tree.names[directory.names.range()];
        if self.version == Version::LATEST && !directory.changes {
            return all.as_bytes().into();
        }
        let children = &self.tree.nodes[directory.children.range()];
        let names = all.split('\n').zip(children);
        let listed = names.filter(|(_, child)| self.has(child)).map(|(name, _)| name);
        listed.collect::<Vec<_>>().join("\n").into_bytes().into()
    }
}

impl<'a> Found<'a> {
    fn text(body: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { body: body.into(), content_type: TEXT, pending: false }
    }
}
