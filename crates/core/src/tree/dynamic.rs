//! `dynamic/`.

use super::{Builder, Content};
use crate::identity::{self, Proof};
use crate::instance::Instance;

/// The path of the identity document.
pub(super) const DOCUMENT: &str = "dynamic/instance-identity/document";

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    tree.value("dynamic/fws/instance-monitoring", "2009-04-04", "disabled");
    tree.value(DOCUMENT, "2009-04-04", identity::document(instance));
    for proof in Proof::ALL {
        let path = format!("dynamic/instance-identity/{proof}");
        tree.insert(&path, "2009-04-04", Content::Signed(proof));
    }
}
