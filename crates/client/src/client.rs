//! The client: a path in, what is there out.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::credentials::CredentialCache;
use crate::error::{Certainty, Error, HopLimit, Silence};
use crate::exchange::Request;
use crate::path::Path;
use crate::response::Response;
use crate::secret::Secret;
use crate::session::Session;
use crate::settings::Settings;

/// How many requests are under way at a time. EC2 lets a network interface send 1024 packets a second
/// to the services on link-local addresses, and a request takes ten.
const AT_A_TIME: usize = 8;

/// When to ask without a token (`IMDSv1`), which gives up what `IMDSv2` protects from.
///
/// Even where it is allowed it is used only if a token cannot be had: it is lost to the hop limit for
/// sure, or the service knows no tokens (404, 405). A service that is slow, throttles, fails or
/// refuses (400, 401, 403, 429, 5xx) never leads to it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum V1 {
    /// Never.
    #[default]
    Never,
    /// For everything but credentials and user data.
    ExceptSecrets,
    /// For everything.
    Everything,
}

/// Something that a program may want to log. Each is reported once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// `IMDSv1` is used, for this reason.
    UsingV1(Error),
    /// Credentials have expired, no new ones can be had, and the old ones are still handed out.
    CredentialsExtended(Error),
}

type Listener = Arc<dyn Fn(&Notice) + Send + Sync>;

/// A client. Clones share one token, one verdict on what is wrong, and one set of credentials.
#[derive(Clone)]
pub struct Client {
    session: Arc<Session>,
    shared: Arc<Shared>,
    listener: Option<Listener>,
}

struct Shared {
    places: Semaphore,
    has_used_v1: AtomicBool,
    credentials: CredentialCache,
}

impl Client {
    /// A client with these settings, and a token of its own.
    pub fn new(settings: Settings) -> Self {
        Self {
            session: Arc::new(Session::new(settings)),
            shared: Arc::new(Shared {
                places: Semaphore::new(AT_A_TIME),
                has_used_v1: AtomicBool::new(false),
                credentials: CredentialCache::default(),
            }),
            listener: None,
        }
    }

    /// A client as the environment configures it; see [`crate::settings`].
    ///
    /// # Errors
    /// [`Error::Setting`] for a value that nothing can be done with.
    pub fn from_env() -> Result<Self, Error> {
        Settings::from_env().map(Self::new)
    }

    /// The process's client, as the environment configures it: one token for all that use it.
    ///
    /// # Errors
    /// As [`Client::from_env`], each time.
    pub fn shared() -> Result<Self, Error> {
        static CLIENT: OnceLock<Result<Client, Error>> = OnceLock::new();
        CLIENT.get_or_init(Self::from_env).clone()
    }

    /// The same client, and a function to be told of what is worth a line in a log.
    ///
    /// ```
    /// use imds_client::{Client, Notice, Settings, V1};
    ///
    /// let mut settings = Settings::default();
    /// settings.v1 = V1::ExceptSecrets;
    /// let client = Client::new(settings).on_notice(|notice| {
    ///     if let Notice::UsingV1(reason) = notice {
    ///         eprintln!("warning: IMDSv1 is used: {reason}");
    ///     }
    /// });
    /// assert_eq!(client.settings().v1, V1::ExceptSecrets);
    /// ```
    #[must_use]
    pub fn on_notice(mut self, listener: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.session.settings
    }

    /// Asks for what is at `path`.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing is; else why it cannot be known.
    pub async fn fetch(&self, path: &Path) -> Result<Response, Error> {
        if let Some(by) = &self.settings().disabled_by {
            return Err(Error::Disabled { by: by.clone() });
        }
        let deadline = Instant::now() + self.settings().budget;
        let mut may_renew = true;
        loop {
            let token = match self.session.token(deadline).await {
                Ok(token) => token,
                Err(error) => return self.without_token(path, error, deadline).await,
            };
            let answer = self.ask(path, Some(&token.secret), deadline).await;
            match answer {
                Err(Error::Status { status: 401, .. }) if may_renew => {
                    // A service that was restarted or restored may not know its own tokens.
                    self.session.reject(&token);
                    may_renew = false;
                }
                answer => return answer,
            }
        }
    }

    /// The text at `path`, without blanks and line ends at its end.
    ///
    /// # Errors
    /// As [`Client::fetch`]; and [`Error::Malformed`] for what is no text, or has control characters
    /// other than line feeds.
    pub async fn text(&self, path: &Path) -> Result<String, Error> {
        let response = self.fetch(path).await?;
        let malformed = |problem: &str| {
            Err(Error::Malformed { path: path.to_string(), problem: problem.to_owned() })
        };
        let Ok(text) = String::from_utf8(response.body) else { return malformed("it is no text") };
        let text = text.trim_end();
        if text.chars().any(|sign| sign.is_control() && sign != '\n') {
            return malformed("it has control characters");
        }
        Ok(text.to_owned())
    }

