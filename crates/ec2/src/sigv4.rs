//! Signature Version 4: who sent a request, and that it is as they sent it.
//!
//! The rules are those of "AWS Signature Version 4 for API requests" in the IAM User Guide. Where it
//! leaves room, the narrow way is taken: the time of a request is its `X-Amz-Date` and never its
//! `Date`; `Host` and every `X-Amz-…` header must be signed; and what can be read in two ways (a
//! header given twice, both forms at once) is refused.

mod authorization;
mod canonical;
mod presigned;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::fault::Fault;
use canonical::{AmzDate, Scope};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// How far a request's time may be from ours, either way, in seconds.
pub const MAX_SKEW_SECONDS: i64 = 15 * 60;

/// How long a presigned URL may be good for, in seconds: a week.
pub const MAX_EXPIRES_SECONDS: i64 = 7 * 24 * 60 * 60;

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
pub struct SecretKey(String);

impl SecretKey {
    /// A secret as it was given out.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }
}

/// Who signed a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The public half of the key.
    pub access_key_id: String,
    /// The Region that the client believes to talk to; never empty.
    pub region: String,
}

/// Why a request counts as nobody's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// There is neither an `Authorization` header nor a presigned query.
    #[error("the request is not signed")]
    Unsigned,
    /// There is something like a signature; what is wrong with it.
    #[error("the signature is malformed: {0}")]
    Malformed(&'static str),
    /// A header that must be signed is not.
    #[error("the header {0} must be signed")]
    HeaderNotSigned(String),
    /// Signed with temporary credentials, of which there are none here.
    #[error("session tokens are not supported")]
    SessionToken,
    /// Signed for another service.
    #[error("the request is signed for another service than {0}")]
    OtherService(String),
    /// The time of the request, `X-Amz-Date`, is too long ago or too far ahead.
    #[error("the request of {0} has expired, or a clock is wrong")]
    Expired(String),
    /// `X-Amz-Content-Sha256` is not the body's.
    #[error("X-Amz-Content-Sha256 is not the hash of the body")]
    OtherBody,
    /// An unknown key or a wrong signature; nobody is told which.
    #[error("no known key made this signature")]
    Refused,
}

impl From<AuthError> for Fault {
    /// EC2 says `AuthFailure` (401) for a wrong signature and for an unknown key alike, where other
    /// services have `SignatureDoesNotMatch` and `InvalidClientTokenId`. The other codes are those of
    /// the API reference's list of common errors.
    fn from(error: AuthError) -> Self {
        let refused = Fault::auth_failure();
        match error {
            AuthError::Unsigned => Fault::new(
                403,
                "MissingAuthenticationToken",
                "The request must contain a valid (registered) AWS access key ID: it is not signed",
            ),
            AuthError::Malformed(_) | AuthError::HeaderNotSigned(_) | AuthError::OtherBody => {
                let message =
                    format!("The request signature does not conform to AWS standards: {error}");
                Fault::client("IncompleteSignature", message)
            }
            AuthError::Expired(_) => {
                Fault::client("RequestExpired", format!("Request has expired: {error}"))
            }
            AuthError::SessionToken | AuthError::OtherService(_) => {
                Fault { message: format!("{}: {error}", refused.message), ..refused }
            }
            AuthError::Refused => refused,
        }
    }
}

/// Who signed `message` for `service`, by its `Authorization` header or its presigned query.
///
/// `secret_of` finds the secret of an access key id. What happens with an unknown key takes as long as
/// what happens with a wrong signature, as long as `secret_of` does.
pub fn verify(
    message: &Message<'_>,
    service: &str,
    now_unix: i64,
    secret_of: impl FnOnce(&str) -> Option<SecretKey>,
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

    let secret = secret_of(&claim.access_key_id);
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
        let request = canonical::request(&message, &names, &hex(&Sha256::digest(message.body)));
        let signature = canonical::signature(&self.secret, &scope, &time, &request);
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={}, Signature={signature}",
            self.access_key_id,
            names.join(";"),
        );
        Some([("x-amz-date", time.as_str().to_owned()), ("authorization", authorization)])
    }
}

