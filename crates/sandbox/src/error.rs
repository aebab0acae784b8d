//! The error of a sandbox that could not be built.

use std::error::Error;

/// The kind of a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SandboxErrorKind {
    /// The request is not valid.
    Usage,
    /// The machine forbids it: missing permission, a sysctl, a security module.
    Denied,
    /// A program, file or kernel feature is missing.
    Unavailable,
    /// A bug in this program.
    Bug,
}

/// A failure, with its cause and with hints that say how to fix it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SandboxError {
    /// The kind of the failure.
    pub kind: SandboxErrorKind,
    /// What happened.
    pub message: String,
    /// The reason, which `message` does not repeat.
    pub source: Option<Box<dyn Error + Send + Sync>>,
    /// How to fix it, at best a command to type.
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
