//! Signature Version 4: authenticates the sender of a request and its content.
//!
//! The rules are those of "AWS Signature Version 4 for API requests" in the IAM User Guide. Where it
//! leaves room, this module is strict: the time of a request is its `X-Amz-Date` and never its
//! `Date`; `Host` and every `X-Amz-…` header must be signed; and what can be read in two ways (a
//! header given twice, both forms at once) is refused.

mod authorization;
mod canonical;
mod claim;
mod error;
mod message;
mod presigned;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use canonical::{ALGORITHM, AmzDate, Scope};
use message::header;

pub use claim::{MAX_EXPIRES_SECONDS, MAX_SKEW_SECONDS};
pub use error::AuthError;
pub use message::{Message, SecretKey};

/// Who signed a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The public half of the key.
    pub access_key_id: String,
    /// The Region that the client believes to talk to; never empty.
    pub region: String,
}

/// Who signed `message` for `service`, by its `Authorization` header or its presigned query.
///
/// `secret_of` finds the secret of an access key id, which has a session token if it is temporary. What
/// happens with an unknown key takes as long as what happens with a wrong signature, as long as `secret_of`
/// does.
pub fn verify(
    message: &Message<'_>,
    service: &str,
    now_unix: i64,
    secret_of: impl FnOnce(&str, Option<&str>) -> Option<SecretKey>,
) -> Result<Verified, AuthError> {
    let claim = match (authorization::claim(message)?, presigned::claim(message)?) {
        (Some(claim), None) | (None, Some(claim)) => claim,
        (None, None) => return Err(AuthError::Unsigned),
        (Some(_), Some(_)) => return Err(AuthError::Malformed("it is signed in two ways")),
    };
    claim.check_scope(service)?;
    claim.check_time(now_unix)?;
    claim.check_signed_headers(message)?;
    let body_hash = body_hash(message)?;

    let secret = secret_of(&claim.access_key_id, claim.session_token.as_deref());
    let is_known = secret.is_some();
    // As long as real secrets are.
    let secret = secret.unwrap_or_else(|| SecretKey("·".repeat(20)));
    let request = canonical::request(message, &claim.signed_headers, &body_hash);
    let signature = canonical::signature(&secret, &claim.scope, &claim.time, &request);
    let is_right: bool = signature.as_bytes().ct_eq(claim.signature.as_bytes()).into();
    if !(is_right & is_known) {
        return Err(AuthError::Refused);
    }
    Ok(Verified { access_key_id: claim.access_key_id, region: claim.scope.region })
}

/// Signs requests with one key, for one service in one Region.
#[derive(Clone)]
pub struct Signer {
    /// The public half of the key.
    pub access_key_id: String,
    /// Its secret half.
    pub secret: SecretKey,
    /// Such as `us-east-1`.
    pub region: String,
    /// Such as `ec2`.
    pub service: String,
}

impl Signer {
    /// The headers that sign `message`, to be added to its own, all of which are signed; `Host` must
    /// be among them. None if `now_unix` is beyond the year 9999.
    pub fn sign(
        &self,
        message: &Message<'_>,
        now_unix: i64,
    ) -> Option<[(&'static str, String); 2]> {
        let time = AmzDate::from_unix(now_unix)?;
        let mut headers = message.headers.to_vec();
        headers.push(("x-amz-date", time.as_str().as_bytes()));
        let message = Message { headers: &headers, ..*message };
        let mut names: Vec<_> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        names.dedup();

        let (region, service) = (self.region.clone(), self.service.clone());
        let scope = Scope { date: time.date().to_owned(), region, service };
        let request = canonical::request(
            &message,
            &names,
            &base16ct::lower::encode_string(&Sha256::digest(message.body)),
        );
        let signature = canonical::signature(&self.secret, &scope, &time, &request);
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
            self.access_key_id,
            names.join(";"),
        );
        Some([("x-amz-date", time.as_str().to_owned()), ("authorization", authorization)])
    }
}

/// The hash of the body, which `X-Amz-Content-Sha256` must be if it is sent: bodies that are not
/// signed, or signed in pieces, are S3's.
fn body_hash(message: &Message<'_>) -> Result<String, AuthError> {
    let hash = base16ct::lower::encode_string(&Sha256::digest(message.body));
    match header(message, "x-amz-content-sha256")? {
        Some(sent) if sent != hash.as_bytes() => Err(AuthError::OtherBody),
        _ => Ok(hash),
    }
}
