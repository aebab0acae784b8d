//! A header field that means something only once.

/// A header field that may be sent once: absent, sent, or sent more than once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Field<'a> {
    /// The request has no such field.
    Absent,
    /// The value, without blanks around it.
    Given(&'a [u8]),
    /// The field was sent more than once, which is an error.
    Repeated,
}

impl<'a> Field<'a> {
    pub(super) fn put(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => Self::Given(value.trim_ascii()),
            Self::Given(_) | Self::Repeated => Self::Repeated,
        };
    }
}
