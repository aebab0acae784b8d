//! Credentials of a role, and what is handed out when: new ones before the old ones end, and the old
//! ones while none can be had.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::error::Error;
use crate::metadata_path::MetadataPath;
use crate::secret::Secret;
use crate::single_flight::{Leader, Role, SingleFlight, Waiter};
use crate::timestamp;

const MINUTE: Duration = Duration::from_secs(60);
/// When new credentials are requested in the background, before the old ones end; up to [`SPREAD`]
/// earlier.
const EARLY: Duration = Duration::from_secs(15 * 60);
const SPREAD: Duration = Duration::from_secs(5 * 60);
/// When callers wait for new ones.
const LATE: Duration = MINUTE;
/// How long expired credentials are handed out at a time; up to [`MORE`] longer.
const EXTENSION: Duration = Duration::from_secs(5 * 60);
const MORE: Duration = Duration::from_secs(10 * 60);
/// How long a failure stands while the old ones are still good.
const REST: Duration = Duration::from_secs(30);
/// The latest expiration that is accepted, since 1970.
const LATEST_EXPIRATION: Duration = Duration::from_secs(100_000_000_000);

/// Temporary credentials of the instance's role. No `Debug`: they are secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct Credentials {
    /// The role's name.
    pub role: String,
    /// The access key id. Not secret by itself.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret,
    /// The session token.
    pub session_token: Secret,
    /// Until when to use them: the expiration that the service gave or, where [`is_extended`] is
    /// set, a later time.
    ///
    /// [`is_extended`]: Self::is_extended
    pub expires: SystemTime,
    /// Whether the expiration that the service gave is over. The service may have extended them, as EC2
    /// does in an outage; new ones are requested meanwhile.
    pub is_extended: bool,
    /// The account that the role belongs to, where the service says it.
    pub account_id: Option<String>,
}

/// Credentials as the service writes them; other services write some names differently.
#[derive(Deserialize)]
pub(crate) struct Document {
    #[serde(rename = "Code", alias = "code")]
    code: Option<String>,
    #[serde(rename = "Message", alias = "message")]
    message: Option<String>,
    #[serde(rename = "AccessKeyId", alias = "accessKeyId", alias = "AccessKeyID")]
    access_key_id: Option<String>,
    #[serde(rename = "SecretAccessKey", alias = "secretAccessKey")]
    secret_access_key: Option<String>,
    #[serde(rename = "Token", alias = "token", alias = "SessionToken", alias = "sessionToken")]
    token: Option<String>,
    #[serde(rename = "Expiration", alias = "expiration", alias = "ExpiresAt", default)]
    #[serde(deserialize_with = "timestamp::deserialize_optional")]
    expiration: Option<SystemTime>,
    #[serde(rename = "AccountId", alias = "accountId")]
    account_id: Option<String>,
}

impl Document {
    pub(crate) fn read(self, role: String, path: &MetadataPath) -> Result<Credentials, Error> {
        let malformed = |problem: String| Error::Malformed { path: path.to_string(), problem };
        if let Some(code) = &self.code
            && !code.eq_ignore_ascii_case("success")
        {
            // The code and message say why the role cannot be assumed. Neither is secret.
            let message = self.message.unwrap_or_default();
            return Err(malformed(format!("{code} {message}").trim().escape_debug().to_string()));
        }
        let missing = |name: &str| malformed(format!("{name} is missing"));
        let expires = self.expiration.ok_or_else(|| missing("Expiration"))?;
        // Arithmetic with a time at the end of the calendar would overflow.
        let since_1970 = expires.duration_since(SystemTime::UNIX_EPOCH);
        if !since_1970.is_ok_and(|time| time <= LATEST_EXPIRATION) {
            return Err(malformed("Expiration is before 1970 or after 5138".to_owned()));
        }
        Ok(Credentials {
            role,
            access_key_id: self.access_key_id.ok_or_else(|| missing("AccessKeyId"))?,
            secret_access_key: Secret::new(
                self.secret_access_key.ok_or_else(|| missing("SecretAccessKey"))?,
            ),
            session_token: Secret::new(self.token.ok_or_else(|| missing("Token"))?),
            expires,
            is_extended: false,
            account_id: self.account_id,
        })
    }
}

