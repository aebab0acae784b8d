//! What a tree is in memory: a shape, which trees of other instances have too, and its own values.

use std::sync::Arc;

use super::shape::{Content, Directory, Listing, Node, Shape};
use crate::timeline::Timed;

/// All paths of a tree and what they hold.
pub(super) struct Layout {
    pub(super) shape: Arc<Shape>,
    pub(super) values: Values,
    pub(super) timed: Box<[Timed]>,
}

/// Values, one after the other.
pub(super) struct Values {
    pub(super) bytes: Box<[u8]>,
    /// Where each ends.
    pub(super) ends: Box<[u32]>,
}

impl Values {
    pub(super) fn at(&self, place: u32) -> &[u8] {
        let place = place as usize;
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start as usize..self.ends[place] as usize]
    }
}

impl Layout {
    /// The node at a path below the version.
    pub(super) fn node(&self, path: &str) -> Option<&Node> {
        let mut node = self.root();
        for part in path.as_bytes().split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            let Content::Directory(directory) = node.content else { return None };
            let listing = self.listing(directory);
            let mut children = self.children(directory).iter();
            node = children.find(|child| listing[child.name.range()] == *part)?;
        }
        Some(node)
    }

    /// All names in a directory, a line feed between them.
    pub(super) fn listing(&self, directory: Directory) -> &[u8] {
        match directory.listing {
            Listing::Common(span) => &self.shape.names.as_bytes()[span.range()],
            Listing::Own(place) => self.values.at(place),
        }
    }

    /// What is in a directory, in the order of its listing.
    pub(super) fn children(&self, directory: Directory) -> &[Node] {
        &self.shape.nodes[directory.children.range()]
    }

    fn root(&self) -> &Node {
        &self.shape.nodes[0]
    }

    /// The paths of all nodes whose content passes `filter`, sorted.
    pub(super) fn paths(&self, filter: fn(&Content) -> bool) -> Vec<String> {
        let mut ahead = vec![(String::new(), self.root())];
        let mut paths = Vec::new();
        while let Some((path, node)) = ahead.pop() {
            if let Content::Directory(directory) = node.content {
                let slash = if path.is_empty() { "" } else { "/" };
                let listing = self.listing(directory);
                ahead.extend(self.children(directory).iter().map(|child| {
                    let name = String::from_utf8_lossy(&listing[child.name.range()]);
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
