//! `imds exec` as its users meet it: the built binary, run on real programs.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "exec/egress.rs"]
mod egress;
#[path = "exec/machine.rs"]
mod machine;
#[path = "exec/network.rs"]
mod network;
#[path = "exec/refusal.rs"]
mod refusal;
#[path = "exec/sandbox.rs"]
mod sandbox;
#[path = "exec/signals.rs"]
mod signals;
#[path = "exec/status.rs"]
mod status;
#[path = "exec/terminal.rs"]
mod terminal;
