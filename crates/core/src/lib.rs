//! The EC2 Instance Metadata Service (IMDS) as pure functions: request in, response out.
//!
//! Nothing in this crate opens a socket, reads a file, reads a clock or draws a random number: time comes in
//! as an argument, and a [`Response`] goes out as a value. The path of a request through this crate:
//!
//! 1. [`request`]: bytes → [`Request`], parsed once into the facts that matter;
//! 2. [`respond()`]: request → [`Response`], by the instance's [`MetadataOptions`];
//!    - [`token`]: the `PUT` mints a session token, every other request may show one;
//!    - [`tree`]: a path becomes a value or a listing;
//! 3. [`wire`]: answer → bytes, in the order of header fields that EC2 uses;
//! 4. [`reach`]: how many hops those bytes may travel.
//!
//! An instance starts as a [`Launch`] (the operator's settings), becomes an [`Instance`] (every value
//! resolved), then an [`Endpoint`] (ready to serve).

pub mod block_device;
pub mod catalogue;
pub mod credentials;
pub mod endpoint;
pub mod events;
pub mod extra;
pub mod fault;
pub mod identity;
pub mod ids;
pub mod image;
mod imds_version;
pub mod instance;
pub mod instance_type;
mod json;
pub mod launch;
pub mod network;
pub mod options;
pub mod pages;
pub mod placement;
pub mod reach;
pub mod refusal;
pub mod request;
pub mod response;
pub mod tags;
mod text;
pub mod time;
mod timeline;
pub mod token;
pub mod tree;
pub mod versions;
pub mod wire;

pub use endpoint::Endpoint;
pub use ids::{AccountId, ImageId, InstanceId, Invalid};
pub use instance::Instance;
pub use instance_type::{FrontEnd, InstanceType};
pub use launch::Launch;
pub use options::{HopLimit, HttpTokens, MetadataOptions, Switch};
pub use reach::Reach;
pub use refusal::Refusal;
pub use request::Request;
pub use response::{Response, respond};
pub use time::Moment;
pub use token::Keyring;
