//! A client with settings from the program and from the environment.

use std::time::Duration;

use crate::blocking;
use crate::client::Client;
use crate::endpoint::{Endpoint, EndpointMode};
use crate::error::Error;
use crate::settings::{Overrides, Profile, Settings, V1Fallback};
use crate::warning::Warning;

type Listener = Box<dyn Fn(&Warning) + Send + Sync>;

/// Builds a [`Client`]. What the program does not set is taken from the environment, as
/// [`crate::settings`] describes.
///
/// ```
/// use std::time::Duration;
/// use imds_client::{Client, V1Fallback};
///
/// let client = Client::builder()
///     .endpoint("http://127.0.0.1:1338".parse()?)
///     .v1_fallback(V1Fallback::ExceptSecrets)
///     .budget(Duration::from_secs(2))
///     .on_warning(|warning| eprintln!("warning: {warning}"))
///     .build()?;
/// assert_eq!(client.settings().budget, Duration::from_secs(2));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
#[derive(Default)]
pub struct ClientBuilder {
    ignores_environment: bool,
    overrides: Overrides,
    v1_fallback: Option<V1Fallback>,
    budget: Option<Duration>,
    connect_timeout: Option<Duration>,
    attempts: Option<u32>,
    token_ttl: Option<u32>,
    listeners: Vec<Listener>,
}

impl Client {
    /// A builder, for programs that set something themselves.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }
}

impl ClientBuilder {
    /// Reads neither the environment nor the shared configuration file.
    pub fn ignore_environment(mut self) -> Self {
        self.ignores_environment = true;
        self
    }

    /// The service's URL.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.overrides.endpoint = Some(endpoint);
        self
    }

    /// Which of the service's own addresses to use. Default: [`EndpointMode::Either`].
    pub fn endpoint_mode(mut self, mode: EndpointMode) -> Self {
        self.overrides.mode = Some(mode);
        self
    }

    /// When to use `IMDSv1`. Default: never.
    pub fn v1_fallback(mut self, fallback: V1Fallback) -> Self {
        self.v1_fallback = Some(fallback);
        self
    }

    /// How long a call may take in all; see [`Settings::budget`].
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }

    /// How long one attempt waits for a connection; see [`Settings::connect_timeout`].
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How often a request is tried, also where nothing answers; see [`Settings::attempts`].
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// How long a token is to live, in seconds, 1 to 21600; see [`Settings::token_ttl`].
    pub fn token_ttl(mut self, seconds: u32) -> Self {
        self.token_ttl = Some(seconds);
        self
    }

    /// Adds a function that warnings are reported to.
    pub fn on_warning(mut self, listener: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`] for a value of the program or the environment that cannot be used.
    pub fn build(self) -> Result<Client, Error> {
        let (settings, listeners) = self.resolve()?;
        let client = Client::new(settings);
        Ok(listeners.into_iter().fold(client, Client::on_warning))
    }

    /// The client for programs without a Tokio runtime.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`]; and [`blocking::StartError::Thread`].
    pub fn build_blocking(self) -> Result<blocking::Client, blocking::StartError> {
        Ok(blocking::Client::with_client(self.build()?)?)
    }

    fn resolve(self) -> Result<(Settings, Vec<Listener>), Error> {
        let mut settings = if self.ignores_environment {
            let defaults = Settings::for_this_machine();
            Settings::resolve(defaults, self.overrides, &|_| None, &Profile::default())?
        } else {
            Settings::from_env_with(Settings::for_this_machine(), self.overrides)?
        };
        if let Some(fallback) = self.v1_fallback {
            settings.v1_fallback = fallback;
        }
        if let Some(budget) = self.budget {
            settings.budget = budget;
        }
        if let Some(timeout) = self.connect_timeout {
            settings.connect_timeout = timeout;
        }
        if let Some(attempts) = self.attempts {
            check("attempts", attempts, 1..=100)?;
            (settings.attempts, settings.connect_attempts) = (attempts, attempts);
        }
        if let Some(seconds) = self.token_ttl {
            check("token_ttl", seconds, 1..=21600)?;
            settings.token_ttl = seconds;
        }
        Ok((settings, self.listeners))
    }
}

fn check(name: &str, value: u32, range: std::ops::RangeInclusive<u32>) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    let expected = format!("expected {} to {}", range.start(), range.end());
    Err(Error::InvalidSetting { name: name.to_owned(), value: value.to_string(), expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_out_of_range_are_errors() {
        let builder = || Client::builder().ignore_environment();
        for (built, name) in [
            (builder().attempts(0).build(), "attempts"),
            (builder().token_ttl(0).build(), "token_ttl"),
            (builder().token_ttl(21601).build(), "token_ttl"),
        ] {
            let error = built.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(name) && error.contains("expected 1 to "), "{error}");
        }
        let client = builder().attempts(7).token_ttl(60).build().unwrap();
        assert_eq!((client.settings().connect_attempts, client.settings().token_ttl), (7, 60));
    }
}
