//! What a thread gives up for good: files that nobody named (Landlock), and system calls that it does not
//! need (seccomp). Threads that it starts afterwards have as little; those that run already keep all.

mod calls;
mod files;
#[cfg(test)]
mod tests;

pub use calls::{only_serve, refuse_calls};
pub use files::{Access, Enforced, Files};

/// What a thread that answers on sockets may do beside.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Serving {
    /// Make connections.
    pub connects: bool,
}
