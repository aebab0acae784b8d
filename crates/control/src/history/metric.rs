//! What is counted of each instance.

use imds_core::InstanceId;
use imds_core::placement::Region;

/// What is counted of an instance.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Metric {
    /// Requests without a token that were answered with 200.
    NoToken,
    /// Those that were answered with 401, because tokens are required.
    NoTokenRejected,
}

impl Metric {
    /// Both, in the order of their names.
    pub const ALL: [Self; 2] = [Self::NoToken, Self::NoTokenRejected];

    /// Its name in `CloudWatch`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoToken => "MetadataNoToken",
            Self::NoTokenRejected => "MetadataNoTokenRejected",
        }
    }
}

/// The counts of an instance that is served, since the service started.
#[derive(Clone, Debug)]
pub struct InstanceReading {
    /// The instance.
    pub id: InstanceId,
    /// Its Region.
    pub region: Region,
    /// The count of each [`Metric`], in the order of [`Metric::ALL`].
    pub counts: [u64; 2],
}