/// What a request says about its signature, in whichever form.
struct Claim {
    access_key_id: String,
    scope: Scope,
    time: AmzDate,
    /// How many seconds after `time` it still holds, but for skew.
    lifetime: i64,
    /// Lower case, sorted.
    signed_headers: Vec<String>,
    /// Hexadecimal.
    signature: String,
}

impl Claim {
    /// From the texts that both forms have.
    fn new(
        credential: &str,
        signed_headers: &str,
        signature: &str,
        time: &str,
        lifetime: i64,
    ) -> Result<Self, AuthError> {
        let (access_key_id, scope) = Scope::parse_credential(credential).ok_or(
            AuthError::Malformed("Credential is not KEY/DATE/REGION/SERVICE/aws4_request"),
        )?;
        let time = AmzDate::parse(time)
            .ok_or(AuthError::Malformed("X-Amz-Date is not a time such as 20261122T080000Z"))?;
        if time.date() != scope.date {
            return Err(AuthError::Malformed("X-Amz-Date is of another day than Credential"));
        }
        let signed_headers: Vec<_> = signed_headers.split(';').map(str::to_owned).collect();
        let is_plain =
            |name: &String| !name.is_empty() && !name.bytes().any(|byte| byte.is_ascii_uppercase());
        if !signed_headers.is_sorted_by(|a, b| a < b) || !signed_headers.iter().all(is_plain) {
            return Err(AuthError::Malformed(
                "SignedHeaders are not lower case, sorted and unique",
            ));
        }
        let signature = signature.to_owned();
        Ok(Self { access_key_id, scope, time, lifetime, signed_headers, signature })
    }

    fn check_scope(&self, service: &str) -> Result<(), AuthError> {
        if self.scope.service == service {
            Ok(())
        } else {
            Err(AuthError::OtherService(service.to_owned()))
        }
    }

    fn check_time(&self, now_unix: i64) -> Result<(), AuthError> {
        let age = now_unix.saturating_sub(self.time.unix());
        if (-MAX_SKEW_SECONDS..=self.lifetime + MAX_SKEW_SECONDS).contains(&age) {
            Ok(())
        } else {
            Err(AuthError::Expired(self.time.as_str().to_owned()))
        }
    }

    /// `Host`, so that a request cannot be carried to another service, and every `X-Amz-…`, because
    /// they change what a request means.
    fn check_signed_headers(&self, message: &Message<'_>) -> Result<(), AuthError> {
        let is_signed = |name: &String| self.signed_headers.binary_search(name).is_ok();
        let amz = message.headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        let amz = amz.filter(|name| name.starts_with("x-amz-"));
        match amz.chain(["host".to_owned()]).find(|name| !is_signed(name)) {
            Some(name) => Err(AuthError::HeaderNotSigned(name)),
            None => self.check_present(message),
        }
    }

    fn check_present(&self, message: &Message<'_>) -> Result<(), AuthError> {
        let is_there =
            |name: &String| message.headers.iter().any(|(sent, _)| sent.eq_ignore_ascii_case(name));
        if self.signed_headers.iter().all(is_there) {
            Ok(())
        } else {
            Err(AuthError::Malformed("SignedHeaders names a header that was not sent"))
        }
    }
}

/// The hash of the body, which `X-Amz-Content-Sha256` must be if it is sent: bodies that are not
/// signed, or signed in pieces, are S3's.
fn body_hash(message: &Message<'_>) -> Result<String, AuthError> {
    let hash = hex(&Sha256::digest(message.body));
    match header(message, "x-amz-content-sha256")? {
        Some(sent) if sent != hash.as_bytes() => Err(AuthError::OtherBody),
        _ => Ok(hash),
    }
}

/// The value of the header `name`, which may be sent once.
fn header<'a>(message: &Message<'a>, name: &str) -> Result<Option<&'a [u8]>, AuthError> {
    let mut values = message.headers.iter().filter(|(sent, _)| sent.eq_ignore_ascii_case(name));
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(|(_, value)| *value)),
        _ => Err(AuthError::Malformed("a header of the signature is sent twice")),
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| unreachable!("HMAC takes a key of any length"));
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
