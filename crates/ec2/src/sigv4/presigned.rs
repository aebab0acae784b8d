//! The query form: `?X-Amz-Algorithm=…&X-Amz-Credential=…&…&X-Amz-Signature=…`

use super::canonical::ALGORITHM;
use super::claim::{Claim, MAX_EXPIRES_SECONDS};
use super::error::AuthError;
use super::message::Message;
use crate::form;

/// What the query claims, if it says anything about a signature.
pub(super) fn claim(message: &Message<'_>) -> Result<Option<Claim>, AuthError> {
    let sent = Sent::parse(message.query)?;
    if sent.signature.is_none() && sent.algorithm.is_none() {
        return Ok(None);
    }
    let malformed = AuthError::Malformed;
    if sent.algorithm.ok_or(malformed("X-Amz-Algorithm is missing"))? != ALGORITHM {
        return Err(malformed("X-Amz-Algorithm is not AWS4-HMAC-SHA256"));
    }
    let lifetime = sent.expires.ok_or(malformed("X-Amz-Expires is missing"))?;
    let lifetime = lifetime
        .parse()
        .ok()
        .filter(|seconds| (1..=MAX_EXPIRES_SECONDS).contains(seconds))
        .ok_or(malformed("X-Amz-Expires is not from 1 to 604800 seconds"))?;
    let claim = Claim::new(
        &sent.credential.ok_or(malformed("X-Amz-Credential is missing"))?,
        &sent.signed_headers.ok_or(malformed("X-Amz-SignedHeaders is missing"))?,
        &sent.signature.ok_or(malformed("X-Amz-Signature is missing"))?,
        &sent.date.ok_or(malformed("X-Amz-Date is missing"))?,
        lifetime,
    )?;
    Ok(Some(claim.with_session_token(sent.session_token)))
}

#[derive(Default)]
struct Sent {
    algorithm: Option<String>,
    credential: Option<String>,
    date: Option<String>,
    expires: Option<String>,
    signed_headers: Option<String>,
    signature: Option<String>,
    session_token: Option<String>,
}

impl Sent {
    fn parse(query: &str) -> Result<Self, AuthError> {
        let mut sent = Self::default();
        for (name, value) in form::pairs(query.as_bytes()) {
            let place = match name.as_slice() {
                b"X-Amz-Algorithm" => &mut sent.algorithm,
                b"X-Amz-Credential" => &mut sent.credential,
                b"X-Amz-Date" => &mut sent.date,
                b"X-Amz-Expires" => &mut sent.expires,
                b"X-Amz-SignedHeaders" => &mut sent.signed_headers,
                b"X-Amz-Signature" => &mut sent.signature,
                b"X-Amz-Security-Token" => &mut sent.session_token,
                _ => continue,
            };
            let value = String::from_utf8(value).ok().filter(|value| value.is_ascii());
            let value =
                value.ok_or(AuthError::Malformed("a parameter of the signature is not ASCII"))?;
            if place.replace(value).is_some() {
                return Err(AuthError::Malformed("a parameter of the signature is given twice"));
            }
        }
        Ok(sent)
    }
}
