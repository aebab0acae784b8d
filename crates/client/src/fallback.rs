//! `IMDSv1`: when a request may go without a token, and what a refusal of it means.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock;
use crate::error::{Certainty, Error, TokenLost};
use crate::metadata_path::MetadataPath;
use crate::settings::{Settings, V1Fallback};

/// How long a refusal stands for all callers: as long as a verdict on a lost token.
const STANDS: Duration = Duration::from_secs(60);

/// Whether a request for `path` may go without a token, which cannot be had because of `reason`.
pub(crate) fn is_allowed(settings: &Settings, path: &MetadataPath, reason: &Error) -> bool {
    let is_configured = match settings.v1_fallback {
        V1Fallback::Never => false,
        V1Fallback::ExceptSecrets => !path.is_secret(),
        V1Fallback::Everything => true,
    };
    let is_lost = matches!(
        reason,
        Error::TokenLost(verdict)
            if matches!(**verdict, TokenLost { certainty: Certainty::Sure, .. })
    );
    // The token's own path does not exist, or takes no PUT: a service older than tokens.
    let has_no_tokens =
        matches!(reason, Error::NotFound { .. } | Error::Status { status: 405, .. });
    is_configured && !settings.v1_disabled && (is_lost || has_no_tokens)
}

/// The error where the request without a token is refused: what keeps the token away is to be fixed.
pub(crate) fn refused(mut reason: Error, status: u16) -> Error {
    if let (Error::TokenLost(verdict), 401) = (&mut reason, status) {
        verdict.tokens_required = true;
    }
    reason
}

/// Remembers that the service refused a request without a token, so that not every call sends one.
#[derive(Default)]
pub(crate) struct Refusal(Mutex<Option<Refused>>);

struct Refused {
    status: u16,
    /// Since boot.
    until: Duration,
}

impl Refusal {
    /// The status of a refusal that still stands.
    pub(crate) fn remembered(&self) -> Option<u16> {
        self.at(clock::since_boot())
    }

    pub(crate) fn remember(&self, status: u16) {
        self.remember_at(status, clock::since_boot());
    }

    fn at(&self, now: Duration) -> Option<u16> {
        self.lock().as_ref().filter(|refused| now < refused.until).map(|refused| refused.status)
    }

    fn remember_at(&self, status: u16, now: Duration) {
        *self.lock() = Some(Refused { status, until: now + STANDS });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Refused>> {
        // It is complete after each change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Silence;

    fn status(status: u16) -> Error {
        Error::Status { path: "/latest/api/token".into(), status, retry_after: None }
    }

    fn lost(certainty: Certainty) -> Error {
        Error::TokenLost(Box::new(TokenLost {
            routers: 1,
            hop_limit: 2,
            certainty,
            endpoint: ([127, 0, 0, 1], 80).into(),
            connected_in: Duration::ZERO,
            silent_for: Duration::ZERO,
            other_status: 200,
            tokens_required: false,
        }))
    }

    fn slow() -> Error {
        Error::TimedOut { endpoint: String::new(), waited: Duration::ZERO, silence: Silence::Slow }
    }

    #[test]
    fn v1_needs_permission_and_a_reason() {
        let path = MetadataPath::new("instance-id").unwrap();
        let allowed = Settings { v1_fallback: V1Fallback::ExceptSecrets, ..Settings::default() };
        let disabled = Settings {
            v1_disabled: true,
            v1_fallback: V1Fallback::Everything,
            ..Settings::default()
        };
        for reason in [lost(Certainty::Sure), status(405)] {
            assert!(is_allowed(&allowed, &path, &reason), "{reason}");
            assert!(!is_allowed(&Settings::default(), &path, &reason), "{reason}");
            assert!(!is_allowed(&disabled, &path, &reason), "{reason}");
        }
        let refusals = [400, 401, 403, 429, 500, 503].map(status);
        let others = [lost(Certainty::Likely), slow(), Error::EndpointDisabled];
        for reason in refusals.iter().chain(&others) {
            assert!(!is_allowed(&allowed, &path, reason), "{reason}");
        }
    }

    #[test]
    fn secrets_need_a_permission_of_their_own() {
        let except = Settings { v1_fallback: V1Fallback::ExceptSecrets, ..Settings::default() };
        let everything = Settings { v1_fallback: V1Fallback::Everything, ..Settings::default() };
        for path in ["user-data", "iam/security-credentials/role"] {
            let path = MetadataPath::new(path).unwrap();
            assert!(!is_allowed(&except, &path, &lost(Certainty::Sure)));
            assert!(is_allowed(&everything, &path, &lost(Certainty::Sure)));
        }
    }

    #[test]
    fn a_refusal_is_remembered_for_a_minute() {
        let refusal = Refusal::default();
        assert_eq!(refusal.at(Duration::from_secs(100)), None);
        refusal.remember_at(401, Duration::from_secs(100));
        assert_eq!(refusal.at(Duration::from_secs(159)), Some(401));
        assert_eq!(refusal.at(Duration::from_secs(160)), None);
    }

    #[test]
    fn the_required_mode_is_named() {
        let message = refused(lost(Certainty::Sure), 401).to_string();
        assert!(message.contains("HttpTokens=required"), "{message}");
        let message = refused(lost(Certainty::Sure), 403).to_string();
        assert!(!message.contains("HttpTokens=required"), "{message}");
    }
}
