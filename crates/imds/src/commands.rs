//! One file per subcommand.

pub(crate) mod identity;
pub(crate) mod serve;
