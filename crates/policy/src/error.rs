//! Why a text is not a valid policy.

/// Why a text is not a valid policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// It is not JSON, or an element is missing, unknown, doubled, or of the wrong type.
    #[error("not a policy: {0}")]
    Form(#[from] serde_json::Error),
    /// A statement says something that it cannot say.
    #[error("statement {number}: {rule}")]
    Statement {
        /// Its `Sid`, or its place in the policy, from 1.
        number: String,
        /// What it says, and what it may say.
        rule: String,
    },
}
