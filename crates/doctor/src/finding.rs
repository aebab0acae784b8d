//! What a check reports: a verdict, one sentence, and fixes.

use serde::Serialize;

/// The result of one check.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// The name of the check, one or two words.
    pub check: &'static str,
    /// Whether something is wrong.
    pub verdict: Verdict,
    /// One sentence that says what was found.
    pub says: String,
    /// Commands and settings that fix it, the best one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixes: Vec<Fix>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing is wrong.
    Fine,
    /// Nothing is wrong, but the reader should know it.
    Note,
    /// Something is wrong.
    Wrong,
    /// The check could not decide, most often because an earlier check failed.
    Unknown,
}

/// A command to type or a setting to write.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Fix {
    /// The tool or file that it is for, as in `aws` or `Terraform`.
    pub with: &'static str,
    /// The command or setting itself.
    pub text: String,
}

impl Finding {
    /// A finding without fixes.
    pub(crate) fn new(check: &'static str, verdict: Verdict, says: impl Into<String>) -> Self {
        Self { check, verdict, says: says.into(), fixes: Vec::new() }
    }

    /// The finding of a check that needs a connection to the service, where there is none.
    pub(crate) fn not_connected(check: &'static str) -> Self {
        Self::new(check, Verdict::Unknown, "not connected")
    }

    /// Adds a fix after those that it has.
    pub(crate) fn fix(mut self, with: &'static str, text: impl Into<String>) -> Self {
        self.fixes.push(Fix { with, text: text.into() });
        self
    }
}
