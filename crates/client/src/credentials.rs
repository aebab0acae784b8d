//! The role's credentials: new ones before the old ones end, and the old ones while none can be had.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::client::{Client, Notice};
use crate::clock;
use crate::error::Error;
use crate::path::Path;
use crate::secret::Secret;
use crate::single_flight::{Pilot, Seat, SingleFlight, Waiter};

/// When new credentials are asked for in the background, before the old ones end; up to
/// [`SPREAD`] earlier.
const EARLY: SignedDuration = SignedDuration::from_mins(15);
const SPREAD: SignedDuration = SignedDuration::from_mins(5);
/// When callers wait for new ones.
const LATE: SignedDuration = SignedDuration::from_mins(1);
/// How long credentials that have ended are still handed out at a time; up to [`MORE`] longer.
const EXTENSION: SignedDuration = SignedDuration::from_mins(5);
const MORE: SignedDuration = SignedDuration::from_mins(10);
/// How long a failure stands while the old ones are still good.
const REST: SignedDuration = SignedDuration::from_secs(30);

/// Temporary credentials of the instance's role. No `Debug`: they are secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct Credentials {
    /// The role's name.
    pub role: String,
    /// Not secret by itself.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: Secret,
    /// The session's token.
    pub session_token: Secret,
    /// When they end.
    pub expires: Timestamp,
    /// The account, where the service says it.
    pub account_id: Option<String>,
}

/// Credentials as the service writes them; other services write some names differently.
#[derive(Deserialize)]
struct Document {
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
    #[serde(rename = "Expiration", alias = "expiration", alias = "ExpiresAt")]
    expiration: Option<Timestamp>,
    #[serde(rename = "AccountId", alias = "accountId")]
    account_id: Option<String>,
}

impl Document {
    fn read(self, role: String, path: &Path) -> Result<Credentials, Error> {
        let malformed = |problem: String| Error::Malformed { path: path.to_string(), problem };
        if let Some(code) = &self.code
            && !code.eq_ignore_ascii_case("success")
        {
            // The code and message say why the role cannot be assumed. Neither is secret.
            let message = self.message.unwrap_or_default();
            return Err(malformed(format!("{code} {message}").trim().escape_debug().to_string()));
        }
        let missing = |name: &str| malformed(format!("{name} is missing"));
        Ok(Credentials {
            role,
            access_key_id: self.access_key_id.ok_or_else(|| missing("AccessKeyId"))?,
            secret_access_key: Secret::new(
                self.secret_access_key.ok_or_else(|| missing("SecretAccessKey"))?,
            ),
            session_token: Secret::new(self.token.ok_or_else(|| missing("Token"))?),
            expires: self.expiration.ok_or_else(|| missing("Expiration"))?,
            account_id: self.account_id,
        })
    }
}

impl Client {
    /// Credentials of the instance's role. Callers share one set, which is renewed 15 to 20 minutes
    /// before its end. While no new ones can be had the last ones are handed out, if need be for a
    /// while after their end: the service may extend them.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the instance has no role; else why there are none.
    pub async fn credentials(&self) -> Result<Arc<Credentials>, Error> {
        loop {
            let step = self.credential_cache().ask(clock::wall());
            if let Some(pilot) = step.begin {
                let client = self.clone();
                tokio::spawn(async move { client.renew_credentials(pilot).await });
            }
            let outcome = match step.reply {
                Reply::Now(credentials) => return Ok(credentials),
                Reply::Wait(waiter) => waiter.result().await,
            };
            if let Some(outcome) = outcome {
                return outcome;
            }
        }
    }

    /// The role's name.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the instance has none.
    pub async fn role(&self) -> Result<String, Error> {
        let path = Path::new("iam/security-credentials/")?;
        let names = self.text(&path).await?;
        names
            .lines()
            .next()
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            .ok_or(Error::NotFound { path: path.to_string() })
    }

