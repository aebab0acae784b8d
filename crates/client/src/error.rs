//! What can go wrong, in terms that say what to do about it.

mod rounded;
mod token_lost;
mod unreachable;

use std::fmt;
use std::time::Duration;

pub(crate) use rounded::rounded;
pub use token_lost::{Certainty, TokenLost};
pub use unreachable::Unreachable;

/// Why a call failed. Errors can be cloned: callers that waited for the same request share one.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting forbids the use of the service.
    #[error("the instance metadata service is disabled for this process by {setting}")]
    Disabled {
        /// The setting, such as `AWS_EC2_METADATA_DISABLED=true`.
        setting: String,
    },

    /// A setting has a value that cannot be used.
    #[error("invalid value {value:?} of {name}: {expected}")]
    InvalidSetting {
        /// The setting's name.
        name: String,
        /// Its value.
        value: String,
        /// The rule for values.
        expected: String,
    },

    /// A path that cannot be sent, such as one with a line feed in it.
    #[error("invalid metadata path {path:?}: control characters are not allowed")]
    InvalidPath {
        /// The path.
        path: String,
    },

    /// No connection could be made.
    #[error("cannot connect to {endpoint}{}: {reason}", Attempts(*attempts))]
    Unreachable {
        /// The endpoint.
        endpoint: String,
        /// Why not, on the last attempt.
        reason: Unreachable,
        /// How often it was tried, at least once.
        attempts: u32,
    },

    /// The response with the token does not reach this process, which is too many routers away.
    #[error(transparent)]
    TokenLost(Box<TokenLost>),

    /// No response came in time, for another reason than the hop limit: the service is slow,
    /// throttles, or something drops packets.
    #[error("no response from {endpoint} within {}: {silence}", rounded(*waited))]
    TimedOut {
        /// The endpoint.
        endpoint: String,
        /// How long this call waited.
        waited: Duration,
        /// What is known about the reason.
        silence: Silence,
    },

    /// The connection ended before the response was complete.
    #[error("{endpoint} ended the connection after {received} bytes of its response")]
    Broken {
        /// The endpoint.
        endpoint: String,
        /// How many bytes of the response came.
        received: usize,
        /// Whether the connection was reset, rather than closed in order.
        was_reset: bool,
    },

    /// The service is disabled for the instance: it refused to make a token (403).
    #[error(
        "the instance's metadata service is disabled (HttpEndpoint=disabled), or something on the path refuses tokens"
    )]
    EndpointDisabled,

    /// Nothing exists at this path (404).
    #[error("nothing exists at {path}")]
    NotFound {
        /// The path.
        path: String,
    },

    /// A status other than 200.
    #[error("the service answered {path} with status {status}")]
    Status {
        /// The path.
        path: String,
        /// The status, 100 to 999 except 200.
        status: u16,
        /// How long the service asks to wait before the next attempt.
        retry_after: Option<Duration>,
    },

    /// A response that is not HTTP, or not what belongs at its path.
    #[error("invalid response for {path}: {problem}")]
    Malformed {
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },

    /// A response longer than anything that the service has at that path.
    #[error("the response for {path} is longer than {limit} bytes")]
    TooLong {
        /// The path.
        path: String,
        /// The limit.
        limit: usize,
    },
}

impl Error {
    /// Whether the same request may succeed in a moment.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { reason, .. } => reason.is_transient(),
            Self::Broken { .. } => true,
            Self::Status { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    /// How long the service asks to wait before the next attempt.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The same error, after so many attempts.
    pub(crate) fn after(mut self, count: u32) -> Self {
        if let Self::Unreachable { attempts, .. } = &mut self {
            *attempts = count;
        }
        self
    }
}

/// What is known about a request without a response.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Silence {
    /// The service took the request, answers others, and is slow with this one.
    Slow,
    /// The connection stands, but no request at all is answered: the service hangs or throttles.
    Mute,
    /// Not investigated: the time was over before.
    Unknown,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slow => "the service took the request and answers others, but is slow with it",
            Self::Mute => "it accepts connections, but answers no request",
            Self::Unknown => "the reason was not investigated in that time",
        })
    }
}

/// ` in 3 attempts`; nothing for one.
struct Attempts(u32);

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 1 { write!(f, " in {} attempts", self.0) } else { Ok(()) }
    }
}
