//! Text that must not get into a log.

/// A secret, such as a token or a secret access key. It has no `Debug` and no `Display`.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. The caller is responsible for where it goes.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
