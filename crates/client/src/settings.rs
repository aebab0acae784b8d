//! Settings, read where the AWS SDKs read theirs.
//!
//! | environment | profile (`~/.aws/config`) | |
//! |---|---|---|
//! | `AWS_EC2_METADATA_DISABLED` | | `true`: do not use the service |
//! | `AWS_EC2_METADATA_SERVICE_ENDPOINT` | `ec2_metadata_service_endpoint` | its URL |
//! | `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` | `ec2_metadata_service_endpoint_mode` | `IPv4` or `IPv6` |
//! | `AWS_EC2_METADATA_V1_DISABLED` | `ec2_metadata_v1_disabled` | `true`: never `IMDSv1`, whatever the program allows |
//! | `AWS_METADATA_SERVICE_TIMEOUT` | `metadata_service_timeout` | seconds for each attempt, 0 to 3600 |
//! | `AWS_METADATA_SERVICE_NUM_ATTEMPTS` | `metadata_service_num_attempts` | how many attempts, 1 to 100 |
//!
//! What a program sets takes precedence over the environment, and the environment over the profile;
//! but any endpoint takes precedence over any mode. Where none of them names an endpoint or a mode, both
//! of the service's addresses are tried, IPv4 first.

mod profile;

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use crate::endpoint::{Endpoint, EndpointMode};
use crate::error::Error;
use crate::machine;

pub use profile::Profile;

/// When to send a request without a token (`IMDSv1`), which gives up the protection of `IMDSv2`.
///
/// Even where it is allowed it is used only if a token cannot be had: its loss to the hop limit is
/// sure, or the service knows no tokens (404, 405). A service that is slow, throttles, fails or
/// refuses (400, 401, 403, 429, 5xx) never leads to it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum V1Fallback {
    /// Never.
    #[default]
    Never,
    /// For everything except credentials and user data.
    ExceptSecrets,
    /// For everything.
    Everything,
}

/// How to reach the service, and how long to try.
///
/// Made by [`Settings::from_env`] or, without a look at the environment, by [`Settings::default`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where the service is.
    pub endpoint: Endpoint,
    /// The setting that disables the service for this process, if one does, such as
    /// `AWS_EC2_METADATA_DISABLED=true`.
    pub disabled_by: Option<String>,
    /// When to use `IMDSv1`. [`V1Fallback::Never`] unless a program says otherwise.
    pub v1_fallback: V1Fallback,
    /// Whether a setting forbids `IMDSv1`, whatever [`Settings::v1_fallback`] says.
    pub v1_disabled: bool,
    /// How long a call may take in all. Default: 5 s.
    pub budget: Duration,
    /// How long one attempt waits for a connection. Default: 250 ms, within which each address is
    /// tried three or four times; a service on a link-local address accepts within 5 ms. On an EC2 instance
    /// ([`Settings::for_this_machine`]) 1 s.
    pub connect_timeout: Duration,
    /// How often a request is tried, at least 1. Default: 4.
    pub attempts: u32,
    /// How many of the attempts may go to an endpoint that nothing answers at, at least 1. Default: 1,
    /// so that a call on a machine without the service fails within 300 ms. On an EC2 instance 4. A
    /// refused connection is never tried again.
    pub connect_attempts: u32,
    /// How long a token is to live, in seconds, 1 to 21600. Default: 21600.
    pub token_ttl: u32,
    /// Switches whose value is neither `true` nor `false`. They are ignored, and reported as
    /// [`Warning::SettingIgnored`](crate::Warning::SettingIgnored).
    pub ignored: Vec<IgnoredSetting>,
}

/// A setting whose value has no meaning.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct IgnoredSetting {
    /// The name of the variable, or of the profile's key.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: EndpointMode::Either.endpoint(),
            disabled_by: None,
            v1_fallback: V1Fallback::Never,
            v1_disabled: false,
            budget: Duration::from_secs(5),
            connect_timeout: Duration::from_millis(250),
            attempts: 4,
            connect_attempts: 1,
            token_ttl: 21600,
            ignored: Vec::new(),
        }
    }
}

/// What a program decides itself, whatever the environment says.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The service's URL.
    pub endpoint: Option<Endpoint>,
    /// Which of the service's own addresses to use.
    pub mode: Option<EndpointMode>,
}

impl Settings {
    /// The default settings, with more patience where the firmware says that this is an EC2 instance:
    /// there the service exists, and what keeps it away may pass, such as a network that is being set
    /// up. Elsewhere nothing is likely to answer ever.
    pub fn for_this_machine() -> Self {
        if machine::is_ec2(Path::new("/")) { Self::patient() } else { Self::default() }
    }

    fn patient() -> Self {
        let connect_timeout = Duration::from_secs(1);
        Self { connect_timeout, connect_attempts: 4, ..Self::default() }
    }

