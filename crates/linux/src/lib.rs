//! The Linux interfaces that `imds` needs: network namespaces and the links between them, child processes
//! in namespaces of their own, socket options, mounts, signals, packet capture.
//!
//! Everything here is synchronous and belongs to the *calling thread*: a namespace is entered by a
//! thread, a netlink socket lives in the namespace it was opened in. This crate is the home of
//! `unsafe`: what it exports is safe to call.

pub mod address;
pub mod capture;
pub mod confine;
pub mod counters;
pub mod descriptor;
pub mod handover;
pub mod link;
pub mod local;
pub mod memory;
pub mod mount;
pub mod namespace;
pub mod netlink;
pub mod passed;
pub mod process;
pub mod route;
pub mod seccomp;
pub mod send;
pub mod signal;
pub mod socket;
pub mod sysctl;
pub mod tap;
pub mod user_namespace;

mod error;
mod rtnetlink;

pub use error::Error;
pub use namespace::Namespace;
pub use netlink::{Batch, Loss, Netlink};
