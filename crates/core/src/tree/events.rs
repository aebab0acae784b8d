//! `meta-data/events/`: no maintenance is scheduled, and that is a 200 with an empty array.

use super::Builder;

pub(super) fn add(tree: &mut Builder) {
    for name in ["history", "scheduled"] {
        tree.value(&format!("meta-data/events/maintenance/{name}"), "2018-08-17", "[]");
    }
}
