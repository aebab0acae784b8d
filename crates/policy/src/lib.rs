//! IAM policies: reads them, and decides whether they allow a request.
//!
//! The language is that of identity-based policies: `Version`, `Statement`, `Effect`, `Action` or `NotAction`,
//! `Resource` or `NotResource`, and `Condition` with all of IAM's operators, `…IfExists`, `ForAllValues:`,
//! `ForAnyValue:` and policy variables. `Principal` belongs to other kinds of policies and is refused.
//!
//! Source of the rules: IAM User Guide, "IAM JSON policy element reference" and "Policy evaluation
//! logic".
//!
//! ```
//! use imds_policy::{Context, Decision, Policy, Request, evaluate};
//!
//! let policy = Policy::parse(
//!     r#"{"Version": "2012-10-17", "Statement": [
//!         {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
//!         {"Effect": "Deny", "Action": "*", "Resource": "*",
//!          "Condition": {"NumericLessThan": {"ec2:RoleDelivery": "2.0"}}}
//!     ]}"#,
//! )?;
//! let mut context = Context::default();
//! context.set("ec2:RoleDelivery", "1.0");
//! let request = Request { action: "ec2:DescribeInstances", resource: "*", context: &context };
//! assert_eq!(evaluate([&policy], &request), Decision::ExplicitDeny);
//! # Ok::<(), imds_policy::PolicyError>(())
//! ```

mod condition;
mod context;
mod document;
mod error;
mod operator;
mod pattern;
mod request;
mod statement;

use std::borrow::Borrow;

pub use context::Context;
pub use error::PolicyError;
pub use request::Request;

use statement::{Effect, Statement};

/// A policy that was read and has no mistakes.
#[derive(Clone, Debug)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// Whether a request is allowed, and why not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// A statement allows it, and none denies it.
    Allow,
    /// A statement denies it, whatever others allow.
    ExplicitDeny,
    /// No statement is about it.
    ImplicitDeny,
}

impl Policy {
    /// Reads a policy from JSON.
    ///
    /// # Errors
    /// If it is not valid JSON, or no valid policy: an unknown element, operator or number names the
    /// statement that has it. IAM refuses those too, or would never match them.
    pub fn parse(json: &str) -> Result<Self, PolicyError> {
        Ok(Self { statements: document::statements(json)? })
    }
}

/// What all of `policies` together say: one that denies wins over all that allow.
pub fn evaluate<P: Borrow<Policy>>(
    policies: impl IntoIterator<Item = P>,
    request: &Request<'_>,
) -> Decision {
    let mut decision = Decision::ImplicitDeny;
    for policy in policies {
        for statement in &policy.borrow().statements {
            match statement.effect {
                // The effect first: most statements need not be looked at twice.
                Effect::Allow if decision == Decision::Allow => {}
                Effect::Allow if statement.applies_to(request) => decision = Decision::Allow,
                Effect::Deny if statement.applies_to(request) => return Decision::ExplicitDeny,
                Effect::Allow | Effect::Deny => {}
            }
        }
    }
    decision
}
