//! Findings as text: for people, as a patch, and for tools. Pure functions; nothing is printed.

mod diff;
mod human;
mod json;
mod sarif;

pub use diff::diff;
pub use human::{human, printable};
pub use json::json;
pub use sarif::sarif;
