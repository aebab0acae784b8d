//! Settings, found where the AWS SDKs find theirs.
//!
//! | environment | profile (`~/.aws/config`) | |
//! |---|---|---|
//! | `AWS_EC2_METADATA_DISABLED` | | `true`: do not use the service |
//! | `AWS_EC2_METADATA_SERVICE_ENDPOINT` | `ec2_metadata_service_endpoint` | its address |
//! | `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE` | `ec2_metadata_service_endpoint_mode` | `IPv4` or `IPv6` |
//! | `AWS_EC2_METADATA_V1_DISABLED` | `ec2_metadata_v1_disabled` | `true`: never `IMDSv1`, whatever the program allows |
//! | `AWS_METADATA_SERVICE_TIMEOUT` | `metadata_service_timeout` | seconds for each try |
//! | `AWS_METADATA_SERVICE_NUM_ATTEMPTS` | `metadata_service_num_attempts` | how many tries |
//!
//! What a program sets goes before the environment, and that before the profile; but any endpoint
//! goes before any mode.

mod profile;

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use crate::client::V1;
use crate::endpoint::{Endpoint, Mode};
use crate::error::Error;

pub use profile::Profile;

/// How to reach the service, and how long to try. Made by [`Settings::from_env`] or, without a look
/// at the environment, by [`Settings::default`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Where the service is.
    pub endpoint: Endpoint,
    /// The setting that switches the service off for this process, if one does.
    pub disabled_by: Option<String>,
    /// When to do without a token. [`V1::Never`] unless a program says otherwise.
    pub v1: V1,
    /// Whether a setting forbids `IMDSv1`, whatever [`Settings::v1`] says.
    pub v1_disabled: bool,
    /// How long a call may take in all. 5 s.
    pub budget: Duration,
    /// How long to wait for a connection. 250 ms: link-local neighbours answer within 5.
    pub connect_timeout: Duration,
    /// How often a request is tried, at least 1. 4 times.
    pub attempts: u32,
    /// How long a token is to live, in seconds, 1 to 21600. 21600.
    pub token_ttl: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: Mode::Ipv4.endpoint(),
            disabled_by: None,
            v1: V1::Never,
            v1_disabled: false,
            budget: Duration::from_secs(5),
            connect_timeout: Duration::from_millis(250),
            attempts: 4,
            token_ttl: 21600,
        }
    }
}

/// What a program decides itself, whatever the environment says.
#[derive(Clone, Debug, Default)]
pub struct Explicit {
    /// The service's address.
    pub endpoint: Option<Endpoint>,
    /// Which of the service's own addresses to use.
    pub mode: Option<Mode>,
}

impl Settings {
    /// The environment's settings, and those of the profile that `AWS_PROFILE` names.
    ///
    /// # Errors
    /// [`Error::Setting`] for a value that nothing can be done with.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_env_and(Explicit::default())
    }

    /// The same, but where the service is may be decided by the program.
    ///
    /// # Errors
    /// As [`Settings::from_env`].
    pub fn from_env_and(explicit: Explicit) -> Result<Self, Error> {
        let environment = |name: &str| std::env::var(name).ok();
        let profile = Profile::load(&environment);
        Self::resolve(explicit, &environment, &profile)
    }

    /// The settings that follow from these sources.
    ///
    /// ```
    /// use imds_client::Settings;
    /// use imds_client::settings::{Explicit, Profile};
    ///
    /// let profile = Profile::parse("[default]\nec2_metadata_service_endpoint_mode = IPv6\n", "default");
    /// let set = |name: &str| (name == "AWS_METADATA_SERVICE_TIMEOUT").then(|| "0.5".to_owned());
    /// let settings = Settings::resolve(Explicit::default(), &set, &profile)?;
    /// assert_eq!(settings.endpoint.to_string(), "http://[fd00:ec2::254]");
    /// assert_eq!(settings.connect_timeout.as_millis(), 500);
    /// # Ok::<_, imds_client::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] for a value that nothing can be done with. A switch with an odd value is
    /// no error: it is off, as in most SDKs.
    pub fn resolve(
        explicit: Explicit,
        environment: &dyn Fn(&str) -> Option<String>,
        profile: &Profile,
    ) -> Result<Self, Error> {
        let source = Source { environment, profile };
        let mut settings = Self::default();

        let endpoint = match explicit.endpoint {
            Some(endpoint) => Some(endpoint),
            None => source.parse(Name::ENDPOINT)?,
        };
        let mode = match explicit.mode {
            Some(mode) => Some(mode),
            // A mode that is not needed is not read: an odd one does no harm.
            None if endpoint.is_none() => source.parse(Name::MODE)?,
            None => None,
        };
        settings.endpoint = endpoint.unwrap_or_else(|| mode.unwrap_or_default().endpoint());

        settings.disabled_by = source.switched_on(Name::DISABLED);
        settings.v1_disabled = source.switched_on(Name::V1_DISABLED).is_some();
        if let Some(Attempts(attempts)) = source.parse(Name::ATTEMPTS)? {
            settings.attempts = attempts;
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
    /// The setting's value, and the name it was found under. An empty one counts as not there.
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
        parsed.map(Some).map_err(|expected: T::Err| Error::Setting {
            name: found.to_owned(),
            value,
            expected: expected.to_string(),
        })
    }

    fn switched_on(&self, name: Name) -> Option<String> {
        let (found, value) = self.find(name)?;
        value.trim().eq_ignore_ascii_case("true").then(|| format!("{found}={value}"))
    }
}

struct Seconds(Duration);

impl FromStr for Seconds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "write seconds, such as 1 or 0.5, up to 3600";
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
        attempts.map(Self).ok_or("write how many tries, 1 to 100")
    }
}

#[cfg(test)]
mod tests;
