//! `meta-data/block-device-mapping/`.

use super::Builder;
use crate::instance::Instance;

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    for name in ["ami", "root"] {
        let path = format!("meta-data/block-device-mapping/{name}");
        tree.value(&path, "2007-12-15", instance.image.root_device.as_str());
    }
}
