//! `dynamic/`.

use super::{ALWAYS, Builder, Content};
use crate::identity::{self, Proof};
use crate::instance::Instance;

/// The path of the identity document.
pub(super) const DOCUMENT: &str = "dynamic/instance-identity/document";

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    tree.value("dynamic/fws/instance-monitoring", "2009-04-04", "disabled");
    tree.value(DOCUMENT, "2009-04-04", identity::document(instance));
    for proof in Proof::ALL {
        let since = match proof {
            Proof::Pkcs7 | Proof::Signature => "2009-04-04",
            Proof::Rsa2048 => ALWAYS,
        };
        let path = format!("dynamic/instance-identity/{proof}");
        tree.insert(&path, since, Content::Signed(proof));
    }
}
