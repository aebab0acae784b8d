//! Gets real credentials from a program that prints them. For profiles and roles that program is the AWS
//! CLI.
//!
//! The program may be slow or hang: the start of the service waits a few seconds, requests never wait.

mod complaints;
mod error;
mod process;

use std::io::{self, PipeReader, PipeWriter};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use imds_core::credentials::{AccessKeys, IDENTITY_ROLE, Lease, RoleKeys, Rotation};
use imds_core::time::iso8601;
use imds_core::{Instance, Launch};
use serde::Deserialize;
use serde_json::Value;

use self::error::SourceError;
use self::process::{Process, Waited, is_stopped};
use crate::error::{CommandError, Kind};
use crate::terminal::warn;
use imds_account::clock::unix_ms;

/// A source of credentials, and the STS endpoint that it uses.
pub(crate) struct CredentialSource {
    pub(crate) provider: Provider,
    /// The URL to use instead of AWS's own, such as `http://127.0.0.1:4566`.
    pub(crate) sts_endpoint: Option<String>,
}

/// What provides credentials.
pub(crate) enum Provider {
    /// A command line, as `credential_process` of AWS's settings files has it.
    Process(String),
    /// A profile of those files, whatever it is made of.
    Profile(String),
    /// STS, for a role, with the credentials of a profile, or those that the AWS CLI finds by itself.
    Role { arn: String, profile: Option<String> },
}

/// The sources of the instance's credentials.
pub(crate) struct CredentialSources {
    /// The source for the role of the instance profile.
    pub(crate) role: Option<CredentialSource>,
    /// The source for the instance identity role.
    pub(crate) identity: Option<CredentialSource>,
}

/// Renews the credentials of all sources when they are due.
pub(crate) struct Renewals(Vec<Renewal>);

/// Renewals that run in threads of their own until this is dropped. A program that still runs is then
/// killed.
pub(crate) struct Renewing {
    stop: Option<PipeWriter>,
    threads: Vec<JoinHandle<()>>,
}

/// Renews the credentials of one source.
struct Renewal {
    role: String,
    words: Vec<String>,
    sts_endpoint: Option<String>,
    rotation: Arc<Rotation>,
    running: Option<Process>,
    /// What was logged last: the id of the keys, or the error.
    logged: Option<Result<String, String>>,
    /// When to ask again, in seconds since 1970.
    next: u64,
}

/// How long the start waits for credentials: the AWS CLI alone takes a second or two.
const START: Duration = Duration::from_secs(10);

/// How long a program may take, as in AWS's SDK for Go (`processcreds.DefaultTimeout`).
const LIMIT: Duration = Duration::from_secs(60);

/// How long credentials without an expiration last, in seconds: as long as EC2's.
const LIFETIME: u64 = 6 * 3600;

/// The longest wait before the clock is read again, because it may be set meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

impl Renewals {
    /// Gets the first credentials, and makes the roles of `launch` use them. Starts no thread. A source that
    /// fails or is slow is a warning, not an error; requests for credentials report it as EC2 does.
    pub(crate) fn begin(
        sources: CredentialSources,
        launch: &mut Launch,
    ) -> Result<Self, CommandError> {
        let instance = launch.clone().resolve()?;
        let mut renewals = Vec::new();
        if let (Some(source), Some(role)) = (sources.role, &mut launch.role) {
            let renewal = Renewal::new(&source, &role.name, &instance);
            role.keys = Some(RoleKeys::Rotated(Arc::clone(&renewal.rotation)));
            renewals.push(renewal);
        }
        if let Some(source) = sources.identity {
            let renewal = Renewal::new(&source, IDENTITY_ROLE, &instance);
            launch.identity_keys = Some(RoleKeys::Rotated(Arc::clone(&renewal.rotation)));
            renewals.push(renewal);
        }
        for renewal in &mut renewals {
            if let Err(error) = renewal.ask() {
                renewal.complain(&error);
            }
        }
        let moment = Instant::now() + START;
        for renewal in renewals.iter_mut().filter(|renewal| renewal.running.is_some()) {
            match renewal.wait(Some(moment), None) {
                Waited::Ended(Ok(key_id)) => renewal.logged = Some(Ok(key_id)),
                Waited::Ended(Err(error)) => renewal.complain(&error),
                Waited::TimeIsUp | Waited::Stopped => warn(format_args!(
                    "there are no credentials of {} after {START:?}; they are served once they arrive",
                    renewal.role
                )),
            }
        }
        Ok(Self(renewals))
    }

