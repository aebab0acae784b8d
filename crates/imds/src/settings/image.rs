//! Images of the account that the operator names.

use imds_core::ImageId;
use imds_core::image::Platform;
use serde::Deserialize;

use super::deserialize::required_from_text;

/// An image, as `[[image]]` has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ImageSettings {
    #[serde(deserialize_with = "required_from_text")]
    pub(crate) id: ImageId,
    /// Its name, which `DescribeImages` shows; without it, its id.
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) architecture: ImageArchitecture,
    #[serde(default)]
    pub(crate) platform: Platform,
    /// Present if it was registered with `ImdsSupport`.
    pub(crate) imds_support: Option<ImdsSupport>,
    pub(crate) root_device: Option<String>,
    /// Parameters of Systems Manager that have its id.
    #[serde(default)]
    pub(crate) parameters: Vec<String>,
}

/// The processors of an image.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) enum ImageArchitecture {
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    #[serde(rename = "arm64")]
    Arm64,
}

/// The only value of `ImdsSupport`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) enum ImdsSupport {
    #[serde(rename = "v2.0")]
    V2,
}
