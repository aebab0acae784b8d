//! `meta-data/placement/`.

use super::category::Source::Instance;
use super::category::{Category, NEVER, lines, text};

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        path: "meta-data/placement/availability-zone",
        since: "2008-02-01",
        absent: NEVER,
        example: "us-east-1a",
        source: Instance(|i| text(&i.zone)),
    },
    Category {
        path: "meta-data/placement/availability-zone-id",
        since: "2019-10-01",
        absent: NEVER,
        example: "use1-az4",
        source: Instance(|i| text(i.placement.zone_id.clone().unwrap_or_else(|| i.zone.id()))),
    },
    Category {
        path: "meta-data/placement/group-name",
        since: "2020-08-24",
        absent: "outside a placement group",
        example: "my-pg",
        source: Instance(|i| lines(&i.placement.group_name)),
    },
    Category {
        path: "meta-data/placement/host-id",
        since: "2020-08-24",
        absent: "unless it is on a Dedicated Host",
        example: "h-0123456789abcdef0",
        source: Instance(|i| lines(&i.placement.host_id)),
    },
    Category {
        path: "meta-data/placement/partition-number",
        since: "2020-08-24",
        absent: "outside a partition placement group",
        example: "3",
        source: Instance(|i| lines(i.placement.partition_number)),
    },
    Category {
        path: "meta-data/placement/region",
        since: "2020-08-24",
        absent: NEVER,
        example: "us-east-1",
        source: Instance(|i| text(i.zone.region())),
    },
];
