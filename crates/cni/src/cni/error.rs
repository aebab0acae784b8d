//! The error of a CNI plugin, on standard output.

use serde::Serialize;

/// Which error it is, by the specification's numbers; those from 100 on are ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Code {
    /// The configuration's version is not spoken, or does not have the command.
    IncompatibleVersion,
    /// The configuration has a field that is not known; the message has its key and value.
    UnsupportedField,
    /// A variable of the environment is missing or wrong; the message has its name.
    InvalidEnvironment,
    /// Standard input cannot be read.
    Io,
    /// Standard input is not a configuration in JSON.
    Undecodable,
    /// The configuration breaks a rule, or the service refused what it says.
    InvalidConfiguration,
    /// The service does not answer at the moment.
    TryAgainLater,
    /// Nothing can be attached.
    NotAvailable,
    /// Nothing can be attached, and what is attached has no metadata at the moment.
    LimitedConnectivity,
    /// The container has the interface, or its namespace has a link, already.
    AlreadyAttached,
    /// What `ADD` made is not there as it should be.
    NotAttached,
}

impl Code {
    /// The number.
    pub fn number(self) -> u32 {
        match self {
            Self::IncompatibleVersion => 1,
            Self::UnsupportedField => 2,
            Self::InvalidEnvironment => 4,
            Self::Io => 5,
            Self::Undecodable => 6,
            Self::InvalidConfiguration => 7,
            Self::TryAgainLater => 11,
            Self::NotAvailable => 50,
            Self::LimitedConnectivity => 51,
            Self::AlreadyAttached => 100,
            Self::NotAttached => 101,
        }
    }
}

/// Why a request of a runtime fails.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CniError {
    /// Which error.
    pub code: Code,
    /// What happened, in one sentence.
    pub message: String,
    /// More of it, such as what to do; may be empty.
    pub details: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    cni_version: &'a str,
    code: u32,
    msg: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    details: &'a str,
}

impl CniError {
    /// An error without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: String::new() }
    }

    /// The same with details.
    #[must_use]
    pub fn details(self, details: impl Into<String>) -> Self {
        Self { details: details.into(), ..self }
    }

    /// What is printed: an object in JSON, in the version of the request where that is known.
    pub fn json(&self, version: Option<&str>) -> String {
        let wire = Wire {
            cni_version: version.unwrap_or(super::LATEST),
            code: self.code.number(),
            msg: &self.message,
            details: &self.details,
        };
        // Texts and numbers always have JSON.
        serde_json::to_string(&wire).unwrap_or_default()
    }
}
