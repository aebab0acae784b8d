//! The services that answer at one address.

use hyper::http::request::Parts;
use imds_ec2::sigv4::AuthError;
use imds_ec2::{Fault, cloudwatch, ssm, sts};

/// Where metrics are; AWS has nothing there.
pub(crate) const METRICS: &str = "/metrics";

/// The service that a request is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Service {
    Ec2,
    Ssm,
    Sts,
    CloudWatch,
}

impl Service {
    /// The name that requests are signed for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Ssm => "ssm",
            Self::Sts => "sts",
            Self::CloudWatch => cloudwatch::SIGNING_NAME,
        }
    }

    /// How it refuses a signature.
    pub(crate) fn auth_fault(self, error: AuthError) -> Fault {
        match self {
            Self::Ec2 => error.into(),
            Self::Ssm => ssm::auth_fault(&error),
            Self::Sts => sts::auth_fault(&error),
            Self::CloudWatch => cloudwatch::auth_fault(&error),
        }
    }
}

/// What a request of AWS's JSON protocol asks for; empty if there is nothing.
pub(crate) fn target(head: &Parts) -> &str {
    head.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default()
}
