//! Credentials from a source that is polled before each set expires.

use std::sync::{PoisonError, RwLock};

use super::access_keys::AccessKeys;
use super::useless::unauthorized;
use crate::ids::AccountId;

/// New credentials are there at least so many seconds before the old ones end ("Retrieve security
/// credentials from instance metadata", EC2 User Guide).
const MARGIN: u64 = 300;
/// Up to so many seconds earlier still, so that instances do not all ask at once.
const MAX_JITTER: u64 = 300;
/// How many seconds to wait after a source has failed: doubled each time, up to the most.
const FIRST_RETRY: u64 = 5;
const MAX_RETRY: u64 = 300;

/// Keys with the time at which a source gave them and the one at which they end, in seconds since
/// 1970. They are secret, so the type has no `Debug`.
#[derive(Clone)]
pub struct Lease {
    /// The keys.
    pub keys: AccessKeys,
    /// When the source issued them.
    pub updated: u64,
    /// When they end.
    pub expires: u64,
    /// The account of the role, where the source names it; else it is the instance's.
    pub account: Option<AccountId>,
}

/// What is served of a source, and when to ask it next. Read by requests while another thread
/// renews it.
pub struct Rotation {
    role: String,
    state: RwLock<State>,
}

#[derive(Clone, Default)]
struct State {
    lease: Option<Lease>,
    /// How often the source has failed since its last success, and when it failed last; before the
    /// first failure, when it was first polled.
    failures: u32,
    failed: u64,
}

impl Rotation {
    /// A rotation without keys yet, for credentials of `role`; `since` is when the source was first
    /// polled, in seconds since 1970.
    pub fn new(role: impl Into<String>, since: u64) -> Self {
        let state = State { failed: since, ..State::default() };
        Self { role: role.into(), state: RwLock::new(state) }
    }

    /// Notes what the source gave at a time in seconds since 1970, if it did not fail; returns when
    /// to ask it again. `random` is any number.
    ///
    /// Keys that expire too soon for the margin are renewed after half of their remaining life. Keys that
    /// have expired are a failure like any other: a source that keeps old ones is not asked more often for
    /// that, and keys that still live are not given up for them.
    pub fn note(&self, outcome: Option<Lease>, now: u64, random: u64) -> u64 {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let Some(lease) = outcome.filter(|lease| lease.expires > now) else {
            let wait = (FIRST_RETRY << state.failures.min(16)).min(MAX_RETRY);
            state.failures = state.failures.saturating_add(1);
            state.failed = now;
            return now + wait + random % wait;
        };
        let left = lease.expires.saturating_sub(now);
        *state = State { lease: Some(lease), ..State::default() };
        let early = MARGIN + random % MAX_JITTER;
        let wait = if left > 2 * early { left - early } else { left / 2 };
        now + wait.max(1)
    }

    /// The document under `security-credentials/⟨role⟩`, as it is at a time (seconds since 1970): the
    /// last keys as long as they live; then what EC2 says where it cannot assume the role
    /// ("Troubleshoot IAM and Amazon EC2", IAM User Guide). With `account`, the instance's, the document
    /// names the account of the keys.
    pub(super) fn document(&self, now: u64, account: Option<&AccountId>) -> String {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(lease) = state.lease.as_ref().filter(|lease| now < lease.expires) {
            let account = account.map(|of_instance| lease.account.as_ref().unwrap_or(of_instance));
            let account = account.map(AccountId::as_str);
            return lease.keys.document(lease.updated, lease.expires, account);
        }
        let ended = state.lease.as_ref().map_or(0, |lease| lease.expires);
        unauthorized(&self.role, state.failed.max(ended))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(id: &str, updated: u64, lifetime: u64) -> Lease {
        let keys = AccessKeys {
            access_key_id: id.into(),
            secret_access_key: "secret".into(),
            session_token: "token".into(),
        };
        Lease { keys, updated, expires: updated + lifetime, account: None }
    }

    #[test]
    fn new_ones_are_asked_for_five_to_ten_minutes_before_the_old_ones_end() {
        let rotation = Rotation::new("role", 1000);
        for random in [0, 1, 299, 300, 12345, u64::MAX] {
            let next = rotation.note(Some(lease("A", 1000, 3600)), 1000, random);
            let early = 1000 + 3600 - next;
            assert!((MARGIN..MARGIN + MAX_JITTER).contains(&early), "{random}: {early}");
        }
    }

    /// STS gives a role 15 minutes at least.
    #[test]
    fn a_quarter_of_an_hour_is_enough_for_the_margin() {
        let rotation = Rotation::new("role", 1000);
        for random in 0..MAX_JITTER {
            let next = rotation.note(Some(lease("A", 1000, 900)), 1000, random);
            assert!(next <= 1900 - MARGIN, "{random}: {next}");
        }
    }

    #[test]
    fn short_lives_are_halved() {
        let rotation = Rotation::new("role", 1000);
        assert_eq!(rotation.note(Some(lease("A", 1000, 200)), 1000, 0), 1100);
        assert_eq!(rotation.note(Some(lease("A", 1000, 1)), 1000, 0), 1001);
    }

    #[test]
    fn expired_keys_are_a_failure_and_do_not_replace_others() {
        let rotation = Rotation::new("role", 1000);
        rotation.note(Some(lease("GOOD", 1000, 3600)), 1000, 0);
        let waits: Vec<_> =
            (0..3).map(|_| rotation.note(Some(lease("OLD", 1000, 200)), 1200, 0) - 1200).collect();
        assert_eq!(waits, [5, 10, 20]);
        assert!(rotation.document(1200, None).contains("\"AccessKeyId\" : \"GOOD\""));
    }

    #[test]
    fn a_source_that_fails_is_asked_less_and_less_often() {
        let rotation = Rotation::new("role", 1000);
        let waits: Vec<_> = (0..9).map(|_| rotation.note(None, 1000, 0) - 1000).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(rotation.note(None, 1000, 299), 1599, "spread up to twice as long");
        rotation.note(Some(lease("A", 1000, 3600)), 1000, 0);
        assert_eq!(rotation.note(None, 1000, 0), 1005, "forgotten once it gives something");
    }

    #[test]
    fn the_last_keys_are_served_while_they_live_and_the_source_recovers() {
        let rotation = Rotation::new("my-role", 990);
        let failed = |now| {
            let document = rotation.document(now, None);
            assert!(!document.contains("secret"), "{document}");
            document.contains("\"Code\" : \"AssumeRoleUnauthorizedAccess\"")
                && document.contains("\"Message\" : \"EC2 cannot assume the role my-role. ")
        };
        assert!(failed(1000), "it has not answered yet");
        assert!(
            rotation.document(1000, None).contains("\"LastUpdated\" : \"1970-01-01T00:16:30Z\"")
        );
        rotation.note(None, 1000, 0);
        assert!(failed(1000), "nothing was ever given");
        rotation.note(Some(lease("FIRST", 1010, 900)), 1010, 0);
        rotation.note(None, 1600, 0);
        assert!(rotation.document(1909, None).contains("\"AccessKeyId\" : \"FIRST\""));
        assert!(failed(1910));
        assert!(
            rotation.document(1910, None).contains("\"LastUpdated\" : \"1970-01-01T00:31:50Z\"")
        );
        rotation.note(Some(lease("SECOND", 2000, 900)), 2000, 0);
        assert!(rotation.document(2000, None).contains("\"AccessKeyId\" : \"SECOND\""));
    }
}