    /// The environment's settings, and those of the profile that `AWS_PROFILE` names, over the
    /// defaults for this machine.
    ///
    /// # Errors
    /// [`Error::InvalidSetting`] for a value that cannot be used.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_env_with(Self::for_this_machine(), Overrides::default())
    }

    /// The same, over other `defaults`, and under what the program decides itself.
    ///
    /// # Errors
    /// As [`Settings::from_env`].
    pub fn from_env_with(defaults: Self, overrides: Overrides) -> Result<Self, Error> {
        let environment = |name: &str| std::env::var(name).ok();
        let profile = Profile::load(&environment);
        Self::resolve(defaults, overrides, &environment, &profile)
    }

    /// The settings that follow from these sources. `defaults` are for what no other source sets.
    ///
    /// ```
    /// use imds_client::Settings;
    /// use imds_client::settings::{Overrides, Profile};
    ///
    /// let profile = Profile::parse("[default]\nec2_metadata_service_endpoint_mode = IPv6\n", "default");
    /// let env = |name: &str| (name == "AWS_METADATA_SERVICE_TIMEOUT").then(|| "0.5".to_owned());
    /// let settings = Settings::resolve(Settings::default(), Overrides::default(), &env, &profile)?;
    /// assert_eq!(settings.endpoint.to_string(), "http://[fd00:ec2::254]");
    /// assert_eq!(settings.connect_timeout.as_millis(), 500);
    /// # Ok::<_, imds_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidSetting`] for a value that cannot be used. A switch with an unknown value is
    /// not an error: it is off, as in most SDKs, and listed in [`Settings::ignored`].
    pub fn resolve(
        defaults: Self,
        overrides: Overrides,
        environment: &dyn Fn(&str) -> Option<String>,
        profile: &Profile,
    ) -> Result<Self, Error> {
        let source = Source { environment, profile };
        let mut settings = defaults;

        let endpoint = match overrides.endpoint {
            Some(endpoint) => Some(endpoint),
            None => source.parse(Name::ENDPOINT)?,
        };
        let mode = match overrides.mode {
            Some(mode) => Some(mode),
            // A mode that is not needed is not read: an invalid one does no harm.
            None if endpoint.is_none() => source.parse(Name::MODE)?,
            None => None,
        };
        if let Some(endpoint) = endpoint.or_else(|| Some(mode?.endpoint())) {
            settings.endpoint = endpoint;
        }
        if let Some(setting) = source.switch(Name::DISABLED, &mut settings.ignored) {
            settings.disabled_by = Some(setting);
        }
        settings.v1_disabled |= source.switch(Name::V1_DISABLED, &mut settings.ignored).is_some();
        if let Some(Attempts(attempts)) = source.parse(Name::ATTEMPTS)? {
            settings.attempts = attempts;
            settings.connect_attempts = attempts;
        }
        if let Some(Seconds(timeout)) = source.parse(Name::TIMEOUT)? {
            settings.connect_timeout = timeout;
            settings.budget = timeout.saturating_mul(settings.attempts);
        }
        Ok(settings)
    }
}

/// A setting's names.
#[derive(Clone, Copy)]
struct Name {
    environment: &'static str,
    profile: Option<&'static str>,
}

impl Name {
    const DISABLED: Self = Self { environment: "AWS_EC2_METADATA_DISABLED", profile: None };
    const ENDPOINT: Self =
        Self::both("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    const MODE: Self =
        Self::both("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
    const V1_DISABLED: Self =
        Self::both("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled");
    const TIMEOUT: Self = Self::both("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout");
    const ATTEMPTS: Self =
        Self::both("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts");

    const fn both(environment: &'static str, profile: &'static str) -> Self {
        Self { environment, profile: Some(profile) }
    }
}

struct Source<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    profile: &'a Profile,
}

impl Source<'_> {
    /// The setting's value, and the name it has in its source. An empty value counts as not set.
    fn find(&self, name: Name) -> Option<(&'static str, String)> {
        let is_set = |value: &String| !value.trim().is_empty();
        let environment = (self.environment)(name.environment).filter(is_set);
        let environment = environment.map(|value| (name.environment, value));
        environment.or_else(|| {
            let key = name.profile?;
            let value = self.profile.value(key).map(str::to_owned).filter(is_set)?;
            Some((key, value))
        })
    }

    fn parse<T: FromStr<Err: Display>>(&self, name: Name) -> Result<Option<T>, Error> {
        let Some((found, value)) = self.find(name) else { return Ok(None) };
        let parsed = value.trim().parse();
        parsed.map(Some).map_err(|expected: T::Err| Error::InvalidSetting {
            name: found.to_owned(),
            value,
            expected: expected.to_string(),
        })
    }

    /// `NAME=value` of a switch that is on. One that is neither on nor off is added to `ignored`.
    fn switch(&self, name: Name, ignored: &mut Vec<IgnoredSetting>) -> Option<String> {
        let (found, value) = self.find(name)?;
        let is = |word| value.trim().eq_ignore_ascii_case(word);
        if !is("true") && !is("false") {
            ignored.push(IgnoredSetting { name: found.to_owned(), value: value.clone() });
        }
        is("true").then(|| format!("{found}={value}"))
    }
}

struct Seconds(Duration);

impl FromStr for Seconds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected seconds, such as 1 or 0.5, at most 3600";
        let seconds: f64 = text.parse().map_err(|_| EXPECTED)?;
        let is_usable = seconds > 0.0 && seconds <= 3600.0;
        is_usable.then(|| Self(Duration::from_secs_f64(seconds))).ok_or(EXPECTED)
    }
}

struct Attempts(u32);

impl FromStr for Attempts {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let attempts = text.parse().ok().filter(|attempts| (1..=100).contains(attempts));
        attempts.map(Self).ok_or("expected a number of attempts, 1 to 100")
    }
}

#[cfg(test)]
mod tests;
