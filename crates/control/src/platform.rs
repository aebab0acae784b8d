//! How the API says which operating system an image or an instance has.

use imds_core::image::Platform;

/// The members `platform`, `platformDetails` and `usageOperation`. Source: EC2 User Guide, "AMI billing information
/// fields".
pub(super) struct PlatformWords {
    /// Only Windows has a word.
    pub(super) platform: Option<String>,
    pub(super) details: String,
    pub(super) usage_operation: String,
}

impl From<Platform> for PlatformWords {
    fn from(platform: Platform) -> Self {
        let (word, details, usage_operation) = match platform {
            Platform::Linux => (None, "Linux/UNIX", "RunInstances"),
            Platform::Windows => (Some("windows"), "Windows", "RunInstances:0002"),
        };
        Self {
            platform: word.map(str::to_owned),
            details: details.to_owned(),
            usage_operation: usage_operation.to_owned(),
        }
    }
}
