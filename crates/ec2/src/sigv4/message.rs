//! The HTTP request that is signed, and the key that signs it.

use super::error::AuthError;

/// What is signed of an HTTP request.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// Such as `POST`.
    pub method: &'a str,
    /// As it stands in the request line, up to the `?`.
    pub path: &'a str,
    /// As it stands in the request line, after the `?`.
    pub query: &'a str,
    /// Names in any case, in the order in which they came.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The whole body.
    pub body: &'a [u8],
}

/// The secret half of an access key. It has no `Debug` and no `Display`.
#[derive(Clone)]
pub struct SecretKey(pub(super) String);

impl SecretKey {
    /// A secret as it was issued.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }
}

/// The value of the header `name`, which may be sent once.
pub(super) fn header<'a>(message: &Message<'a>, name: &str) -> Result<Option<&'a [u8]>, AuthError> {
    let mut values = message.headers.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name));
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(|(_, value)| *value)),
        _ => Err(AuthError::Malformed("a header of the signature is sent twice")),
    }
}
