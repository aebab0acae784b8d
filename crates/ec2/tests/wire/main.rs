//! What goes over the wire: signatures, parameters and XML.
#![expect(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

mod any_bytes;
mod corpus;
mod params;
mod responses;
mod sdk;
mod signatures;
mod vectors;