    /// The names at `path`, one a line. None where there is nothing.
    ///
    /// # Errors
    /// As [`Client::text`], but for [`Error::NotFound`].
    pub async fn list(&self, path: &Path) -> Result<Vec<String>, Error> {
        match self.text(path).await {
            Ok(text) => Ok(text
                .lines()
                .map(str::trim)
                .filter(|l| !l.is_empty())
                .map(str::to_owned)
                .collect()),
            Err(Error::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn credential_cache(&self) -> &CredentialCache {
        &self.shared.credentials
    }

    pub(crate) fn notify(&self, notice: &Notice) {
        if let Some(listener) = &self.listener {
            listener(notice);
        }
    }

    /// The tokenless request, where it is allowed; else the reason why there is no token.
    async fn without_token(
        &self,
        path: &Path,
        error: Error,
        deadline: Instant,
    ) -> Result<Response, Error> {
        if !may_use_v1(self.settings(), path, &error) {
            return Err(error);
        }
        match self.ask(path, None, deadline).await {
            // Tokens are required: what keeps them away is the thing to mend.
            Err(Error::Status { status: 401 | 403, .. }) => Err(error),
            answer => {
                if !self.shared.has_used_v1.swap(true, Ordering::Relaxed) {
                    self.notify(&Notice::UsingV1(error));
                }
                answer
            }
        }
    }

    /// One request, tried again where that may help.
    async fn ask(
        &self,
        path: &Path,
        token: Option<&Secret>,
        deadline: Instant,
    ) -> Result<Response, Error> {
        let endpoint = &self.settings().endpoint;
        let request = Request::get(endpoint, path.clone(), token);
        let began = Instant::now();
        let mut failures = 0;
        loop {
            let asking = async {
                // The semaphore is never closed.
                let _place = self.shared.places.acquire().await;
                let connected = self.session.connect(deadline).await?;
                // What cannot be sent shows when the answer is read.
                let _ = request.send(&connected.stream).await;
                let response = request.receive(&connected.stream, endpoint).await?;
                request.judge(response)
            };
            let error = match timeout_at(deadline, asking).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => error,
                Err(_) => self.session.timed_out(began, Silence::Unknown),
            };
            failures += 1;
            self.session.pause(failures, error, deadline).await?;
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", self.settings()).finish_non_exhaustive()
    }
}

/// Whether a request for `path` may go without a token, which `error` keeps away.
fn may_use_v1(settings: &Settings, path: &Path, error: &Error) -> bool {
    let is_allowed = match settings.v1 {
        V1::Never => false,
        V1::ExceptSecrets => !path.is_secret(),
        V1::Everything => true,
    };
    let is_lost = matches!(
        error,
        Error::HopLimit(verdict) if matches!(**verdict, HopLimit { certainty: Certainty::Sure, .. })
    );
    // The token's own path is not there, or takes no PUT: a service older than tokens.
    let has_no_tokens = matches!(error, Error::NotFound { .. } | Error::Status { status: 405, .. });
    is_allowed && !settings.v1_disabled && (is_lost || has_no_tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn status(status: u16) -> Error {
        Error::Status { path: "/latest/api/token".into(), status, retry_after: None }
    }

    fn lost(certainty: Certainty) -> Error {
        Error::HopLimit(Box::new(HopLimit {
            needed: 2,
            certainty,
            endpoint: ([127, 0, 0, 1], 80).into(),
            connected_in: Duration::ZERO,
            silent_for: Duration::ZERO,
            other_status: 200,
        }))
    }

    fn slow() -> Error {
        Error::TimedOut { endpoint: String::new(), waited: Duration::ZERO, silence: Silence::Slow }
    }

    #[test]
    fn v1_needs_both_leave_and_a_reason() {
        let path = Path::new("instance-id").unwrap();
        let allowed = Settings { v1: V1::ExceptSecrets, ..Settings::default() };
        let reasons = [lost(Certainty::Sure), status(405)];
        for error in &reasons {
            assert!(may_use_v1(&allowed, &path, error), "{error}");
            assert!(!may_use_v1(&Settings::default(), &path, error), "{error}");
            let off = Settings { v1_disabled: true, v1: V1::Everything, ..Settings::default() };
            assert!(!may_use_v1(&off, &path, error), "{error}");
        }
        let refusals = [400, 401, 403, 429, 500, 503].map(status);
        let others = [lost(Certainty::Likely), slow(), Error::EndpointDisabled];
        for error in refusals.iter().chain(&others) {
            assert!(!may_use_v1(&allowed, &path, error), "{error}");
        }
    }

    #[test]
    fn secrets_need_more_leave() {
        let except = Settings { v1: V1::ExceptSecrets, ..Settings::default() };
        let everything = Settings { v1: V1::Everything, ..Settings::default() };
        for path in ["user-data", "iam/security-credentials/role"] {
            let path = Path::new(path).unwrap();
            assert!(!may_use_v1(&except, &path, &lost(Certainty::Sure)));
            assert!(may_use_v1(&everything, &path, &lost(Certainty::Sure)));
        }
    }
}
