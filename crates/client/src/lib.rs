//! A client of the EC2 instance metadata service (IMDS) that does not stall, and says why it failed.
//!
//! ```no_run
//! # // Not run: it needs an instance, and must not ask one by accident. `tests/` starts services.
//! # async fn example() -> Result<(), imds_client::Error> {
//! let client = imds_client::Client::from_env()?;
//! println!("{} in {}", client.get("instance-id").await?, client.region().await?);
//! # Ok(())
//! # }
//! ```
//!
//! It speaks `IMDSv2`: one token, requested by the first call and shared by all, renewed before it
//! expires. In a container the response with the token is often lost, because EC2 lets it travel one hop
//! only. Other clients wait a second, or minutes, and then fall back to `IMDSv1` or give up without a
//! reason. This one examines the silent connection, and distinguishes such a loss
//! ([`Error::TokenLost`], in about 200 ms) from a service that is slow ([`Error::TimedOut`]) or not
//! there ([`Error::Unreachable`]).
//!
//! ```no_run
//! # // Not run, for the same reason.
//! # async fn example() -> Result<(), imds_client::Error> {
//! use imds_client::{Client, Error, diagnose};
//!
//! match Client::shared()?.credentials().await {
//!     Ok(credentials) => println!("credentials of {}", credentials.role),
//!     Err(Error::TokenLost(lost)) => {
//!         let id = diagnose::local_instance_id();
//!         eprintln!("{lost}\nto fix it: {}", lost.fix_command(id.as_deref()));
//!     }
//!     Err(other) => return Err(other),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Calls
//! [`Client::get`] takes any path and returns its text; [`Client::list`] and [`Client::fetch`] return the
//! entries of a directory and the bytes of a value. The most used values have methods of their own, such
//! as [`Client::region`], [`Client::local_ipv4`], [`Client::credentials`]. This example runs against a
//! small service on this machine, as tests of a program would:
//!
//! ```
//! # use std::io::{Read as _, Write as _};
//! # /// Answers a PUT with a token, and every GET with an id.
//! # fn start_service() -> std::io::Result<std::net::SocketAddr> {
//! #     let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! #     let address = listener.local_addr()?;
//! #     std::thread::spawn(move || {
//! #         for mut stream in listener.incoming().flatten() {
//! #             let mut head = [0; 4096];
//! #             let length = stream.read(&mut head).unwrap_or(0);
//! #             let body = if head[..length].starts_with(b"PUT") { "TOKEN" } else { "i-1234567890abcdef0" };
//! #             let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
//! #         }
//! #     });
//! #     Ok(address)
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let address = start_service()?;
//! let client = imds_client::Client::builder()
//!     .endpoint(format!("http://{address}").parse()?)
//!     .build_blocking()?;
//! assert_eq!(client.get("instance-id")?, "i-1234567890abcdef0");
//! # Ok(())
//! # }
//! ```
//!
//! # `IMDSv1`
//! Used only if [`Settings::v1_fallback`] allows it, and only where `IMDSv2` is known not to work.
//!
//! # Configuration
//! As in the AWS SDKs ([`settings`]); [`Client::builder`] sets values in the program. A proxy is never
//! used. Background work runs on the Tokio runtime of the first caller; [`blocking::Client`] brings its
//! own.
//!
//! # Features and systems
//! | feature | default | |
//! |---|---|---|
//! | `tcp-info` | yes | reads `TCP_INFO`, on Linux. Without it, and on other systems, a lost token is reported after 1 s, as [`Certainty::Likely`], and `IMDSv1` does not follow from it |
//! | `aws-credential-types` | no | `impl ProvideCredentials for Client`: AWS SDK clients take the role's credentials from it |

pub mod blocking;
pub mod diagnose;
pub mod settings;

mod backoff;
mod builder;
mod client;
mod clock;
mod connect;
mod credentials;
mod delivery;
mod endpoint;
mod error;
mod events;
mod exchange;
mod fallback;
mod identity;
mod interfaces;
mod machine;
mod metadata;
mod metadata_path;
mod probe;
mod response;
mod role;
#[cfg(feature = "aws-credential-types")]
mod sdk;
mod secret;
mod session;
mod single_flight;
mod socket;
#[cfg(all(feature = "tcp-info", target_os = "linux"))]
mod tcp_info;
mod timestamp;
mod token;
mod token_cache;
mod token_request;
mod warning;

pub use builder::ClientBuilder;
pub use client::Client;
pub use credentials::Credentials;
pub use endpoint::{Endpoint, EndpointMode, ParseEndpointError, ParseEndpointModeError};
pub use error::{Certainty, Error, Silence, TokenLost, Unreachable};
pub use events::{EventWatch, MaintenanceEvent, PendingEvents, SpotAction};
pub use identity::IdentityDocument;
pub use interfaces::NetworkInterface;
pub use metadata_path::MetadataPath;
pub use response::Response;
pub use secret::Secret;
pub use settings::{Settings, V1Fallback};
pub use warning::Warning;

#[cfg(test)]
mod tests {
    /// Callers share clients among tasks and threads, and pass errors on.
    #[test]
    fn all_public_types_can_be_sent_and_shared() {
        fn is_shared<T: Send + Sync + 'static>() {}
        fn is_error<T: std::error::Error + Send + Sync + 'static>() {}
        is_shared::<crate::Client>();
        is_shared::<crate::ClientBuilder>();
        is_shared::<crate::blocking::Client>();
        is_shared::<crate::Credentials>();
        is_shared::<crate::Response>();
        is_shared::<crate::Settings>();
        is_shared::<crate::EventWatch>();
        is_shared::<crate::Warning>();
        is_shared::<crate::diagnose::Observation>();
        is_error::<crate::Error>();
        is_error::<crate::TokenLost>();
        is_error::<crate::blocking::StartError>();
        is_error::<crate::ParseEndpointError>();
        is_error::<crate::ParseEndpointModeError>();
    }

    /// Or no call could be made in a task that moves between threads.
    #[test]
    fn calls_can_be_sent() {
        fn can_be_sent(_: impl Send) {}
        let client = crate::Client::new(crate::Settings::default());
        can_be_sent(client.get("instance-id"));
        can_be_sent(client.credentials());
        can_be_sent(client.network_interfaces());
        can_be_sent(client.watch_events(std::time::Duration::from_secs(5)).next());
    }
}
