//! The EC2 Instance Metadata Service as software anyone can run.

mod error;
#[allow(dead_code, reason = "the data path is to call it")]
mod identity;

fn main() {}
