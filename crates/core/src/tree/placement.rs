//! `meta-data/placement/`.

use super::Builder;
use crate::instance::Instance;

pub(super) fn add(tree: &mut Builder, instance: &Instance) {
    let zone = &instance.zone;
    tree.value("meta-data/placement/availability-zone", "2008-02-01", zone.as_str());
    tree.value("meta-data/placement/availability-zone-id", "2019-10-01", zone.id());
    tree.value("meta-data/placement/region", "2020-08-24", zone.region().as_str());
}
