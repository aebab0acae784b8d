//! The EC2 Query wire.
