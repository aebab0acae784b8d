//! Why something could not be done.

use imds_control::AdminRefusal;
use imds_ec2::Fault;
use serde::Serialize;

/// A refusal: an HTTP status, a code for programs and a sentence for people.
#[derive(Debug, Serialize)]
pub(crate) struct Refused {
    #[serde(skip)]
    pub(crate) status: u16,
    /// EC2's own code where EC2 has one, such as `InvalidInstanceID.NotFound`.
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// What was sent is not valid.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NotFound", message)
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        // EC2 answers 400 where other APIs answer 404.
        let is_missing = fault.code.rsplit('.').next().is_some_and(|it| it.contains("NotFound"));
        let status = if is_missing { 404 } else { fault.status };
        Self::new(status, fault.code, fault.message)
    }
}

impl From<AdminRefusal> for Refused {
    fn from(refusal: AdminRefusal) -> Self {
        let code = match refusal.status {
            400 => "BadRequest",
            404 => "NotFound",
            409 => "Conflict",
            _ => "InternalError",
        };
        Self::new(refusal.status, code, refusal.message)
    }
}
