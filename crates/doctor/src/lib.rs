//! Finds out why the metadata service cannot be used from this machine, and how to fix it, as `imds doctor`
//! does.
//!
//! 1. [`facts`] collects facts: about the service, the environment (container, pod, task), the packet
//!    filter, the network interface and the installed SDKs. If requested, it asks STS too;
//! 2. [`checks`] turns facts into findings, as a pure function;
//! 3. [`report`] prints findings, as text or as JSON.

mod allowance;
pub mod checks;
mod command;
mod environment;
pub mod exposure;
pub mod facts;
mod finding;
mod firewall;
mod fixes;
mod programs;
pub mod report;
mod sts;

pub use command::OtherCommand;
pub use environment::Environment;
pub use finding::{Finding, Fix, Verdict};
pub use firewall::{Effect, Rule};
pub use programs::{InstalledClient, Tokens, Version};
