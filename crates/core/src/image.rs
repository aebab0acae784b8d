//! Machine images, as far as the metadata shows them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::block_device::BlockDevice;
use crate::ids::{ImageId, Invalid, KernelId, RamdiskId, derive};
use crate::instance_type::Architecture;
use crate::options::{HopLimit, HttpTokens, Preferences};
use crate::placement::Region;

/// A machine image (AMI).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Image {
    /// Its id, which on EC2 differs between Regions.
    pub id: ImageId,
    /// Whether it was registered with `ImdsSupport=v2.0`.
    pub imds_v2_support: bool,
    /// The processors it is for.
    pub architecture: Architecture,
    /// Its operating system.
    pub platform: Platform,
    /// How it is run.
    pub virtualization: Virtualization,
    /// The root device in its block device mapping, such as `/dev/xvda`.
    pub root_device: String,
    /// The rest of its block device mapping.
    pub block_devices: Vec<BlockDevice>,
    /// Where its manifest is in S3; none for an image backed by EBS.
    pub manifest_path: Option<String>,
    /// The images it was bundled from, as its manifest has them.
    pub ancestors: Vec<ImageId>,
    /// Its AWS Marketplace product codes.
    pub product_codes: Vec<String>,
    /// The kernel of a paravirtual image.
    pub kernel: Option<KernelId>,
    /// The RAM disk of a paravirtual image.
    pub ramdisk: Option<RamdiskId>,
}

/// The operating systems that EC2 tells apart.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Linux and all others.
    #[default]
    Linux,
    /// Windows, whose instances have a password.
    Windows,
}

impl Platform {
    /// Whether it is Linux, which records leave out.
    pub fn is_linux(&self) -> bool {
        *self == Self::Linux
    }
}

/// The two ways Xen runs a machine; Nitro has only the first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Virtualization {
    /// With hardware support, and a kernel of its own.
    Hvm,
    /// With a Xen kernel that EC2 provides.
    Paravirtual,
}

impl Virtualization {
    /// As `meta-data/profile` has it, behind `default-`, and as the EC2 API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hvm => "hvm",
            Self::Paravirtual => "paravirtual",
        }
    }
}

/// The images one can name without knowing an id.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum WellKnownImage {
    /// Amazon Linux 2, registered without `ImdsSupport`: tokens optional, hop limit 1.
    AmazonLinux2,
    /// Amazon Linux 2023, `ImdsSupport=v2.0`: tokens required, hop limit 2.
    #[default]
    AmazonLinux2023,
}

/// The root device of an image that does not say another.
pub const ROOT_DEVICE: &str = "/dev/xvda";

impl WellKnownImage {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::AmazonLinux2, Self::AmazonLinux2023];

    /// The well-known image that has this id in `region`, for these processors.
    pub fn with_id(id: &ImageId, region: &Region, architecture: Architecture) -> Option<Image> {
        let images = Self::ALL.into_iter().map(|image| image.in_region(region, architecture));
        images.into_iter().find(|image| image.id == *id)
    }

    /// The short name: `al2` or `al2023`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AmazonLinux2 => "al2",
            Self::AmazonLinux2023 => "al2023",
        }
    }

    /// The image as it stands in `region`, for the processors it is to run on. There is one for each kind of
    /// processor, with an id of its own.
    pub fn in_region(self, region: &Region, architecture: Architecture) -> Image {
        let id = match architecture {
            Architecture::Arm64 => derive(&[self.as_str(), region.as_str(), architecture.as_str()]),
            Architecture::I386 | Architecture::X86_64 => derive(&[self.as_str(), region.as_str()]),
        };
        Image {
            imds_v2_support: self == Self::AmazonLinux2023,
            ..Image::backed_by_ebs(ImageId::derived(&id), architecture, ROOT_DEVICE.to_owned())
        }
    }
}

impl fmt::Display for WellKnownImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for WellKnownImage {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|image| image.as_str() == text)
            .ok_or_else(|| Invalid::new("image", text, "it is `al2` or `al2023`"))
    }
}

impl Image {
    /// An image as most are: backed by EBS, with a kernel of its own, without `ImdsSupport`.
    pub fn backed_by_ebs(id: ImageId, architecture: Architecture, root_device: String) -> Self {
        Self {
            id,
            imds_v2_support: false,
            architecture,
            platform: Platform::Linux,
            virtualization: Virtualization::Hvm,
            root_device,
            block_devices: Vec::new(),
            manifest_path: None,
            ancestors: Vec::new(),
            product_codes: Vec::new(),
            kernel: None,
            ramdisk: None,
        }
    }

    /// The image's preferences for the options: `ImdsSupport=v2.0` touches only `HttpTokens` and the
    /// hop limit.
    pub fn preferences(&self) -> Preferences {
        if !self.imds_v2_support {
            return Preferences::default();
        }
        Preferences {
            http_tokens: Some(HttpTokens::Required),
            hop_limit: HopLimit::try_from(2).ok(),
            ..Preferences::default()
        }
    }
}
