//! A client of the EC2 instance metadata service (IMDS) that does not stall, and says why it failed.
//!
//! ```no_run
//! # // Not run: it needs an instance, and must not ask one by accident. `tests/` asks services.
//! # async fn example() -> Result<(), imds_client::Error> {
//! let client = imds_client::Client::from_env()?;
//! println!("{} in {}", client.instance_id().await?, client.region().await?);
//! # Ok(())
//! # }
//! ```
//!
//! It speaks `IMDSv2`: one token, made by the first call and shared by all, renewed before it ends.
//! From a container the token's answer is often lost, because EC2 lets it travel one hop only. Other
//! clients wait a second, or minutes, and then fall back to `IMDSv1` or give up without a reason.
//! This one looks at the silent connection ([`Error::HopLimit`], in about 200 ms) and tells such a
//! loss from a service that is slow ([`Error::TimedOut`]) or not there ([`Error::Unreachable`]).
//!
//! ```no_run
//! # // Not run, for the same reason.
//! # async fn example() -> Result<(), imds_client::Error> {
//! use imds_client::{Client, Error, diagnose};
//!
//! match Client::shared()?.credentials().await {
//!     Ok(credentials) => println!("{} until {}", credentials.role, credentials.expires),
//!     Err(Error::HopLimit(lost)) => {
//!         let id = diagnose::local_instance_id();
//!         eprintln!("{lost}; to mend it: {}", lost.mending_command(id.as_deref()));
//!     }
//!     Err(other) => return Err(other),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `IMDSv1` is used only if [`Settings::v1`] allows it, and only where `IMDSv2` is known not to work.
//!
//! Everything is configured as in the AWS SDKs ([`Settings`]); a proxy is never used. Background
//! work runs on the Tokio runtime of whoever calls first; [`blocking::Client`] brings its own.

pub mod blocking;
pub mod diagnose;
pub mod settings;

mod backoff;
mod cache;
mod client;
mod clock;
mod connect;
mod credentials;
mod endpoint;
mod error;
mod events;
mod exchange;
mod identity;
mod interfaces;
mod metadata;
mod path;
mod probe;
mod response;
mod secret;
mod session;
mod single_flight;
mod socket;
mod token;

pub use client::{Client, Notice, V1};
pub use credentials::Credentials;
pub use endpoint::{Endpoint, Mode, ParseEndpointError, ParseModeError};
pub use error::{Certainty, Error, HopLimit, Silence, Unreachable};
pub use events::{Events, MaintenanceEvent, Notices, SpotAction};
pub use identity::IdentityDocument;
pub use interfaces::NetworkInterface;
pub use path::Path;
pub use response::Response;
pub use secret::Secret;
pub use settings::Settings;

#[cfg(test)]
mod tests {
    /// What callers rely on to share clients among tasks and threads, and to pass errors on.
    #[test]
    fn all_that_is_public_can_be_sent_and_shared() {
        fn is_shared<T: Send + Sync + 'static>() {}
        fn is_error<T: std::error::Error + Send + Sync + 'static>() {}
        is_shared::<crate::Client>();
        is_shared::<crate::blocking::Client>();
        is_shared::<crate::Credentials>();
        is_shared::<crate::Response>();
        is_shared::<crate::Settings>();
        is_shared::<crate::Events>();
        is_shared::<crate::diagnose::Observation>();
        is_error::<crate::Error>();
        is_error::<crate::HopLimit>();
        is_error::<crate::blocking::StartError>();
        is_error::<crate::ParseEndpointError>();
        is_error::<crate::ParseModeError>();
    }

    /// Or no call could be made in a task that moves between threads.
    #[test]
    fn calls_can_be_sent() {
        fn can_be_sent(_: impl Send) {}
        let client = crate::Client::new(crate::Settings::default());
        can_be_sent(client.credentials());
        can_be_sent(client.network_interfaces());
        can_be_sent(client.watch(std::time::Duration::from_secs(5)).next());
    }
}
