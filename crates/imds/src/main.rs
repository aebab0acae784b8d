//! The EC2 Instance Metadata Service as software anyone can run.

mod error;

fn main() {}
