//! EC2's error responses.
//!
//! Codes are those of the page "Error codes for the Amazon EC2 API". Sentences are EC2's where it or
//! its users quote them; where one is our own, it begins as EC2's do and then says what to do.

use std::fmt;

use crate::xml::{REPLACEMENT, Xml, is_xml};

/// How many bytes a message may have.
const LONGEST_MESSAGE: usize = 1024;

/// Stands for the middle of a message that is cut.
const CUT: &str = "…";

/// A message that is not longer than an error's may be: 1,024 bytes. It may repeat what was sent, which may be all
/// of a request. The middle is left out, because what comes before and behind says which value it is, and what is
/// wrong with it.
pub fn bounded(message: &str) -> String {
    // Here, because what stands for a character may be longer than it.
    let mut message = message.replace(|it| !is_xml(it), REPLACEMENT);
    if message.len() > LONGEST_MESSAGE {
        let half = (LONGEST_MESSAGE - CUT.len()) / 2;
        let is_boundary = |at: &usize| message.is_char_boundary(*at);
        let start = (0..=half).rev().find(is_boundary).unwrap_or_default();
        let end = (message.len() - half..=message.len()).find(is_boundary).unwrap_or_default();
        message.replace_range(start..end, CUT);
    }
    message
}

/// An error answer. `Display` is `code: message`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Fault {
    /// HTTP status: 400 to 599.
    pub status: u16,
    /// What programs look at, such as `InvalidInstanceID.NotFound`.
    pub code: &'static str,
    /// What people read.
    pub message: String,
}

impl Fault {
    /// A fault with a status of its own; most have a constructor. The message is [`bounded`].
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: bounded(&message.into()) }
    }

    /// A fault of the client that has no constructor of its own: 400.
    pub fn client(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// The whole answer.
    pub fn document(&self, request_id: &str) -> String {
        let mut xml = Xml::document();
        xml.element("Response", &[], |xml| {
            xml.element("Errors", &[], |xml| {
                xml.element("Error", &[], |xml| {
                    xml.text("Code", self.code);
                    xml.text("Message", &self.message);
                });
            });
            // `requestId` where all went well.
            xml.text("RequestID", request_id);
        });
        xml.into_string()
    }

    /// Whose fault it is, as the Query protocol of other services says it.
    pub(crate) fn sender(&self) -> &'static str {
        if self.status < 500 { "Sender" } else { "Receiver" }
    }

    /// `DryRun` was set, and the request would have succeeded.
    pub fn dry_run() -> Self {
        let message = "Request would have succeeded, but DryRun flag is set.";
        Self::new(412, "DryRunOperation", message)
    }

    /// The key may not do this.
    pub fn unauthorized() -> Self {
        let message = "You are not authorized to perform this operation.";
        Self::new(403, "UnauthorizedOperation", message)
    }

    /// No key of ours made the signature.
    pub fn auth_failure() -> Self {
        let message = "AWS was not able to validate the provided access credentials";
        Self::new(401, "AuthFailure", message)
    }

    /// The fault is ours. What went wrong belongs into the log, not into the answer.
    pub fn internal() -> Self {
        Self::new(500, "InternalError", "An internal error has occurred")
    }

    /// Too many requests at once.
    pub fn request_limit_exceeded() -> Self {
        Self::new(503, "RequestLimitExceeded", "Request limit exceeded.")
    }

    /// The service ends before the request is answered.
    pub fn unavailable() -> Self {
        Self::new(503, "Unavailable", "The service is stopping.")
    }

    /// An unknown action.
    pub fn invalid_action(action: &str, supported: &[&str]) -> Self {
        let (action, supported) = (bounded(action), supported.join(", "));
        let message = format!(
            "The action {action} is not valid for this web service. Supported are: {supported}."
        );
        // The list is longer than what a request may make of a message.
        Self { status: 400, code: "InvalidAction", message }
    }

    /// A required parameter is missing.
    pub fn missing_parameter(parameter: &str) -> Self {
        let message = format!("The request must contain the parameter {parameter}");
        Self::client("MissingParameter", message)
    }

    /// A parameter that the action does not have.
    pub fn unknown_parameter(parameter: &str) -> Self {
        let message = format!("The parameter {parameter} is not recognized");
        Self::client("UnknownParameter", message)
    }

    /// A value that the parameter cannot have; `rule` is a sentence that says which it can, such as
    /// `Expecting an integer.`
    pub fn invalid_value(parameter: &str, value: impl fmt::Display, rule: &str) -> Self {
        let message = format!("Value ({value}) for parameter {parameter} is invalid. {rule}");
        Self::client("InvalidParameterValue", message)
    }

    /// An invalid value, with the operation's own message.
    pub fn invalid_parameter_value(message: impl Into<String>) -> Self {
        Self::client("InvalidParameterValue", message)
    }

    /// Parameters that are refused together.
    pub fn invalid_parameter_combination(message: impl Into<String>) -> Self {
        Self::client("InvalidParameterCombination", message)
    }

    /// A valid request that this instance or account does not support.
    pub fn unsupported_operation(message: impl Into<String>) -> Self {
        Self::client("UnsupportedOperation", message)
    }

    /// The instance's state forbids it.
    pub fn incorrect_instance_state(message: impl Into<String>) -> Self {
        Self::client("IncorrectInstanceState", message)
    }

    /// There is no such instance.
    pub fn instance_not_found(id: &str) -> Self {
        let message = format!("The instance ID '{id}' does not exist");
        Self::client("InvalidInstanceID.NotFound", message)
    }

    /// There are no such instances; one or more ids.
    pub fn instances_not_found(ids: &[&str]) -> Self {
        match ids {
            [id] => Self::instance_not_found(id),
            ids => Self::client(
                "InvalidInstanceID.NotFound",
                format!("The instance IDs '{}' do not exist", ids.join(", ")),
            ),
        }
    }

    /// Not the format of an instance id.
    pub fn instance_id_malformed(id: &str) -> Self {
        let message = format!("Invalid id: \"{id}\" (expecting \"i-...\")");
        Self::client("InvalidInstanceID.Malformed", message)
    }

    /// Parameters that no client library sends.
    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::client("MalformedQueryString", message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_repeats_a_request_is_cut() {
        for letter in ["x", "é", "語", "\u{1}"] {
            let fault = Fault::unknown_parameter(&letter.repeat(100_000));
            assert!(fault.message.len() <= LONGEST_MESSAGE, "{}", fault.message.len());
            assert!(fault.message.len() > LONGEST_MESSAGE - 8, "{}", fault.message.len());
            assert!(fault.message.starts_with("The parameter "), "{fault}");
            assert!(fault.message.contains(CUT), "{fault}");
            assert!(fault.message.ends_with(" is not recognized"), "{fault}");
        }
        let whole = "x".repeat(LONGEST_MESSAGE);
        assert_eq!(Fault::client("Code", whole.clone()).message, whole);
    }
}
