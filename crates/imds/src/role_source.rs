//! Where a role's credentials come from if they are neither given nor made up: from a program that
//! prints them. The aws CLI is such a program, for all that profiles can say.

use std::ffi::OsStr;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use imds_core::credentials::{AccessKeys, Lease, RoleKeys, Rotation};
use imds_core::{Instance, Launch};
use serde::Deserialize;

use crate::clock::unix_ms;
use crate::error::{CommandError, Kind};

/// What to ask, and where STS is for it.
pub(crate) struct RoleSource {
    pub(crate) asked: Asked,
    /// Instead of AWS's own, such as `http://127.0.0.1:4566`.
    pub(crate) sts_endpoint: Option<String>,
}

/// What is asked for credentials.
pub(crate) enum Asked {
    /// A command line, as `credential_process` of AWS's settings files has it.
    Process(String),
    /// A profile of those files, whatever it is made of.
    Profile(String),
    /// STS, for a role, with the credentials of a profile, or those that the aws CLI finds by itself.
    Role { arn: String, profile: Option<String> },
}

/// Asks the source whenever new credentials are due.
pub(crate) struct Renewal {
    source: RoleSource,
    words: Vec<String>,
    rotation: Arc<Rotation>,
    next: u64,
}

/// How long credentials last of which nobody says when they end: as long as EC2's, in seconds.
const LIFETIME: u64 = 6 * 3600;

/// How long to wait at the most before the clock is looked at again: it may be set meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

impl Renewal {
    /// Asks for the first credentials, and has the role of `launch` use them. Starts no thread. A
    /// source that fails is no reason to stop: EC2 would say so to whoever asks for credentials.
    pub(crate) fn begin(source: RoleSource, launch: &mut Launch) -> Result<Self, CommandError> {
        let words = source.words(&launch.clone().settle()?);
        let name = launch.role.as_ref().map(|role| role.name.clone()).unwrap_or_default();
        let rotation = Arc::new(Rotation::new(name));
        if let Some(role) = &mut launch.role {
            role.keys = Some(RoleKeys::Rotated(Arc::clone(&rotation)));
        }
        let mut renewal = Self { source, words, rotation, next: 0 };
        if let Err(error) = renewal.ask() {
            eprintln!("imds: warning: {error}; it is asked again");
        }
        Ok(renewal)
    }

    /// Goes on in a thread of its own, as long as the process lives.
    pub(crate) fn start(mut self) -> Result<(), CommandError> {
        let thread = thread::Builder::new().name("credentials".to_owned());
        let spawned = thread.spawn(move || {
            loop {
                match self.next.checked_sub(unix_ms() / 1000).filter(|&left| left > 0) {
                    Some(left) => thread::park_timeout(Duration::from_secs(left).min(PATIENCE)),
                    None => match self.ask() {
                        Ok(()) => tracing::info!("the role has new credentials"),
                        Err(error) => tracing::warn!(%error, "the role has no new credentials"),
                    },
                }
            }
        });
        spawned.map(drop).map_err(|error| {
            CommandError::new(Kind::Unavailable, "cannot renew credentials").caused_by(error)
        })
    }

    fn ask(&mut self) -> Result<(), SourceError> {
        let outcome = ask(&self.words, self.source.sts_endpoint.as_deref());
        // It may have taken a while.
        let now = unix_ms() / 1000;
        let (lease, outcome) = match outcome {
            Ok(printed) => (Some(printed.lease(now)), Ok(())),
            Err(error) => (None, Err(error)),
        };
        // Without randomness all is as it should be, but for the spread.
        self.next = self.rotation.note(lease, now, getrandom::u64().unwrap_or_default());
        outcome
    }
}

impl RoleSource {
    /// The program and its arguments. EC2's role sessions are called as the instance is.
    fn words(&self, instance: &Instance) -> Vec<String> {
        let (id, region) = (instance.id.as_str(), instance.zone.region().as_str());
        let mut words = match &self.asked {
            Asked::Process(line) => vec!["sh", "-c", line],
            Asked::Profile(name) => {
                let export = ["aws", "configure", "export-credentials", "--format", "process"];
                [&export[..], &["--profile", name]].concat()
            }
            Asked::Role { arn, .. } => {
                let assume = ["aws", "sts", "assume-role", "--output", "json", "--region", region];
                [&assume[..], &["--role-arn", arn, "--role-session-name", id]].concat()
            }
        };
        if let Asked::Role { profile, .. } = &self.asked {
            words.extend(profile.iter().flat_map(|name| ["--profile", name]));
            // Older ones do not know the variable, and would ask AWS.
            words.extend(self.sts_endpoint.iter().flat_map(|url| ["--endpoint-url", url]));
        }
        words.into_iter().map(str::to_owned).collect()
    }
}