    /// Starts the threads that renew credentials.
    pub(crate) fn start(self) -> Result<Renewing, CommandError> {
        let cannot = |error| {
            CommandError::new(Kind::Unavailable, "cannot renew credentials").caused_by(error)
        };
        let (stop, other_end) = io::pipe().map_err(cannot)?;
        let mut renewing = Renewing { stop: Some(other_end), threads: Vec::new() };
        for renewal in self.0 {
            let stop = stop.try_clone().map_err(cannot)?;
            let thread = thread::Builder::new().name("credentials".to_owned());
            renewing.threads.push(thread.spawn(move || renewal.run(&stop)).map_err(cannot)?);
        }
        Ok(renewing)
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        drop(self.stop.take());
        for thread in self.threads.drain(..) {
            // The panic of a thread has been printed already.
            let _ = thread.join();
        }
    }
}

impl Renewal {
    fn new(source: &CredentialSource, role: &str, instance: &Instance) -> Self {
        Self {
            role: role.to_owned(),
            words: source.words(instance),
            sts_endpoint: source.sts_endpoint.clone(),
            rotation: Arc::new(Rotation::new(role, seconds())),
            running: None,
            logged: None,
            next: 0,
        }
    }

    fn run(mut self, stop: &PipeReader) {
        loop {
            let left = Duration::from_secs(self.next.saturating_sub(seconds()));
            let outcome = if self.running.is_some() {
                match self.wait(None, Some(stop)) {
                    Waited::Ended(outcome) => outcome,
                    Waited::TimeIsUp => continue,
                    Waited::Stopped => return,
                }
            } else if left.is_zero() {
                match self.ask() {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                }
            } else if is_stopped(stop, left.min(PATIENCE)) {
                return;
            } else {
                continue;
            };
            self.log(outcome.map_err(|error| error.to_string()));
        }
    }

    /// Logs what a source gave, once: also a source that fails for days says so in one line.
    fn log(&mut self, outcome: Result<String, String>) {
        if self.logged.as_ref() == Some(&outcome) {
            return;
        }
        let role = &self.role;
        match &outcome {
            Ok(_) => tracing::info!(role, "new credentials"),
            Err(error) => {
                tracing::warn!(role, error, "no new credentials; the source is asked again");
            }
        }
        self.logged = Some(outcome);
    }

    /// The same before there is a log.
    fn complain(&mut self, error: &SourceError) {
        warn(format_args!("{error}; it is tried again"));
        self.logged = Some(Err(error.to_string()));
    }

    /// Starts the program.
    fn ask(&mut self) -> Result<(), SourceError> {
        let started = Process::start(&self.words, self.sts_endpoint.as_deref(), LIMIT);
        self.running = Some(started.inspect_err(|_| self.note(None))?);
        Ok(())
    }

    /// Waits for the credentials, as [`Process::wait`] does; gives the id of the keys.
    fn wait(
        &mut self,
        moment: Option<Instant>,
        stop: Option<&PipeReader>,
    ) -> Waited<Result<String, SourceError>> {
        let Some(process) = &mut self.running else { return Waited::TimeIsUp };
        let printed = match process.wait(moment, stop) {
            Waited::Ended(printed) => printed,
            Waited::TimeIsUp => return Waited::TimeIsUp,
            Waited::Stopped => return Waited::Stopped,
        };
        self.running = None;
        // The program may have run for a while.
        let now = seconds();
        let lease = printed.and_then(|bytes| {
            let lease = Printed::lease(&bytes, &self.words, now)?;
            if lease.expires > now {
                return Ok(lease);
            }
            let program = self.words.first().cloned().unwrap_or_default();
            Err(SourceError::Expired { program, at: iso8601(lease.expires) })
        });
        Waited::Ended(match lease {
            Ok(lease) => {
                let key_id = lease.keys.access_key_id.clone();
                self.note(Some(lease));
                Ok(key_id)
            }
            Err(error) => {
                self.note(None);
                Err(error)
            }
        })
    }

