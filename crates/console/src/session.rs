//! Who may use the console: a code that works once becomes a session.
//!
//! Both are kept as digests: what is in memory lets nobody in.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

/// How long a code works.
const CODE_LIFE: Duration = Duration::from_secs(5 * 60);

/// How long a session lasts in which nothing is asked for.
const SESSION_LIFE: Duration = Duration::from_secs(12 * 3600);

/// How many codes, and how many sessions, there are at a time. One more takes the place of the oldest.
const MOST: usize = 64;

/// Lets browsers in. They are forgotten with the process.
pub struct SignIn {
    address: SocketAddr,
    secrets: Mutex<Secrets>,
}

#[derive(Default)]
struct Secrets {
    codes: Vec<Secret>,
    sessions: Vec<Secret>,
}

struct Secret {
    digest: [u8; 32],
    expires: Instant,
}

impl SignIn {
    /// Nobody is in yet. The console is served at `address`.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, secrets: Mutex::default() }
    }

    /// A URL that lets one browser in, once, within five minutes.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn url(&self) -> io::Result<String> {
        let code = random()?;
        keep(&mut self.secrets().codes, &code, CODE_LIFE, Instant::now());
        Ok(format!("http://{}/sign-in?code={code}", self.address))
    }

    /// Begins a session; `None` if there is no such code, or it was used before.
    pub(crate) fn begin_session(&self, code: &str) -> io::Result<Option<String>> {
        let (now, session) = (Instant::now(), random()?);
        let secrets = &mut *self.secrets();
        if !take(&mut secrets.codes, code, now) {
            return Ok(None);
        }
        keep(&mut secrets.sessions, &session, SESSION_LIFE, now);
        Ok(Some(session))
    }

    /// Whether `session` is one, which then lasts on.
    pub(crate) fn has_session(&self, session: &str) -> bool {
        let now = Instant::now();
        let sessions = &mut self.secrets().sessions;
        let is_known = take(sessions, session, now);
        if is_known {
            keep(sessions, session, SESSION_LIFE, now);
        }
        is_known
    }

    /// Ends a session.
    pub(crate) fn end_session(&self, session: &str) {
        take(&mut self.secrets().sessions, session, Instant::now());
    }

    /// The name of the cookie. Browsers give a cookie to all ports of a host, so it names the port.
    pub(crate) fn cookie(&self) -> String {
        format!("imds-console-{}", self.address.port())
    }

    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keep(secrets: &mut Vec<Secret>, text: &str, life: Duration, now: Instant) {
    secrets.retain(|secret| secret.expires > now);
    if secrets.len() >= MOST {
        secrets.remove(0);
    }
    secrets.push(Secret { digest: digest(text), expires: now + life });
}

/// Removes a secret; whether it was there.
fn take(secrets: &mut Vec<Secret>, text: &str, now: Instant) -> bool {
    let digest = digest(text);
    let found = secrets.iter().position(|secret| secret.digest == digest);
    found.is_some_and(|place| secrets.remove(place).expires > now)
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// 128 random bits.
fn random() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(sign_in: &SignIn) -> String {
        sign_in.url().unwrap().split_once("code=").unwrap().1.to_owned()
    }

    #[test]
    fn a_code_works_once() {
        let sign_in = SignIn::new("127.0.0.1:1340".parse().unwrap());
        let code = code(&sign_in);
        let session = sign_in.begin_session(&code).unwrap().unwrap();
        assert_eq!(sign_in.begin_session(&code).unwrap(), None);
        assert!(sign_in.has_session(&session) && sign_in.has_session(&session));
        assert!(!sign_in.has_session(&code) && !sign_in.has_session(""));
        sign_in.end_session(&session);
        assert!(!sign_in.has_session(&session));
    }

    #[test]
    fn what_is_over_does_not_count_and_there_is_room_for_the_latest() {
        let (mut secrets, now) = (Vec::new(), Instant::now());
        keep(&mut secrets, "a", CODE_LIFE, now);
        assert!(!take(&mut secrets, "a", now + CODE_LIFE));
        for number in 0..=MOST {
            keep(&mut secrets, &number.to_string(), CODE_LIFE, now);
        }
        assert_eq!(secrets.len(), MOST);
        assert!(!take(&mut secrets, "0", now));
        assert!(take(&mut secrets, "1", now));
    }
}
