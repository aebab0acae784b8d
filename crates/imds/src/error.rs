//! How a command ends badly: what happened, what to type next, and the exit code.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

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

    /// Adds one line that says how to mend it, best a command to type.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Prints the error as a person reads it and turns it into the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("{self}");
        ExitCode::from(self.kind.exit_code())
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "imds: {}", self.message)?;
        let mut source = self.source.as_deref().map(|error| error as &dyn Error);
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        for hint in &self.hints {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl Error for CommandError {}
