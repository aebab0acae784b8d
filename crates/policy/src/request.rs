//! What is to be decided.

use crate::context::Context;

/// What is to be decided.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Such as `ec2:RunInstances`; upper and lower case are the same.
    pub action: &'a str,
    /// The ARN of the resource, or `*` for an action that concerns none in particular.
    pub resource: &'a str,
    /// What conditions compare with.
    pub context: &'a Context,
}
