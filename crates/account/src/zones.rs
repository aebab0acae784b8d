//! The Regions that need no opting in, and their Availability Zones.

use imds_core::placement::{Region, Zone};

/// The Regions of the `aws` partition that need no opting in, and how many zones a new account sees
/// there. Source: AWS documentation, "AWS Regions and Availability Zones".
pub const REGIONS: [(&str, u8); 17] = [
    ("ap-northeast-1", 3),
    ("ap-northeast-2", 4),
    ("ap-northeast-3", 3),
    ("ap-south-1", 3),
    ("ap-southeast-1", 3),
    ("ap-southeast-2", 3),
    ("ca-central-1", 3),
    ("eu-central-1", 3),
    ("eu-north-1", 3),
    ("eu-west-1", 3),
    ("eu-west-2", 3),
    ("eu-west-3", 3),
    ("sa-east-1", 3),
    ("us-east-1", 6),
    ("us-east-2", 3),
    ("us-west-1", 2),
    ("us-west-2", 4),
];

/// The zones of a Region; three where it is one that is not listed.
pub fn zones(region: &Region) -> Vec<Zone> {
    let listed = REGIONS.iter().find(|(name, _)| *name == region.as_str());
    let count = listed.map_or(3, |(_, count)| *count);
    (b'a'..).take(count.into()).map(|letter| region.zone(letter.into())).collect()
}
