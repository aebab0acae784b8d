//! `meta-data/tags/instance/`, only while `InstanceMetadataTags` is enabled. Tags keep the order they
//! were given in.

use super::Builder;
use crate::instance::Instance;

const SINCE: &str = "2021-03-23";

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    if !instance.options.instance_metadata_tags.is_enabled() {
        return;
    }
    tree.directory("meta-data/tags/instance", SINCE);
    for (index, tag) in instance.tags.iter().enumerate() {
        let path = format!("meta-data/tags/instance/{}", tag.key);
        tree.value(&path, SINCE, tag.value.as_str());
        tree.label(&path, index, &tag.key);
    }
}
