//! The instance identity document.

use serde::Deserialize;

/// The service's signed description of the instance. This crate does not check the signature: the
/// document comes straight from the service.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct IdentityDocument {
    /// 12 digits.
    pub account_id: String,
    /// Such as `i-1234567890abcdef0`.
    pub instance_id: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// Such as `us-east-1a`.
    #[serde(default)]
    pub availability_zone: Option<String>,
    /// Such as `t3.micro`.
    #[serde(default)]
    pub instance_type: Option<String>,
    /// Such as `ami-0abcdef1234567890`.
    #[serde(default)]
    pub image_id: Option<String>,
    /// `x86_64`, `arm64`, …
    #[serde(default)]
    pub architecture: Option<String>,
    /// The primary private IPv4 address.
    #[serde(default)]
    pub private_ip: Option<String>,
    /// When the instance was started, as the service writes it.
    #[serde(default)]
    pub pending_time: Option<String>,
}
