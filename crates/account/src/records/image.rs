//! Images that were registered or created, and snapshots. They hold nothing.

use std::collections::{BTreeMap, BTreeSet};

use imds_core::image::{self, Platform};
use imds_core::{AccountId, ImageId, InstanceId};
use serde::{Deserialize, Serialize};

use crate::volume::VolumeSettings;

/// An image that was registered or created.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Image {
    /// Its name, unique among the account's images of a Region.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// The account that owns it.
    pub owner: AccountId,
    /// When it was registered, in seconds since 1970.
    pub created_at: u64,
    /// Whether it has `ImdsSupport=v2.0`. Once it has, it cannot be taken back.
    pub imds_v2_support: bool,
    /// `x86_64`, `arm64`, …
    pub architecture: String,
    /// The root device.
    pub root_device: String,
    /// Its operating system.
    #[serde(default, skip_serializing_if = "Platform::is_linux")]
    pub platform: Platform,
    /// Its block devices, the root device too; where there are none, the root device alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<ImageDevice>,
    /// The instance that it was created from, and that one's image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<(InstanceId, ImageId)>,
    /// Who else may launch it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions: BTreeSet<Permission>,
    /// Attributes that calls set and read back, by the EC2 API's name.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

impl Image {
    /// What an instance has of it; `image` has its id and the architecture to run on.
    pub fn image(self, image: image::Image) -> image::Image {
        image::Image {
            imds_v2_support: self.imds_v2_support,
            platform: self.platform,
            root_device: self.root_device,
            ..image
        }
    }
}

/// A block device of an image.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ImageDevice {
    /// Such as `/dev/xvda`.
    pub device: String,
    /// `ephemeral0`, …; none of an EBS volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_name: Option<String>,
    /// The EBS volume that is made of it.
    #[serde(default)]
    pub ebs: VolumeSettings,
}

/// A snapshot of an EBS volume.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Snapshot {
    /// The volume.
    pub volume_id: String,
    /// The volume's size, in GiB.
    pub size: i32,
    /// What its creator says of it.
    pub description: String,
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
    /// The key that it is encrypted with.
    pub kms_key_id: Option<String>,
    /// Who else may make volumes of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions: BTreeSet<Permission>,
}

/// Somebody who may use an image or a snapshot.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Permission {
    /// `all`
    Group(String),
    /// An account.
    User(String),
    /// An organization, by ARN.
    Organization(String),
    /// An organizational unit, by ARN.
    OrganizationalUnit(String),
}
