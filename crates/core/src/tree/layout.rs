//! The three blocks of memory that hold a tree: names, values and nodes.

use std::ops::Range;

use crate::identity::Proof;
use crate::timeline::Timed;
use crate::versions::Version;

/// All paths of a tree and what they hold.
pub(super) struct Layout {
    /// The root is the first; the children of a directory lie together, in the order of its names.
    pub(super) nodes: Box<[Node]>,
    pub(super) names: Box<str>,
    pub(super) values: Box<[u8]>,
    pub(super) timed: Box<[Timed]>,
}

pub(super) struct Node {
    /// The last part of its path: the beginning of what its directory lists it as.
    pub(super) name: Name,
    /// The version that first has it.
    pub(super) since: Version,
    pub(super) content: Content,
}

#[derive(Clone, Copy)]
pub(super) enum Content {
    Text(Span),
    Binary(Span),
    /// An index into [`Layout::timed`].
    Timed(u32),
    Signed(Proof),
    Directory(Directory),
    /// A name that is listed, and a 404 all the same.
    Absent,
}

#[derive(Clone, Copy)]
pub(super) struct Directory {
    /// The names of its children, as they are listed under `latest`.
    pub(super) names: Span,
    /// The nodes of its children: the first, and how many.
    pub(super) children: Span,
    /// Whether some of what is in it, or below, comes and goes; so does the directory when all is
    /// gone.
    pub(super) changes: bool,
}

/// A part of [`Layout::names`].
#[derive(Clone, Copy)]
pub(super) struct Name {
    pub(super) start: u32,
    pub(super) length: u16,
}

/// A part of [`Layout::nodes`], [`Layout::names`] or [`Layout::values`].
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) length: u32,
}

impl Layout {
    /// The node at a path below the version.
    pub(super) fn node(&self, path: &str) -> Option<&Node> {
        let names = self.names.as_bytes();
        let mut node = &self.nodes[0];
        for part in path.as_bytes().split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            let Content::Directory(directory) = node.content else { return None };
            let mut children = self.nodes[directory.children.range()].iter();
            node = children.find(|child| names[child.name.range()] == *part)?;
        }
        Some(node)
    }

    /// The paths of all nodes whose content passes `filter`, sorted.
    pub(super) fn paths(&self, filter: fn(&Content) -> bool) -> Vec<String> {
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
            if filter(&node.content) {
                paths.push(path);
            }
        }
        paths.sort_unstable();
        paths
    }
}

impl Name {
    pub(super) fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + usize::from(self.length)
    }
}

impl Span {
    pub(super) fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.length as usize
    }
}
