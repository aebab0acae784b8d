//! Why a signature is refused, and the fault that says so.

use crate::fault::Fault;

/// Why a request is not authenticated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is neither an `Authorization` header nor a presigned query.
    #[error("the request is not signed")]
    Unsigned,
    /// There is something like a signature; what is wrong with it.
    #[error("the signature is malformed: {0}")]
    Malformed(&'static str),
    /// A header that must be signed is not.
    #[error("the header {0} must be signed")]
    HeaderNotSigned(String),
    /// Signed with temporary credentials that are over.
    #[error("the session token has expired")]
    SessionExpired,
    /// Signed for something that is not a Region.
    #[error("The request is signed for {0:?}, which is no Region")]
    NoRegion(String),
    /// Signed for another service.
    #[error("the request is signed for another service than {0}")]
    OtherService(String),
    /// The time of the request, `X-Amz-Date`, is too long ago or too far ahead.
    #[error("the request of {0} has expired, or a clock is wrong")]
    Expired(String),
    /// `X-Amz-Content-Sha256` is not the body's.
    #[error("X-Amz-Content-Sha256 is not the hash of the body")]
    OtherBody,
    /// An unknown key or a wrong signature; the answer does not tell which.
    #[error("no known key made this signature")]
    Refused,
}

impl From<AuthError> for Fault {
    /// EC2 answers `AuthFailure` (401) for a wrong signature and for an unknown key alike, where other
    /// services have `SignatureDoesNotMatch` and `InvalidClientTokenId`. The other codes are those of
    /// the API reference's list of common errors.
    fn from(error: AuthError) -> Self {
        let refused = Fault::auth_failure();
        match error {
            AuthError::Unsigned => Fault::new(
                403,
                "MissingAuthenticationToken",
                "The request must contain a valid (registered) AWS access key ID: it is not signed",
            ),
            AuthError::Malformed(_) | AuthError::HeaderNotSigned(_) | AuthError::OtherBody => {
                let message =
                    format!("The request signature does not conform to AWS standards: {error}");
                Fault::client("IncompleteSignature", message)
            }
            AuthError::Expired(_) => {
                Fault::client("RequestExpired", format!("Request has expired: {error}"))
            }
            AuthError::SessionExpired => Fault::client("RequestExpired", "Request has expired."),
            AuthError::NoRegion(_) => Fault::new(refused.status, refused.code, error.to_string()),
            AuthError::OtherService(_) => {
                let message = format!("{}: {error}", refused.message);
                Fault::new(refused.status, refused.code, message)
            }
            AuthError::Refused => refused,
        }
    }
}
