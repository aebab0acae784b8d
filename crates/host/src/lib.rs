//! A running EC2 Instance Metadata Service as one value.
//!
//! What `imds serve` and `imds exec` both assemble, and what a Rust test can start in its own process:
//!
//! ```
//! use std::io::{Read as _, Write as _};
//! use std::net::TcpStream;
//!
//! use imds_account::{Network, Store};
//! use imds_core::Launch;
//! use imds_dataplane::{Link, Target};
//! use imds_host::{Account, Host, HostSettings};
//!
//! let launch = Launch::default();
//! let network = Network::of(&launch);
//! let account = Account::open(Store::in_memory(), &launch, network)?;
//! let host = Host::start(account, HostSettings::default())?;
//! let link = Link::bind("127.0.0.1:0".parse()?, Target::BySource)?;
//! let address = link.address()?;
//! host.attach(link)?;
//!
//! let mut stream = TcpStream::connect(address)?;
//! stream.write_all(b"GET /latest/meta-data/instance-id HTTP/1.0\r\n\r\n")?;
//! let mut response = String::new();
//! stream.read_to_string(&mut response)?;
//! assert!(response.contains(" 401 "), "tokens are required by default: {response}");
//! assert_eq!(host.counters().all.total(), 1);
//! host.drain();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! - [`account`]: an account that is open, before any thread runs;
//! - [`running`]: the service, the agent that follows the account, scheduled events;
//! - [`control`]: the EC2 API, and the web console on it;
//! - [`links`]: the metadata addresses in other networks;
//! - [`schedule`]: events by the clock.

pub mod account;
pub mod control;
pub mod error;
mod faults;
mod history;
pub mod links;
pub mod metrics;
pub mod running;
pub mod schedule;

pub use account::Account;
pub use control::{ConsoleSocket, ControlSocket};
pub use error::HostError;
pub use links::{InvalidLink, LinkSpec, LinksError};
pub use metrics::MetricsSocket;
pub use running::{Host, HostSettings, TokenKeys};
pub use schedule::{Begin, Scheduled};
