//! The error of a failed command: what happened, what to type next, and the exit code.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::process::ExitCode;

use imds_account::StoreError;
use imds_account::access_key::AccessKeyError;
use imds_account::credential_key::CredentialKeyError;
use imds_account::default_instance::DefaultInstanceError;
use imds_account::launch::LaunchRefused;
use imds_account::link::LinkRecordError;
use imds_account::token_key::TokenKeyError;
use imds_dataplane::AgentError;
use imds_host::{HostError, LinksError};
use imds_links::LinkError;
use imds_linux::signal::{Disposition, dispose};
use imds_sandbox::{SandboxError, SandboxErrorKind};
use rustix::process::Signal;

/// What sort of failure this is; decides the exit code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// What was looked for: nothing at a path, something wrong.
    Finding,
    /// Bad arguments or a bad configuration file.
    Usage,
    /// The machine forbids it: permissions, sysctl, a security module.
    Denied,
    /// The token does not reach this process: the instance's hop limit is too low.
    TokenLost,
    /// Something needed is not there or does not answer: a port in use, a missing program.
    Unavailable,
    /// A bug in `imds`.
    Bug,
}

impl Kind {
    /// The exit code of every command but `exec`, whose own failures are all 125.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Finding => 1,
            Self::Usage => 2,
            Self::Denied => 3,
            Self::Unavailable => 4,
            Self::TokenLost => 5,
            Self::Bug => 70,
        }
    }
}

/// A failed command: the message, its cause, and hints that say what to type.
#[derive(Debug)]
pub(crate) struct CommandError {
    kind: Kind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    hints: Vec<String>,
}

impl CommandError {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None, hints: Vec::new() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds one line that says how to fix it, at best a command to type.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What happened and why, for a log: without the program's name and the hints.
    pub(crate) fn message(&self) -> String {
        let mut text = self.message.clone();
        let mut source = self.source.as_deref().map(|error| error as &dyn Error);
        while let Some(error) = source {
            let _ = write!(text, ": {error}");
            source = error.source();
        }
        text
    }

    /// Whether the kernel refuses what the user has no right to.
    pub(crate) fn is_permission_denied(&self) -> bool {
        let cause = self.source.as_deref().and_then(|error| error.downcast_ref::<io::Error>());
        cause.is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    }

    /// What sort of failure it is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What fixes it, one thing a line.
    pub(crate) fn hints(&self) -> String {
        self.hints.join("\n")
    }

    /// Prints the error as a person reads it and turns it into the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        // Nothing but the message is left to do, and whoever reads it may never do so.
        for signal in [Signal::TERM, Signal::INT] {
            dispose(signal.as_raw(), Disposition::Default);
        }
        // If nobody can be told, the exit code still tells.
        let _ = writeln!(io::stderr(), "{self}");
        ExitCode::from(self.kind.exit_code())
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "imds: {}", self.message())?;
        for hint in &self.hints {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl Error for CommandError {}

impl From<SandboxError> for CommandError {
    fn from(error: SandboxError) -> Self {
        let kind = match error.kind {
            SandboxErrorKind::Usage => Kind::Usage,
            SandboxErrorKind::Denied => Kind::Denied,
            SandboxErrorKind::Unavailable => Kind::Unavailable,
            SandboxErrorKind::Bug => Kind::Bug,
        };
        Self { kind, message: error.message, source: error.source, hints: error.hints }
    }
}

impl From<HostError> for CommandError {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Launch(error) => error.into(),
            HostError::Faults(error) => Self::usage(error.to_string()),
            error @ HostError::LinkOfAll { .. } => Self::usage(error.to_string()).hint(
                "--follow all; then imds link remove NUMBER, and imds link add PLACE,instance=ID",
            ),
            HostError::DefaultInstance(error) => error.into(),
            HostError::Store(error)
            | HostError::Agent(AgentError::Store(error))
            | HostError::AccessKey(AccessKeyError::Store(error))
            | HostError::TokenKey(TokenKeyError::Store(error))
            | HostError::CredentialKey(CredentialKeyError::Store(error)) => error.into(),
            HostError::Start(error) | HostError::Agent(AgentError::Thread(error)) => {
                Self::new(Kind::Unavailable, "cannot start the service").caused_by(error)
            }
            error @ (HostError::AccessKey(_)
            | HostError::TokenKey(_)
            | HostError::CredentialKey(_)
            | HostError::SilentHost { .. }
            | HostError::NameInUse(_)) => Self::new(Kind::Unavailable, error.to_string()),
        }
    }
}

impl From<DefaultInstanceError> for CommandError {
    fn from(error: DefaultInstanceError) -> Self {
        match error {
            DefaultInstanceError::Store(StoreError::Conflict { key }) => Self::usage(format!(
                "cannot launch the default instance: another instance has {key}"
            ))
            .hint("--instance-id or --availability-zone gives it other addresses"),
            DefaultInstanceError::Store(error) => error.into(),
            DefaultInstanceError::LaunchRefused(LaunchRefused::Launch(error)) => error.into(),
            DefaultInstanceError::LaunchRefused(LaunchRefused::Enforced(error)) => {
                Self::usage(error.to_string()).hint("launch it with --http-tokens required")
            }
            DefaultInstanceError::LaunchRefused(LaunchRefused::Key(error)) => {
                Self::usage(error.to_string()).hint("--public-key names an RSA key")
            }
            error @ DefaultInstanceError::Random(_) => {
                Self::new(Kind::Unavailable, error.to_string()).caused_by(error)
            }
        }
    }
}

impl From<LinkError> for CommandError {
    fn from(error: LinkError) -> Self {
        let refused = |kind| Self::new(kind, format!("cannot link {error}"));
        match &error {
            LinkError::NotPermitted { .. } => refused(Kind::Denied),
            LinkError::OnEc2 { .. } | LinkError::AddressTaken { is_replaceable: true, .. } => {
                refused(Kind::Unavailable).hint("--force-links links it nevertheless")
            }
            LinkError::NoSuchPlace { .. }
            | LinkError::AlreadyLinked { .. }
            | LinkError::AddressTaken { is_replaceable: false, .. } => refused(Kind::Unavailable),
            LinkError::Lost | LinkError::System { .. } => {
                Self::new(Kind::Unavailable, error.to_string())
            }
        }
    }
}

impl From<LinksError> for CommandError {
    fn from(error: LinksError) -> Self {
        match error {
            LinksError::Link(error) => error.into(),
            LinksError::Store(error) | LinksError::Record(LinkRecordError::Store(error)) => {
                error.into()
            }
            error @ LinksError::Record(_) => Self::new(Kind::Unavailable, error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_named_only_where_it_helps() {
        for is_replaceable in [true, false] {
            let text = CommandError::from(LinkError::AddressTaken {
                place: "host".into(),
                address: "169.254.169.254".into(),
                by: "it is an address of lo".into(),
                fix: "remove it there".into(),
                is_replaceable,
            });
            let text = text.to_string();
            assert_eq!(text.contains("--force-links"), is_replaceable, "{text}");
            assert!(text.contains("remove it there"), "{text}");
        }
    }
}
