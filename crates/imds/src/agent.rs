//! From state to who is served.

mod plan;
mod table;

pub(crate) use table::{Current, Link, Table};
