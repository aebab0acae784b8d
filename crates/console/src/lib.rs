//! The web console of a running host, and the HTTP API that it stands on.
//!
//! 1. `server`: connections, on a thread of their own that is never in front of metadata;
//! 2. `guard`: what another site may have sent is refused;
//! 3. `session`: who may use it; a one-time code begins a session;
//! 4. `route`: a path becomes a page (`pages`), a response of the API (`api`), or a file;
//! 5. `instances`, `metadata`, `events`, `launch_templates`, `defaults`, `history`, `feed`: what both show and
//!    change, each by one function.
//!
//! Instances are read and changed by the functions of the EC2 API (`imds_control`), requests come by a
//! subscription to the data path (`feed`, `live`). Nobody waits for the console.

mod api;
mod callers;
mod console;
mod defaults;
mod error;
mod events;
mod feed;
mod filter;
mod guard;
mod history;
mod instances;
mod language;
mod launch_templates;
mod live;
mod metadata;
mod pages;
mod query;
mod request_facts;
mod response;
mod route;
mod server;
mod session;
mod texts;

pub use feed::{CAPACITY, KEPT_FOR_V1};
pub use server::{ConsoleServer, Sources};
pub use session::SignIn;
