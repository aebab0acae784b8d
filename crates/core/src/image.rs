//! Machine images, as far as they decide metadata options.

use std::fmt;
use std::str::FromStr;

use crate::ids::{ImageId, Invalid, derive, resource_id};
use crate::options::{HopLimit, HttpTokens, Preferences};
use crate::placement::Region;

/// A machine image (AMI).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Image {
    /// Its id, which on EC2 differs between Regions.
    pub id: ImageId,
    /// Whether it was registered with `ImdsSupport=v2.0`.
    pub imds_v2_support: bool,
    /// The root device in its block device mapping.
    pub root_device: &'static str,
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

impl WellKnownImage {
    /// The short name: `al2` or `al2023`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AmazonLinux2 => "al2",
            Self::AmazonLinux2023 => "al2023",
        }
    }

    /// The image as it stands in `region`.
    pub fn in_region(self, region: &Region) -> Image {
        let id = resource_id("ami-", &derive(&[self.as_str(), region.as_str()]));
        Image {
            id: id.parse().unwrap_or_else(|_| unreachable!("a derived id is well formed")),
            imds_v2_support: self == Self::AmazonLinux2023,
            root_device: "/dev/xvda",
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
        [Self::AmazonLinux2, Self::AmazonLinux2023]
            .into_iter()
            .find(|image| image.as_str() == text)
            .ok_or_else(|| Invalid::new("image", text, "it is `al2` or `al2023`"))
    }
}

impl Image {
    /// What the image says of the options: `ImdsSupport=v2.0` touches only `HttpTokens` and the
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
