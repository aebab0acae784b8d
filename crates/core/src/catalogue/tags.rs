//! `meta-data/tags/instance/`.

use super::category::Source::{Each, Instance};
use super::category::{Category, Value};

const SINCE: &str = "2021-03-23";
const ABSENT: &str = "unless InstanceMetadataTags is enabled";

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        path: "meta-data/tags/instance/",
        since: SINCE,
        absent: ABSENT,
        example: "Name\nEnvironment",
        source: Instance(|instance| {
            instance.options.instance_metadata_tags.is_enabled().then_some(Value::Directory)
        }),
    },
    Category {
        path: "meta-data/tags/instance/{key}",
        since: SINCE,
        absent: ABSENT,
        example: "web-1",
        source: Each(|instance| {
            let tags = instance.tags.iter();
            let shown = tags.filter(|_| instance.options.instance_metadata_tags.is_enabled());
            shown.map(|tag| (tag.key.clone(), Value::of(&tag.value))).collect()
        }),
    },
];
