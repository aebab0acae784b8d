//! Text that must not get into a log.

/// A secret: no `Debug`, no `Display`.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(String);

impl Secret {
    /// Takes text out of sight.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. The caller answers for where it goes.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
