//! Faults of `CloudWatch`: codes of the Query protocol, and the names that the others have for them.

use crate::fault::Fault;
use crate::sigv4::AuthError;
use crate::sts;

use super::SIGNING_NAME;

/// The fault for a signature that is refused: the codes that AWS's services have in common.
pub fn auth_fault(error: &AuthError) -> Fault {
    sts::fault_of(SIGNING_NAME, error)
}

/// A value that breaks a rule of the model.
pub fn validation(message: impl Into<String>) -> Fault {
    Fault::client("ValidationError", message)
}

/// What is not a request at all.
pub(super) fn serialization(message: impl Into<String>) -> Fault {
    Fault::client("SerializationException", message)
}

/// A required parameter is missing.
pub(super) fn missing(parameter: &str) -> Fault {
    Fault::client("MissingParameter", format!("The parameter {parameter} is required."))
}

/// The name of the error's shape in the model, which JSON and CBOR have instead of the code.
pub(super) fn shape(code: &str) -> &str {
    match code {
        "AccessDenied" => "AccessDeniedException",
        "ExpiredToken" => "ExpiredTokenException",
        "IncompleteSignature" => "IncompleteSignatureException",
        "InternalError" => "InternalServiceFault",
        "InvalidAction" => "UnknownOperationException",
        "InvalidClientTokenId" => "UnrecognizedClientException",
        "InvalidParameterCombination" => "InvalidParameterCombinationException",
        "InvalidParameterValue" => "InvalidParameterValueException",
        "MissingAuthenticationToken" => "MissingAuthenticationTokenException",
        "MissingParameter" => "MissingRequiredParameterException",
        "SignatureDoesNotMatch" => "InvalidSignatureException",
        "ValidationError" => "ValidationException",
        other => other,
    }
}
