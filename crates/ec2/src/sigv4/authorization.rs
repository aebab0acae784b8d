//! The header form: `Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`

use super::canonical::ALGORITHM;
use super::claim::Claim;
use super::error::AuthError;
use super::message::{Message, header};

/// What the `Authorization` header claims, if there is one.
pub(super) fn claim(message: &Message<'_>) -> Result<Option<Claim>, AuthError> {
    let Some(authorization) = header(message, "authorization")? else {
        return Ok(None);
    };
    let session_token = header(message, "x-amz-security-token")?.map(text).transpose()?;
    let parts = Parts::parse(text(authorization)?)?;
    let time = header(message, "x-amz-date")?
        .ok_or(AuthError::Malformed("the header X-Amz-Date is missing"))?;
    let claim =
        Claim::new(parts.credential, parts.signed_headers, parts.signature, text(time)?, 0)?;
    Ok(Some(claim.with_session_token(session_token.map(str::to_owned))))
}

struct Parts<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn parse(authorization: &'a str) -> Result<Self, AuthError> {
        let parts = authorization
            .trim()
            .strip_prefix(ALGORITHM)
            .filter(|rest| rest.starts_with(' '))
            .ok_or(AuthError::Malformed("Authorization does not begin with AWS4-HMAC-SHA256"))?;
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in parts.split(',') {
            let known = match part.trim().split_once('=') {
                Some(("Credential", value)) => credential.replace(value).is_none(),
                Some(("SignedHeaders", value)) => signed_headers.replace(value).is_none(),
                Some(("Signature", value)) => signature.replace(value).is_none(),
                _ => false,
            };
            if !known {
                return Err(AuthError::Malformed("Authorization has a part too many"));
            }
        }
        match (credential, signed_headers, signature) {
            (Some(credential), Some(signed_headers), Some(signature)) => {
                Ok(Self { credential, signed_headers, signature })
            }
            _ => Err(AuthError::Malformed(
                "Authorization needs Credential, SignedHeaders and Signature",
            )),
        }
    }
}

fn text(value: &[u8]) -> Result<&str, AuthError> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.is_ascii());
    text.ok_or(AuthError::Malformed("a header of the signature is not ASCII"))
}
