//! Where state is kept.

pub mod keys;
pub mod records;
