//! Why a program is not run.

use std::error::Error;

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SandboxErrorKind {
    /// The request cannot be carried out as it is.
    Usage,
    /// The machine forbids it: permissions, sysctl, a security module.
    Denied,
    /// Something needed is missing or does not answer.
    Unavailable,
    /// A bug in this program.
    Bug,
}

/// A failure, with its cause and with hints that say how to fix it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SandboxError {
    /// What sort of failure it is.
    pub kind: SandboxErrorKind,
    /// What happened.
    pub message: String,
    /// Why.
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// How to fix it, best a command to type.
    pub hints: Vec<String>,
}

impl SandboxError {
    pub(crate) fn new(kind: SandboxErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None, hints: Vec::new() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(SandboxErrorKind::Usage, message)
    }

    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}
