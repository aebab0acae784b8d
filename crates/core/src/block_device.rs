//! Block devices: what is mapped to a device name at launch.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::Invalid;

/// An entry of a block device mapping.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BlockDevice {
    /// The device name, such as `/dev/sdf`, as whoever launched wrote it.
    pub device: String,
    /// What is behind it.
    pub volume: Volume,
}

/// What a device name stands for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Volume {
    /// An EBS volume.
    Ebs,
    /// An instance store volume without `NVMe`, 0 to 23.
    Ephemeral(u8),
    /// A swap partition; only on some old types.
    Swap,
}

impl FromStr for Volume {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let rule = "it is ebs, swap, or ephemeral0 to ephemeral23";
        match text {
            "ebs" => Ok(Self::Ebs),
            "swap" => Ok(Self::Swap),
            _ => {
                let number = text.strip_prefix("ephemeral").and_then(|number| number.parse().ok());
                let number = number.filter(|number| *number < 24).map(Self::Ephemeral);
                number.ok_or_else(|| Invalid::new("volume", text, rule))
            }
        }
    }
}

/// Merges two mappings: an entry of `overrides` replaces the inherited one with its device name.
pub(crate) fn merge(inherited: &[BlockDevice], overrides: Vec<BlockDevice>) -> Vec<BlockDevice> {
    let is_overridden =
        |device: &&BlockDevice| overrides.iter().any(|one| one.device == device.device);
    let mut merged: Vec<_> = inherited.iter().filter(|one| !is_overridden(one)).cloned().collect();
    merged.extend(overrides);
    merged
}
