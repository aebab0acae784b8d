//! A path becomes a value or a listing.
//!
//! The tree is rendered once, when an instance is written; a request then costs one walk down. Only
//! what changes with time (role credentials, events) is looked at per request, and only the
//! signatures of the identity document, which need keys, are added later.
//!
//! A service may hold a hundred thousand trees. So a tree has little of its own: its values, in one block of memory, and
//! where each of them ends. Which paths there are it shares with all trees of the same paths. The names in a directory lie
//! together, a line feed between them: they are its listing, and what a path is looked up in.

mod builder;
mod layout;
mod shape;

use std::borrow::Cow;
use std::sync::OnceLock;

use crate::extra::{Conflict, ExtraPath};
use crate::identity::Signatures;
use crate::imds_version::ImdsVersion;
use crate::instance::Instance;
use crate::time::Moment;
use crate::versions::{self, Version};

use builder::Builder;
use layout::Layout;
use shape::{Content, Directory, Node};

/// The metadata of one instance, by path below the version: `meta-data/instance-id`.
pub struct Tree {
    layout: Layout,
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
    /// Whether it is a listing.
    pub is_listing: bool,
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
        Self { layout: tree.finish(), signatures: OnceLock::new() }
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
        self.find_for(path, now, ImdsVersion::V2)
    }

    /// The same for a request of `delivery`, by which role credentials differ.
    pub fn find_for(&self, path: &str, now: Moment, delivery: ImdsVersion) -> Option<Found<'_>> {
        if path.is_empty() {
            return Some(Found::listing(versions::listing().as_bytes()));
        }
        let (version, path) = path.split_once('/').unwrap_or((path, ""));
        let version = Version::of(version)?;
        let view = View { layout: &self.layout, version, now: now.unix_seconds() };
        let node = self.layout.node(path).filter(|node| view.has(node))?;
        Some(match node.content {
            Content::Text(place) => Found::text(self.layout.values.at(place)),
            Content::Binary(place) => {
                Found { content_type: BINARY, ..Found::text(self.layout.values.at(place)) }
            }
            Content::Timed(index) => {
                let value = self.layout.timed[index as usize].at(view.now, delivery)?;
                Found::text(match value {
                    Cow::Borrowed(value) => Cow::Borrowed(value.as_bytes()),
                    Cow::Owned(value) => Cow::Owned(value.into_bytes()),
                })
            }
            Content::Signed(proof) => match self.signatures.get() {
                Some(signatures) => Found::text(signatures.of(proof)),
                None => Found { pending: true, ..Found::text(b"".as_slice()) },
            },
            Content::Directory(directory) => Found::listing(view.list(directory)),
            Content::Absent => return None,
        })
    }

    /// The identity document.
    pub fn document(&self) -> &[u8] {
        match self.layout.node(DOCUMENT).map(|node| node.content) {
            Some(Content::Text(place)) => self.layout.values.at(place),
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
        self.layout
            .paths(|content| !matches!(content, Content::Directory(_) | Content::Absent))
            .into_iter()
    }

    /// Every path below a version that lists others, the version itself (an empty path) first.
    pub fn directories(&self) -> impl Iterator<Item = String> + use<> {
        self.layout.paths(|content| matches!(content, Content::Directory(_))).into_iter()
    }
}

/// A tree as one version shows it at one time.
#[derive(Clone, Copy)]
struct View<'a> {
    layout: &'a Layout,
    version: Version,
    /// Seconds since 1970.
    now: u64,
}

impl<'a> View<'a> {
    /// Whether the node is listed.
    fn has(self, node: &Node) -> bool {
        node.since <= self.version
            && match node.content {
                Content::Timed(index) => self.layout.timed[index as usize].is_there(self.now),
                Content::Directory(directory) if directory.changes => {
                    self.layout.children(directory).iter().any(|child| self.has(child))
                }
                _ => true,
            }
    }

    fn list(self, directory: Directory) -> Cow<'a, [u8]> {
        let all = self.layout.listing(directory);
        if self.version == Version::LATEST && !directory.changes {
            return all.into();
        }
        let names = all.split(|byte| *byte == b'\n').zip(self.layout.children(directory));
        let listed = names.filter(|(_, child)| self.has(child)).map(|(name, _)| name);
        listed.collect::<Vec<_>>().join(&b'\n').into()
    }
}

impl<'a> Found<'a> {
    fn text(body: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { body: body.into(), content_type: TEXT, pending: false, is_listing: false }
    }

    fn listing(body: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { is_listing: true, ..Self::text(body) }
    }
}
