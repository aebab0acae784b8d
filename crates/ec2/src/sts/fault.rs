//! Why STS does not know who signed a request.

use crate::fault::Fault;
use crate::sigv4::AuthError;

/// The fault of STS for a signature that is refused. The codes are those of the list of common errors in the
/// AWS STS API Reference; EC2 has others.
pub fn auth_fault(error: &AuthError) -> Fault {
    fault_of("sts", error)
}

/// The same for a service that requests are signed for by this name.
pub(crate) fn fault_of(service: &str, error: &AuthError) -> Fault {
    match error {
        AuthError::Unsigned => {
            Fault::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
        }
        AuthError::SessionExpired => {
            Fault::new(403, "ExpiredToken", "The security token included in the request is expired")
        }
        AuthError::Malformed(_) | AuthError::HeaderNotSigned(_) | AuthError::OtherBody => {
            let message =
                format!("The request signature does not conform to AWS standards: {error}");
            Fault::new(403, "IncompleteSignature", message)
        }
        AuthError::Expired(time) => Fault::new(
            403,
            "SignatureDoesNotMatch",
            format!(
                "Signature expired: {time} is more than 15 minutes from the time of this service"
            ),
        ),
        AuthError::OtherService(_) => Fault::new(
            403,
            "SignatureDoesNotMatch",
            format!("Credential should be scoped to correct service: '{service}'."),
        ),
        AuthError::NoRegion(_) => Fault::new(
            403,
            "SignatureDoesNotMatch",
            format!("Credential should be scoped to a valid region. {error}."),
        ),
        // Which of the two it is, a signature of nobody's does not tell.
        AuthError::Refused => Fault::new(
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
        ),
    }
}
