//! The Container Network Interface, of which `imds cni` is a chained plugin. Source: CNI specification
//! 1.1.0, sections 2 and 5; versions 0.4.0 and 1.0.0 differ in what a result has, which is passed on, and
//! lack `GC` and `STATUS`.

mod configuration;
mod environment;
mod error;
mod plan;

pub use configuration::Configuration;
pub use environment::{Environment, VARIABLES};
pub use error::{CniError, Code};
pub use plan::{Attach, Collect, Plan, plan, supported_versions};

/// The specification's versions that are spoken.
pub const VERSIONS: [&str; 3] = ["0.4.0", "1.0.0", "1.1.0"];

/// Of the error of a request whose version is not known.
pub const LATEST: &str = "1.1.0";
