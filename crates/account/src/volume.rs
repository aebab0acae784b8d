//! What a launch asks of an EBS volume.

use serde::{Deserialize, Serialize};

/// An EBS volume as the launch asked for it. Of what is unset, EC2's default holds.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct VolumeSettings {
    /// In GiB.
    pub size: Option<i32>,
    /// `gp3`, `io2`, …
    pub kind: Option<String>,
    /// Operations per second.
    pub iops: Option<i32>,
    /// In MiB per second.
    pub throughput: Option<i32>,
    /// Whether it is encrypted.
    pub is_encrypted: Option<bool>,
    /// The key that it is encrypted with.
    pub kms_key_id: Option<String>,
    /// The snapshot it is made of.
    pub snapshot_id: Option<String>,
    /// Whether it ends with the instance.
    pub delete_on_termination: Option<bool>,
    /// Its last modification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<VolumeChange>,
}

impl VolumeSettings {
    /// These, and `below` what they leave open.
    #[must_use]
    pub fn or(self, below: Self) -> Self {
        Self {
            size: self.size.or(below.size),
            kind: self.kind.or(below.kind),
            iops: self.iops.or(below.iops),
            throughput: self.throughput.or(below.throughput),
            is_encrypted: self.is_encrypted.or(below.is_encrypted),
            kms_key_id: self.kms_key_id.or(below.kms_key_id),
            snapshot_id: self.snapshot_id.or(below.snapshot_id),
            delete_on_termination: self.delete_on_termination.or(below.delete_on_termination),
            changed: self.changed.or(below.changed),
        }
    }
}

/// When a volume was modified, and what it had before.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct VolumeChange {
    /// In seconds since 1970.
    pub at: u64,
    /// In GiB.
    pub size: Option<i32>,
    /// `gp3`, `io2`, …
    pub kind: Option<String>,
    /// Operations per second.
    pub iops: Option<i32>,
    /// In MiB per second.
    pub throughput: Option<i32>,
}
