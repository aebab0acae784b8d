//! The services that answer at one address.

use imds_ec2::sigv4::AuthError;
use imds_ec2::{Fault, cloudwatch, sts};

/// The service that a request is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Service {
    Ec2,
    Sts,
    CloudWatch,
}

impl Service {
    /// The name that requests are signed for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Sts => "sts",
            Self::CloudWatch => cloudwatch::SIGNING_NAME,
        }
    }

    /// How it refuses a signature.
    pub(crate) fn auth_fault(self, error: AuthError) -> Fault {
        match self {
            Self::Ec2 => error.into(),
            Self::Sts => sts::auth_fault(&error),
            Self::CloudWatch => cloudwatch::auth_fault(&error),
        }
    }
}