pub(crate) type Outcome = Result<Arc<Credentials>, Error>;

/// One set of credentials for all callers.
#[derive(Default)]
pub(crate) struct CredentialCache {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    flight: SingleFlight<Outcome>,
}

struct Held {
    /// As they are handed out.
    credentials: Arc<Credentials>,
    /// The expiration that the service gave.
    expires: SystemTime,
    /// From when on new ones are requested.
    renew_at: SystemTime,
}

/// What a caller gets, and the request that it has to start for all callers, if there is one.
pub(crate) struct Step {
    pub(crate) reply: Reply,
    pub(crate) start: Option<Leader<Outcome>>,
}

pub(crate) enum Reply {
    Now(Arc<Credentials>),
    Wait(Waiter<Outcome>),
}

/// Expired credentials are handed out, for the first time since they expired.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Extension {
    pub(crate) expired: SystemTime,
    pub(crate) until: SystemTime,
}

impl CredentialCache {
    /// What to do for a caller.
    pub(crate) fn request(&self, now: SystemTime) -> Step {
        let mut state = self.lock();
        let usable = state.held.as_ref().filter(|held| now < held.credentials.expires);
        if let Some(held) = usable {
            // Before their end there is time to wait for better ones; after it these are the best.
            let is_late = !held.credentials.is_extended && now >= held.credentials.expires - LATE;
            let reply = Reply::Now(Arc::clone(&held.credentials));
            if now < held.renew_at {
                return Step { reply, start: None };
            }
            if !is_late {
                let start = match state.flight.join() {
                    Role::Leader(leader, _) => Some(leader),
                    Role::Follower(_) => None,
                };
                return Step { reply, start };
            }
        }
        match state.flight.join() {
            Role::Follower(waiter) => Step { reply: Reply::Wait(waiter), start: None },
            Role::Leader(leader, waiter) => {
                Step { reply: Reply::Wait(waiter), start: Some(leader) }
            }
        }
    }

    /// Remembers how a request ended. Returns what the waiters get; and the extension, if one begins.
    /// `fraction` is a random number from 0 to 1, so that processes do not renew at the same time.
    pub(crate) fn learn(
        &self,
        fetched: Outcome,
        now: SystemTime,
        fraction: f64,
    ) -> (Outcome, Option<Extension>) {
        let mut state = self.lock();
        let was_extended = state.held.as_ref().is_some_and(|held| held.credentials.is_extended);
        match fetched {
            Ok(credentials) if credentials.expires > now => {
                let expires = credentials.expires;
                // Short-lived ones are not requested all the time.
                let half = now + expires.duration_since(now).unwrap_or_default() / 2;
                let renew_at = (expires - EARLY - SPREAD.mul_f64(fraction)).max(half);
                let outcome = Ok(Arc::clone(&credentials));
                state.held = Some(Held { credentials, expires, renew_at });
                return (outcome, None);
            }
            // The service serves old ones while it cannot make new ones.
            Ok(credentials) => {
                let expires = credentials.expires;
                if state.held.as_ref().is_none_or(|held| held.expires < expires) {
                    state.held = Some(Held { credentials, expires, renew_at: now });
                }
            }
            Err(error) if state.held.is_none() => return (Err(error), None),
            Err(_) => {}
        }
        let Some(held) = &mut state.held else { unreachable!("held since the match above") };
        if now < held.expires {
            held.renew_at = now + REST;
            return (Ok(Arc::clone(&held.credentials)), None);
        }
        let until = now + EXTENSION + MORE.mul_f64(fraction);
        let extended =
            Credentials { expires: until, is_extended: true, ..(*held.credentials).clone() };
        held.credentials = Arc::new(extended);
        held.renew_at = until - LATE;
        let extension = (!was_extended).then_some(Extension { expired: held.expires, until });
        (Ok(Arc::clone(&held.credentials)), extension)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // It is complete after each change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
