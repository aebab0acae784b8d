//! From state to who is served.

mod table;

pub(crate) use table::{Current, Link, Table};
