//! What can go wrong, in terms that say what to do about it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Why a call failed. Errors are values: callers that waited for the same request share one.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting forbids to use the service at all.
    #[error("{by} switches the instance metadata service off for this process")]
    Disabled {
        /// The setting, such as `AWS_EC2_METADATA_DISABLED=true`.
        by: String,
    },

    /// A setting has a value that nothing can be done with.
    #[error("{name} is {value:?}: {expected}")]
    Setting {
        /// The setting's name.
        name: String,
        /// What it is set to.
        value: String,
        /// What it could be.
        expected: String,
    },

    /// A path that cannot be asked for, such as one with a line feed in it.
    #[error("{path:?} is no path: it has control characters")]
    Path {
        /// The path.
        path: String,
    },

    /// No connection could be made.
    #[error("cannot connect to {endpoint}: {reason}")]
    Unreachable {
        /// Where to.
        endpoint: String,
        /// Why not.
        reason: Unreachable,
    },

    /// The token is lost on its way to this process, which is too many routers away.
    #[error(transparent)]
    HopLimit(Box<HopLimit>),

    /// No answer came in time, for another reason than the hop limit: the service is slow, throttles,
    /// or something swallows packets.
    #[error("no answer from {endpoint} within {waited:?}: {silence}")]
    TimedOut {
        /// Where from.
        endpoint: String,
        /// How long was waited.
        waited: Duration,
        /// What is known of the silence.
        silence: Silence,
    },

    /// The connection broke before the answer was whole.
    #[error("{endpoint} ended the connection after {received} bytes of its answer")]
    Broken {
        /// Where to.
        endpoint: String,
        /// How much of the answer came.
        received: usize,
        /// Whether it was reset, rather than closed in order.
        was_reset: bool,
    },

    /// The service is switched off for the instance: it refused to make a token (403).
    #[error(
        "the instance's metadata service is switched off (HttpEndpoint=disabled), or something between refuses tokens"
    )]
    EndpointDisabled,

    /// There is nothing at this path (404).
    #[error("there is nothing at {path}")]
    NotFound {
        /// The path.
        path: String,
    },

    /// Another status than 200.
    #[error("{path} was answered with status {status}")]
    Status {
        /// The path.
        path: String,
        /// The status, 100 to 999 but 200.
        status: u16,
        /// How long the service asks to wait before the next try.
        retry_after: Option<Duration>,
    },

    /// An answer that is not HTTP, or not what belongs at its path.
    #[error("the answer for {path} makes no sense: {problem}")]
    Malformed {
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },

    /// An answer longer than anything the service has at that path.
    #[error("the answer for {path} is longer than {limit} bytes")]
    TooLong {
        /// The path.
        path: String,
        /// How long it may be.
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

    /// How long the service asks to wait before the next try.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Unreachable {
    /// Something answers that nobody listens there, or rejects: a firewall, a wrong endpoint.
    Refused,
    /// This machine has no route there (`ENETUNREACH`).
    NoRoute,
    /// A router, or a route of this machine's, says that there is no way (`EHOSTUNREACH`).
    HostUnreachable,
    /// A route or a security module of this machine forbids it (`EACCES`, `EPERM`), such as
    /// systemd-imdsd in its locked state.
    Prohibited,
    /// A route of this machine throws packets away (`EINVAL`).
    Blackhole,
    /// Nothing answered: this is no EC2 instance, or a firewall drops the packets.
    TimedOut,
    /// The name in the endpoint's address is not known.
    UnknownHost,
    /// Anything else the system says.
    Other(io::ErrorKind),
}

impl Unreachable {
    pub(crate) fn of(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::ECONNREFUSED) => Self::Refused,
            Some(libc::ENETUNREACH) => Self::NoRoute,
            Some(libc::EHOSTUNREACH) => Self::HostUnreachable,
            Some(libc::EACCES | libc::EPERM) => Self::Prohibited,
            Some(libc::EINVAL) => Self::Blackhole,
            Some(libc::ETIMEDOUT) => Self::TimedOut,
            _ => Self::Other(error.kind()),
        }
    }

    /// Whether it may pass while a machine boots or a link settles; a rule does not.
    fn is_transient(self) -> bool {
        !matches!(self, Self::Prohibited | Self::Blackhole)
    }
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "the connection was refused",
            Self::NoRoute => "this machine has no route there",
            Self::HostUnreachable => "the host is unreachable",
            Self::Prohibited => "a route or security rule of this machine forbids it",
            Self::Blackhole => "a route of this machine throws the packets away",
            Self::TimedOut => "nothing answers there",
            Self::UnknownHost => "its name is not known",
            Self::Other(kind) => return write!(f, "{kind}"),
        })
    }
}

/// What is known of a request that nobody answered.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Silence {
    /// The service took the request, answers others, and takes its time with this one.
    Slow,
    /// The connection stands, but no request at all is answered: the service hangs or throttles.
    Mute,
    /// Not looked into: the time was over before.
    Unknown,
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slow => "it took the request and answers others, but is slow with this one",
            Self::Mute => "it is connected, but answers nothing",
            Self::Unknown => "the time was over before it could be looked into",
        })
    }
}

/// The evidence that the token is lost on its way.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct HopLimit {
    /// The hop limit that lets the token arrive: one more than there are routers on the way, 2 to
    /// 16.
    pub needed: u8,
    /// How sure this is.
    pub certainty: Certainty,
    /// Who answered.
    pub endpoint: SocketAddr,
    /// How long the connection for the token took.
    pub connected_in: Duration,
    /// How long the request for the token has been without an answer.
    pub silent_for: Duration,
    /// The status that another request got meanwhile.
    pub other_status: u16,
}

impl HopLimit {
    /// The command that mends it, for the instance with this id.
    pub fn mending_command(&self, instance_id: Option<&str>) -> String {
        format!(
            "aws ec2 modify-instance-metadata-options --instance-id {} --http-put-response-hop-limit {}",
            instance_id.unwrap_or("<instance-id>"),
            self.needed,
        )
    }
}

impl fmt::Display for HopLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, connected_in, silent_for, endpoint, other_status, .. } = self;
        let likely = if self.certainty == Certainty::Sure { "" } else { "probably " };
        let routers = needed.saturating_sub(1);
        let s = if routers == 1 { "" } else { "s" };
        write!(
            f,
            "the token is {likely}lost on its way here, by the instance's hop limit: {routers} \
             router{s} away, so the limit must be at least {needed} ({endpoint} was connected in \
             {connected_in:.1?}, its answer to PUT did not arrive in {silent_for:.0?}, another \
             request was answered with {other_status})"
        )
    }
}

impl std::error::Error for HopLimit {}

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Certainty {
    /// Packets of the token's connection, sent again and again, die on the way back while another
    /// connection is answered.
    Sure,
    /// The kernel tells nothing of the connection; the token does not come, other answers do, and
    /// there are routers on the way.
    Likely,
}
