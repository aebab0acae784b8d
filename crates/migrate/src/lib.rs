//! Finds code that speaks IMDSv1, and rewrites it to IMDSv2.
//!
//! [`scan()`] reads one file and says what it found; [`apply`] makes the edits of the findings. Both
//! are pure: text in, findings and text out. A [`Scanner`] gives each file a limited time and can run in
//! a process of its own, [`Walk`] runs one over a tree of files, and [`report`] turns findings into text
//! for people and tools. [`Levels`] say how much each [`Rule`] matters.

// IMDSv2, CloudFormation and PowerShell are names, not code.
#![allow(clippy::doc_markdown)]

mod address;
mod assigned;
mod budget;
mod calls;
mod data;
mod edit;
mod embed;
mod error;
mod finding;
mod hcl;
mod ignored;
mod job;
mod kept;
mod language;
mod library;
mod limits;
mod powershell;
mod prefilter;
mod python;
pub mod report;
mod rules;
mod scan;
mod scanner;
mod settings;
mod shell;
mod snippet;
mod syntax;
mod unread;
mod values;
mod walk;
mod worker;

pub use edit::{Edit, apply};
pub use error::{EditError, ScanError, WalkError};
pub use finding::{Finding, Remedy};
pub use language::Language;
pub use limits::MAX_SIZE;
pub use rules::{Level, Levels, LevelsError, Rule};
pub use scan::scan;
pub use scanner::Scanner;
pub use walk::{Event, Skipped, Walk};
pub use worker::serve;
