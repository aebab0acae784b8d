//! The client: a path in, the value out.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use crate::credentials::CredentialCache;
use crate::error::Error;
use crate::exchange::Request;
use crate::fallback::{self, Refusal};
use crate::metadata_path::MetadataPath;
use crate::response::Response;
use crate::session::Session;
use crate::settings::Settings;
use crate::warning::{Warning, Warnings};

/// A client. Clones share one token, one verdict on what is wrong, and one set of credentials.
#[derive(Clone)]
pub struct Client {
    session: Arc<Session>,
    refusal: Arc<Refusal>,
    credentials: Arc<CredentialCache>,
}

impl Client {
    /// A client with these settings, and a token of its own. [`Client::builder`] is for programs that
    /// change a few of them.
    pub fn new(settings: Settings) -> Self {
        Self {
            session: Arc::new(Session::new(settings)),
            refusal: Arc::default(),
            credentials: Arc::default(),
        }
    }

    /// A client as the environment configures it; see [`crate::settings`].
    ///
    /// # Errors
    /// [`Error::InvalidSetting`] for a value that cannot be used.
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

    /// Adds a function that this client and its clones report [`Warning`]s to, from now on.
    ///
    /// ```
    /// use imds_client::{Client, Settings};
    ///
    /// let client = Client::new(Settings::default())
    ///     .on_warning(|warning| eprintln!("warning: {warning}"));
    /// ```
    #[must_use]
    pub fn on_warning(self, listener: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        self.warnings().add_listener(listener);
        self
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.session.settings
    }

    /// The text at `path`, without blanks and line ends at its end.
    ///
    /// The path is written as for [`MetadataPath::new`]: `instance-id`, `dynamic/…`, `user-data`, or
    /// complete with a slash in front.
    ///
    /// ```no_run
    /// # // Not run: it needs an instance, and must not ask one by accident.
    /// # async fn example(client: imds_client::Client) -> Result<(), imds_client::Error> {
    /// let hostname = client.get("local-hostname").await?;
    /// let name = client.get("tags/instance/Name").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Client::fetch`]; and [`Error::Malformed`] for bytes that are not UTF-8, or have control
    /// characters other than line feeds.
    pub async fn get(&self, path: impl AsRef<str>) -> Result<String, Error> {
        let path = MetadataPath::new(path.as_ref())?;
        let response = self.fetch_path(&path).await?;
        let malformed = |problem: &str| {
            Err(Error::Malformed { path: path.to_string(), problem: problem.to_owned() })
        };
        let Ok(text) = String::from_utf8(response.body) else { return malformed("not UTF-8") };
        let text = text.trim_end();
        if text.chars().any(|sign| sign.is_control() && sign != '\n') {
            return malformed("it has control characters");
        }
        Ok(text.to_owned())
    }

    /// The entries that the directory at `path` lists, one a line. None where nothing exists.
    ///
    /// # Errors
    /// As [`Client::get`], except [`Error::NotFound`].
    pub async fn list(&self, path: impl AsRef<str>) -> Result<Vec<String>, Error> {
        match self.get(path).await {
            Ok(text) => Ok(text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect()),
            Err(Error::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// The whole response for `path`: bytes that need not be text, and header fields. The path is
    /// written as for [`Client::get`].
    ///
    /// # Errors
    /// [`Error::NotFound`] where nothing exists; [`Error::InvalidPath`] for a path that cannot be
    /// sent; else why the value cannot be known.
    pub async fn fetch(&self, path: impl AsRef<str>) -> Result<Response, Error> {
        self.fetch_path(&MetadataPath::new(path.as_ref())?).await
    }

    async fn fetch_path(&self, path: &MetadataPath) -> Result<Response, Error> {
        let settings = self.settings();
        let ignored: Vec<_> =
            settings.ignored.iter().cloned().map(Warning::SettingIgnored).collect();
        self.warnings().report_once(&ignored);
        if let Some(setting) = &settings.disabled_by {
            return Err(Error::Disabled { setting: setting.clone() });
        }
        let deadline = Instant::now() + settings.budget;
        let mut may_renew = true;
        loop {
            let token = match self.session.token(deadline).await {
                Ok(token) => token,
                Err(error) => return self.fetch_without_token(path, error, deadline).await,
            };
            let request = Request::Get(path.clone(), Some(token.secret.clone()));
            match self.session.send(&request, deadline).await {
                Err(Error::Status { status: 401, .. }) if may_renew => {
                    // A service that was restarted or restored may not know its own tokens.
                    self.session.reject(&token);
                    may_renew = false;
                }
                outcome => return outcome,
            }
        }
    }

    /// The request without a token, where it is allowed; else the reason why there is no token.
    async fn fetch_without_token(
        &self,
        path: &MetadataPath,
        reason: Error,
        deadline: Instant,
    ) -> Result<Response, Error> {
        if !fallback::is_allowed(self.settings(), path, &reason) {
            return Err(reason);
        }
        if let Some(status) = self.refusal.remembered() {
            return Err(fallback::refused(reason, status));
        }
        match self.session.send(&Request::Get(path.clone(), None), deadline).await {
            Err(Error::Status { status: status @ (401 | 403), .. }) => {
                self.refusal.remember(status);
                Err(fallback::refused(reason, status))
            }
            outcome => {
                self.warnings().report_once(&[Warning::UsingV1 { reason }]);
                outcome
            }
        }
    }

    pub(crate) fn credential_cache(&self) -> &CredentialCache {
        &self.credentials
    }

    pub(crate) fn warnings(&self) -> &Warnings {
        &self.session.warnings
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", self.settings()).finish_non_exhaustive()
    }
}