    fn note(&mut self, lease: Option<Lease>) {
        // Without random bytes renewals only lose their spread.
        self.next = self.rotation.note(lease, seconds(), getrandom::u64().unwrap_or_default());
    }
}

/// The time, in seconds since 1970.
fn seconds() -> u64 {
    unix_ms() / 1000
}

impl CredentialSource {
    /// The program and its arguments. EC2's role sessions are called as the instance is.
    fn words(&self, instance: &Instance) -> Vec<String> {
        let (id, region) = (instance.id.as_str(), instance.zone.region().as_str());
        let mut words = match &self.provider {
            Provider::Process(line) => vec!["sh", "-c", line],
            Provider::Profile(name) => {
                let export = ["aws", "configure", "export-credentials", "--format", "process"];
                [&export[..], &["--profile", name]].concat()
            }
            Provider::Role { arn, .. } => {
                let assume = ["aws", "sts", "assume-role", "--output", "json", "--region", region];
                [&assume[..], &["--role-arn", arn, "--role-session-name", id]].concat()
            }
        };
        if let Provider::Role { profile, .. } = &self.provider {
            words.extend(profile.iter().flat_map(|name| ["--profile", name]));
            // Older versions ignore the variable and would send requests to AWS.
            words.extend(self.sts_endpoint.iter().flat_map(|url| ["--endpoint-url", url]));
        }
        words.into_iter().map(str::to_owned).collect()
    }
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
    /// The version of the layout; STS has none.
    #[serde(default = "known_version")]
    version: Value,
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    session_token: String,
    expiration: Option<jiff::Timestamp>,
    account_id: Option<String>,
}

/// The only version of the layout that AWS has defined.
fn known_version() -> Value {
    1.into()
}

impl Printed {
    /// What the program of these words has printed, at a time in seconds since 1970.
    fn lease(bytes: &[u8], words: &[String], now: u64) -> Result<Lease, SourceError> {
        let refused = |problem| SourceError::NoCredentials {
            program: words.first().cloned().unwrap_or_default(),
            problem,
        };
        let printed: Self = serde_json::from_slice(bytes).map_err(|_| {
            refused(
                "it is to be a JSON object with AccessKeyId, SecretAccessKey, SessionToken and \
                 Expiration",
            )
        })?;
        let (Self::Plain(keys) | Self::OfSts { credentials: keys }) = printed;
        if keys.version != known_version() {
            return Err(refused("its Version is not 1, and later ones may mean something else"));
        }
        let Keys { access_key_id, secret_access_key, session_token, expiration, .. } = keys;
        // As SDKs read it, an empty text names no account.
        let account = keys.account_id.filter(|id| !id.is_empty()).map(|id| id.parse()).transpose();
        let account = account.map_err(|_| refused("its AccountId is not 12 digits"))?;
        let expires = expiration.map(|time| u64::try_from(time.as_second()).unwrap_or(0));
        let expires = expires.unwrap_or(now + LIFETIME);
        let keys = AccessKeys { access_key_id, secret_access_key, session_token };
        Ok(Lease { keys, updated: now, expires, account })
    }
}

#[cfg(test)]
mod tests {
    use imds_core::AccountId;

    use super::*;

    fn parse(text: &str) -> Result<Lease, String> {
        Printed::lease(text.as_bytes(), &["sh".to_owned()], 1000).map_err(|error| error.to_string())
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
        for (written, account) in
            [(r#""210987654321""#, Some("210987654321")), (r#""""#, None), ("null", None)]
        {
            let lease = parse(&format!("{{{keys}, \"AccountId\": {written}}}")).unwrap();
            assert_eq!(lease.account.as_ref().map(AccountId::as_str), account, "{written}");
        }
        let wrong = parse(&format!("{{{keys}, \"AccountId\": \"app\"}}")).err().unwrap();
        assert!(wrong.contains("its AccountId is not 12 digits"), "{wrong}");
        let later = parse(&format!("{{\"Version\": 2, {keys}}}")).err().unwrap();
        assert!(later.contains("its Version is not 1"), "{later}");
        for text in ["s3cret", r#"{"AccessKeyId": "s3cret"}"#, r#"{"Credentials": {"s3cret": 1}}"#]
        {
            let error = parse(text).err().unwrap();
            assert!(error.starts_with("what `sh` printed is no credentials: it is to"), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
