//! `meta-data/block-device-mapping/`.

use super::category::Source::{Each, Instance};
use super::category::{Category, NEVER, Value, lines, text};
use crate::block_device::{BlockDevice, Volume};
use crate::instance;

const SINCE: &str = "2007-12-15";

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        path: "meta-data/block-device-mapping/ami",
        since: SINCE,
        absent: NEVER,
        example: "/dev/xvda",
        source: Instance(|instance| text(&instance.image.root_device)),
    },
    Category {
        path: "meta-data/block-device-mapping/ebs{N}",
        since: SINCE,
        absent: "beyond the EBS volumes beside the root",
        example: "sdb",
        source: Each(|instance| {
            let is_ebs = |one: &&BlockDevice| one.volume == Volume::Ebs;
            let volumes = others(instance).filter(is_ebs).zip(1..);
            volumes.map(|(one, number)| entry(number, one)).collect()
        }),
    },
    Category {
        path: "meta-data/block-device-mapping/ephemeral{N}",
        since: SINCE,
        absent: "beyond the instance store volumes without NVMe",
        example: "sdb",
        source: Each(|instance| {
            let ephemeral = |one: &BlockDevice| match one.volume {
                Volume::Ephemeral(number) => Some(entry(number.into(), one)),
                Volume::Ebs | Volume::Swap => None,
            };
            others(instance).filter_map(ephemeral).collect()
        }),
    },
    Category {
        path: "meta-data/block-device-mapping/root",
        since: SINCE,
        absent: NEVER,
        example: "/dev/xvda",
        source: Instance(|instance| text(&instance.image.root_device)),
    },
    Category {
        path: "meta-data/block-device-mapping/swap",
        since: SINCE,
        absent: "without a swap partition",
        example: "sda3",
        source: Instance(|instance| {
            let mut swap = others(instance).filter(|one| one.volume == Volume::Swap);
            lines(swap.next().map(|one| &one.device))
        }),
    },
];

/// What is mapped beside the root device.
fn others(instance: &instance::Instance) -> impl Iterator<Item = &BlockDevice> {
    instance.block_devices.iter().filter(|one| one.device != instance.image.root_device)
}

fn entry(number: u32, device: &BlockDevice) -> (String, Value) {
    (number.to_string(), Value::of(&device.device))
}
