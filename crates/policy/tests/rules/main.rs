//! Policies, requests and decisions, by the published rules of IAM.

#[macro_use]
mod rule;
mod decisions;
mod mistakes;
mod roles;
mod statements;
mod texts;
mod types;
mod variables;