/// Why a source gave no credentials. Says nothing of what it printed, which may be secret.
#[derive(Debug, thiserror::Error)]
enum SourceError {
    #[error("credentials cannot be had from `{program}`: {source}")]
    CannotRun { program: String, source: io::Error },
    #[error("credentials cannot be had from `{program}`, which ended with {status}")]
    Failed { program: String, status: ExitStatus },
    #[error("what `{program}` printed is no credentials: {problem}")]
    NoCredentials { program: String, problem: &'static str },
}

/// What a program prints: credentials as they are for `credential_process`
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>), or as STS has them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Printed {
    OfSts {
        #[serde(rename = "Credentials")]
        credentials: Keys,
    },
    Plain(Keys),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Keys {
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    session_token: String,
    expiration: Option<jiff::Timestamp>,
}

impl Printed {
    fn lease(self, now: u64) -> Lease {
        let (Self::Plain(keys) | Self::OfSts { credentials: keys }) = self;
        let expires = keys.expiration.map(|time| u64::try_from(time.as_second()).unwrap_or(0));
        let Keys { access_key_id, secret_access_key, session_token, .. } = keys;
        let keys = AccessKeys { access_key_id, secret_access_key, session_token };
        Lease { keys, updated: now, expires: expires.unwrap_or(now + LIFETIME) }
    }
}

/// Runs the program. What it complains of goes where our own complaints go.
fn ask(words: &[String], sts_endpoint: Option<&str>) -> Result<Printed, SourceError> {
    let program = || words.first().cloned().unwrap_or_default();
    let output = Command::new(program())
        .args(words.iter().skip(1))
        .envs(sts_endpoint.map(|url| ("AWS_ENDPOINT_URL_STS", OsStr::new(url))))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| SourceError::CannotRun { program: program(), source })?;
    if !output.status.success() {
        return Err(SourceError::Failed { program: program(), status: output.status });
    }
    serde_json::from_slice(&output.stdout).map_err(|_| SourceError::NoCredentials {
        program: program(),
        problem: "it is to be a JSON object with AccessKeyId, SecretAccessKey, SessionToken and \
                  Expiration",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Lease> {
        serde_json::from_str::<Printed>(text).ok().map(|printed| printed.lease(1000))
    }

    #[test]
    fn both_layouts_are_read() {
        let keys = r#""AccessKeyId": "A", "SecretAccessKey": "B", "SessionToken": "C""#;
        let end = r#""Expiration": "1970-01-01T01:00:00+00:00""#;
        for (text, expires) in [
            (format!("{{\"Version\": 1, {keys}, {end}}}"), 3600),
            (format!("{{\"Version\": 1, {keys}}}"), 1000 + LIFETIME),
            (format!("{{\"Credentials\": {{{keys}, {end}}}, \"AssumedRoleUser\": {{}}}}"), 3600),
        ] {
            let lease = parse(&text).unwrap();
            assert_eq!((lease.keys.access_key_id.as_str(), lease.expires), ("A", expires));
            assert_eq!(lease.keys.session_token, "C");
        }
        assert!(parse(r#"{"Version": 1, "AccessKeyId": "A"}"#).is_none());
        assert!(parse(r#"{"Credentials": {}}"#).is_none());
    }

    #[test]
    fn a_source_that_fails_is_named_and_what_it_printed_is_not() {
        for (line, expected) in [
            ("echo s3cret; exit 3", "`sh`, which ended with exit status: 3"),
            ("echo s3cret", "`sh` printed is no credentials"),
        ] {
            let words = ["sh", "-c", line].map(str::to_owned);
            let error = ask(&words, None).err().unwrap().to_string();
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
        }
        let error = ask(&["/no/such".to_owned()], None).err().unwrap().to_string();
        assert!(error.contains("`/no/such`: No such file"), "{error}");
    }
}
