//! What runtimes ask, by protocol.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod any_input;
mod cni;
mod netavark;
