//! The two versions of the service.

/// Which version of the service a request speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImdsVersion {
    /// IMDSv1: no token.
    V1,
    /// IMDSv2: asks for a token, or shows one.
    V2,
}

impl ImdsVersion {
    /// `v1` or `v2`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}
