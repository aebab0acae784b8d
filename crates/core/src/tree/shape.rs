//! What the trees of many instances have in common.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use crate::identity::Proof;
use crate::versions::Version;

/// The paths of a tree, without the names that its instance gives. Instances with the same categories, of which a
/// service may have a hundred thousand, share one.
#[derive(Eq, Hash, PartialEq)]
pub(super) struct Shape {
    /// The root is the first; the children of a directory lie together, in the order of its names.
    pub(super) nodes: Box<[Node]>,
    pub(super) names: Box<str>,
}

#[derive(Eq, Hash, PartialEq)]
pub(super) struct Node {
    /// The last part of its path: the beginning of what its directory lists it as.
    pub(super) name: Name,
    /// The version that first has it.
    pub(super) since: Version,
    pub(super) content: Content,
}

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) enum Content {
    /// The place of a value in the tree's values.
    Text(u32),
    Binary(u32),
    /// The place of one that depends on the time.
    Timed(u32),
    Signed(Proof),
    Directory(Directory),
    /// A name that is listed, and a 404 all the same.
    Absent,
}

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) struct Directory {
    /// The names of its children, as they are listed under `latest`.
    pub(super) listing: Listing,
    /// The nodes of its children: a part of [`Shape::nodes`].
    pub(super) children: Span,
    /// Whether some of what is in it, or below, comes and goes; so does the directory when all is
    /// gone.
    pub(super) changes: bool,
}

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) enum Listing {
    /// Names that the catalogue gives: a part of [`Shape::names`].
    Common(Span),
    /// Names that the instance gives, such as those of its tags: the place of a value.
    Own(u32),
}

/// A part of a directory's listing.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) struct Name {
    pub(super) start: u32,
    pub(super) length: u16,
}

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) length: u32,
}

/// Those that trees have, by their hash, and the hashes of some that none has any more.
static KNOWN: LazyLock<Mutex<HashMap<u64, Weak<Shape>>>> = LazyLock::new(Mutex::default);

impl Shape {
    /// The one that is equal to this and that trees have, or else this one.
    pub(super) fn shared(self) -> Arc<Self> {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = known.hasher().hash_one(&self);
        let equal = known.get(&hash).and_then(Weak::upgrade).filter(|shape| **shape == self);
        equal.unwrap_or_else(|| {
            if known.len() == known.capacity() {
                known.retain(|_, shape| shape.strong_count() > 0);
            }
            let shape = Arc::new(self);
            known.insert(hash, Arc::downgrade(&shape));
            shape
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::{Launch, LaunchRole};
    use crate::tree::Tree;

    #[test]
    fn instances_with_the_same_categories_share_a_shape() {
        let tree = |id: &str, role: Option<&str>| {
            let role = role.map(LaunchRole::named);
            let launch = Launch { instance_id: id.parse().ok(), role, ..Launch::default() };
            Tree::new(&launch.resolve().unwrap())
        };
        let mac = |tree: &Tree| tree.leaves().find(|path| path.ends_with("/device-number"));
        let [one, other] = ["i-00000001", "i-00000002"].map(|id| tree(id, Some("web")));
        assert!(Arc::ptr_eq(&one.layout.shape, &other.layout.shape));
        assert_ne!(mac(&one), mac(&other), "each has its own names");
        let without_role = tree("i-00000003", None);
        assert!(!Arc::ptr_eq(&one.layout.shape, &without_role.layout.shape));
    }
}