    async fn renew_credentials(&self, pilot: Pilot<Outcome>) {
        let fetched = self.fetch_credentials().await.map(Arc::new);
        let (outcome, was_extended) =
            self.credential_cache().learn(fetched.clone(), clock::wall(), clock::chance());
        if let (true, Err(error)) = (was_extended, fetched) {
            self.notify(&Notice::CredentialsExtended(error));
        }
        pilot.tell(outcome);
    }

    async fn fetch_credentials(&self) -> Result<Credentials, Error> {
        let role = self.role().await?;
        let path = Path::new("iam/security-credentials/")?.entry(&role)?;
        let document: Document = self.document(&path).await?;
        document.read(role, &path)
    }
}

type Outcome = Result<Arc<Credentials>, Error>;

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
    credentials: Arc<Credentials>,
    /// From when on new ones are asked for.
    renew_at: Timestamp,
    /// Until when they are handed out: their end, or later if that was extended.
    usable_until: Timestamp,
    is_extended: bool,
}

struct Step {
    reply: Reply,
    begin: Option<Pilot<Outcome>>,
}

enum Reply {
    Now(Arc<Credentials>),
    Wait(Waiter<Outcome>),
}

impl CredentialCache {
    /// What to do for a caller.
    fn ask(&self, now: Timestamp) -> Step {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let usable = state.held.as_ref().filter(|held| now < held.usable_until);
        if let Some(held) = usable {
            // Before the end there is time to wait for better ones; after it these are the best.
            let is_late = !held.is_extended && now >= held.usable_until - LATE;
            if now < held.renew_at {
                return Step { reply: Reply::Now(Arc::clone(&held.credentials)), begin: None };
            }
            if !is_late {
                let reply = Reply::Now(Arc::clone(&held.credentials));
                let begin = match state.flight.board() {
                    Seat::First(pilot, _) => Some(pilot),
                    Seat::Joined(_) => None,
                };
                return Step { reply, begin };
            }
        }
        match state.flight.board() {
            Seat::Joined(waiter) => Step { reply: Reply::Wait(waiter), begin: None },
            Seat::First(pilot, waiter) => Step { reply: Reply::Wait(waiter), begin: Some(pilot) },
        }
    }

    /// Remembers how a request ended. Gives what the waiters get, and whether credentials have now
    /// been extended for the first time.
    fn learn(&self, fetched: Outcome, now: Timestamp, chance: f64) -> (Outcome, bool) {
        let part = |whole: SignedDuration| {
            let part = Duration::try_from(whole).unwrap_or_default().mul_f64(chance);
            SignedDuration::try_from(part).unwrap_or_default()
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            // The service hands old ones out again while it cannot make new ones.
            Ok(credentials) if credentials.expires > now => {
                let expires = credentials.expires;
                // Those that are short-lived from the start are not asked for all the time.
                let half = now + (expires.duration_since(now) / 2);
                state.held = Some(Held {
                    credentials: Arc::clone(&credentials),
                    renew_at: (expires - EARLY - part(SPREAD)).max(half),
                    usable_until: expires,
                    is_extended: false,
                });
                (Ok(credentials), false)
            }
            fetched => {
                let had_none = state.held.is_none();
                if let (true, Ok(credentials)) = (had_none, &fetched) {
                    state.held = Some(Held {
                        credentials: Arc::clone(credentials),
                        renew_at: now,
                        usable_until: credentials.expires,
                        is_extended: false,
                    });
                }
                let Some(held) = &mut state.held else { return (fetched, false) };
                let is_first = !held.is_extended;
                if now < held.credentials.expires {
                    held.renew_at = now + REST;
                    return (Ok(Arc::clone(&held.credentials)), false);
                }
                held.usable_until = now + EXTENSION + part(MORE);
                held.renew_at = held.usable_until - LATE;
                held.is_extended = true;
                (Ok(Arc::clone(&held.credentials)), is_first)
            }
        }
    }
}

#[cfg(test)]
mod tests;
