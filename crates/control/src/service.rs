//! The two services that answer at one address.

use imds_ec2::sigv4::AuthError;
use imds_ec2::{Fault, sts};

/// The service that a request is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Service {
    Ec2,
    Sts,
}

impl Service {
    /// The service of a request with this query and body.
    pub(crate) fn of(query: &str, body: &[u8]) -> Self {
        if sts::is_addressed(query, body) { Self::Sts } else { Self::Ec2 }
    }

    /// The name that requests are signed for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Sts => "sts",
        }
    }

    /// How it refuses a signature.
    pub(crate) fn auth_fault(self, error: AuthError) -> Fault {
        match self {
            Self::Ec2 => error.into(),
            Self::Sts => sts::auth_fault(&error),
        }
    }
}
