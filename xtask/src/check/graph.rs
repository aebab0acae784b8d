//! Which file of a target uses which, and the circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use super::mentions::Kind;
use super::resolve::{Found, Scopes};
use super::source::{FileId, Tree};

/// Edges between the files of a target, with the lines that make each.
pub(crate) struct Graph<'a> {
    tree: &'a Tree,
    edges: BTreeMap<FileId, BTreeMap<FileId, Vec<Use>>>,
}

/// One line that makes an edge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) line: usize,
    pub(crate) path: String,
}

impl<'a> Graph<'a> {
    /// An edge is an import or a name in code, and leads to the file that defines what is named.
    /// `mod` items and re-exports alone make no edge; nor does code for tests.
    pub(crate) fn new(tree: &'a Tree, scopes: &Scopes<'_>) -> Self {
        let mut edges: BTreeMap<FileId, BTreeMap<FileId, Vec<Use>>> = BTreeMap::new();
        for (id, module) in tree.modules.iter().enumerate() {
            for mention in scopes.mentions(id) {
                if mention.kind == Kind::ReExport {
                    continue;
                }
                let Found::Item(to) = scopes.resolve(id, &mention.names) else { continue };
                if to != module.file {
                    let uses = edges.entry(module.file).or_default().entry(to).or_default();
                    uses.push(Use { line: mention.line, path: mention.names.join("::") });
                }
            }
        }
        for uses in edges.values_mut().flat_map(BTreeMap::values_mut) {
            uses.sort();
            uses.dedup();
        }
        Self { tree, edges }
    }

    /// All edges: from, to, and the lines.
    pub(crate) fn edges(&self) -> impl Iterator<Item = (FileId, FileId, &[Use])> {
        self.edges.iter().flat_map(|(from, targets)| {
            targets.iter().map(move |(to, uses)| (*from, *to, uses.as_slice()))
        })
    }

    /// For each edge that closes a circle the shortest one through it, each once, short ones first.
    /// A circle is its files in order; the last uses the first.
    pub(crate) fn circles(&self) -> Vec<Vec<FileId>> {
        let mut circles = BTreeSet::new();
        for (from, to, _) in self.edges() {
            if let Some(mut circle) = self.shortest(to, from) {
                let least = circle.iter().enumerate().min_by_key(|(_, file)| **file);
                let least = least.map_or(0, |(at, _)| at);
                circle.rotate_left(least);
                circles.insert((circle.len(), circle));
            }
        }
        circles.into_iter().map(|(_, circle)| circle).collect()
    }

    /// The shortest way along edges, both ends included.
    fn shortest(&self, from: FileId, to: FileId) -> Option<Vec<FileId>> {
        let mut before = BTreeMap::from([(from, from)]);
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            if at == to {
                let mut way = vec![to];
                while way[way.len() - 1] != from {
                    way.push(before[&way[way.len() - 1]]);
                }
                way.reverse();
                return Some(way);
            }
            for next in self.edges.get(&at).into_iter().flat_map(BTreeMap::keys) {
                if !before.contains_key(next) {
                    before.insert(*next, at);
                    queue.push_back(*next);
                }
            }
        }
        None
    }

    /// A circle as text: each file with the lines by which it uses the next.
    pub(crate) fn describe(&self, circle: &[FileId]) -> String {
        let name = |file: FileId| self.tree.files[file].path.display();
        let mut text = format!("circle of {} files", circle.len());
        for (at, from) in circle.iter().enumerate() {
            let to = circle[(at + 1) % circle.len()];
            let _ = write!(text, "\n    {} uses {}", name(*from), name(to));
            for Use { line, path } in self.edges[from][&to].iter().take(3) {
                let _ = write!(text, "\n      line {line}: {path}");
            }
            if let more @ 1.. = self.edges[from][&to].len().saturating_sub(3) {
                let _ = write!(text, "\n      and {more} more");
            }
        }
        text
    }
}
