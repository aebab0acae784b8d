//! `dynamic/`.

use super::Builder;
use crate::identity;
use crate::instance::Instance;

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    tree.value("dynamic/fws/instance-monitoring", "2009-04-04", "disabled");
    let document = identity::document(instance);
    tree.value("dynamic/instance-identity/document", "2009-04-04", document);
}
