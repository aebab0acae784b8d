//! The signature that a request carries, and the rules for it.

use super::canonical::{AmzDate, Scope};
use super::error::AuthError;
use super::message::Message;

/// How far a request's time may be from ours, either way, in seconds.
pub const MAX_SKEW_SECONDS: i64 = 15 * 60;

/// How long a presigned URL may be good for, in seconds: a week.
pub const MAX_EXPIRES_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The parts of a signature, from the header or the query.
pub(super) struct Claim {
    pub(super) access_key_id: String,
    pub(super) scope: Scope,
    pub(super) time: AmzDate,
    /// How many seconds after `time` it still holds, but for skew.
    pub(super) lifetime: i64,
    /// Lower case, sorted.
    pub(super) signed_headers: Vec<String>,
    /// Hexadecimal.
    pub(super) signature: String,
    /// Of temporary credentials.
    pub(super) session_token: Option<String>,
}

impl Claim {
    /// From the texts that both forms have.
    pub(super) fn new(
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
        let session_token = None;
        Ok(Self { access_key_id, scope, time, lifetime, signed_headers, signature, session_token })
    }

    /// The same, signed with temporary credentials if there is a token.
    pub(super) fn with_session_token(self, session_token: Option<String>) -> Self {
        Self { session_token, ..self }
    }

    pub(super) fn check_scope(&self, service: &str) -> Result<(), AuthError> {
        if self.scope.service == service {
            Ok(())
        } else {
            Err(AuthError::OtherService(service.to_owned()))
        }
    }

    pub(super) fn check_time(&self, now_unix: i64) -> Result<(), AuthError> {
        let age = now_unix.saturating_sub(self.time.unix());
        // A presigned request says itself when it ends, and the client that uses it need not have a clock.
        let oldest = if self.lifetime > 0 { self.lifetime } else { MAX_SKEW_SECONDS };
        if (-MAX_SKEW_SECONDS..=oldest).contains(&age) {
            Ok(())
        } else {
            Err(AuthError::Expired(self.time.as_str().to_owned()))
        }
    }

    /// `Host`, so that a request cannot be carried to another service, and every `X-Amz-…`, because
    /// they change what a request means.
    pub(super) fn check_signed_headers(&self, message: &Message<'_>) -> Result<(), AuthError> {
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
