//! What a row of the tables of rules is.

use imds_policy::{Context, Decision, Policy, PolicyError};

pub(crate) const RUN: &str = "ec2:RunInstances";
pub(crate) const ANY: &str = "*";
pub(crate) const INSTANCE: &str = "arn:aws:ec2:us-east-1:123456789012:instance/i-1234567890abcdef0";
pub(crate) const NEW_INSTANCE: &str = "arn:aws:ec2:us-east-1:123456789012:instance/*";

/// What is shown, the statements (without `Version`, which is 2012-10-17), action, resource, context
/// (`key=value|value`, separated by spaces), and the decision.
pub(crate) type Rule =
    (&'static str, &'static str, &'static str, &'static str, &'static str, Decision);

// Macros, because `concat!` joins literals only.

/// A statement that allows `ec2:*` on everything under a condition.
macro_rules! allow_if {
    ($condition:literal) => {
        concat!(
            r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*","Condition":"#,
            $condition,
            "}"
        )
    };
}

/// All is allowed but what a condition denies.
macro_rules! deny_if {
    ($condition:literal) => {
        concat!(
            r#"{"Effect":"Allow","Action":"*","Resource":"*"},"#,
            r#"{"Effect":"Deny","Action":"*","Resource":"*","Condition":"#,
            $condition,
            "}"
        )
    };
}

pub(crate) fn parse(statements: &str) -> Result<Policy, PolicyError> {
    Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#))
}

pub(crate) fn context(pairs: &str) -> Context {
    let mut context = Context::default();
    for pair in pairs.split_whitespace() {
        let (key, values) = pair.split_once('=').expect("key=value");
        context.set_all(key, values.split('|').map(str::to_owned));
    }
    context
}
