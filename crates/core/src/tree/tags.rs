//! `meta-data/tags/instance/`, only while `InstanceMetadataTags` is enabled.

use super::{Builder, Content};
use crate::instance::Instance;

const SINCE: &str = "2021-03-23";

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    if !instance.options.instance_metadata_tags.is_enabled() {
        return;
    }
    tree.directory("meta-data/tags/instance", SINCE).in_given_order = true;
    for tag in instance.tags.iter() {
        let value = Content::Value(tag.value.clone().into(), super::TEXT);
        tree.insert(&format!("meta-data/tags/instance/{}", tag.key), SINCE, value);
    }
}
