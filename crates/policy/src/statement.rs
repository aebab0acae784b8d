//! Statements: what they are about, and whether they apply.

use crate::condition::Condition;
use crate::context::Context;
use crate::pattern::{Atom, Colons, Pattern, Syntax, matches};
use crate::request::Request;

/// One statement of a policy.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) effect: Effect,
    pub(crate) actions: Set<Action>,
    pub(crate) resources: Set<Resource>,
    /// All must hold.
    pub(crate) conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Deserialize)]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// What is in a list, or all that is not: `Action` and `NotAction`.
#[derive(Clone, Debug)]
pub(crate) enum Set<T> {
    In(Vec<T>),
    NotIn(Vec<T>),
}

/// Such as `ec2:Describe*`, in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Action(Vec<Atom>);

/// An ARN with wildcards and variables, or `*`.
#[derive(Clone, Debug)]
pub(crate) struct Resource(Pattern);

impl Statement {
    pub(crate) fn applies_to(&self, request: &Request<'_>) -> bool {
        let action = request.action.to_ascii_lowercase();
        self.actions.has(|wanted| matches(&wanted.0, &action, Colons::Free))
            && self.resources.has(|wanted| wanted.matches(request))
            && self.conditions.iter().all(|condition| condition.holds(request.context))
    }
}

impl<T> Set<T> {
    fn has(&self, is_it: impl Fn(&T) -> bool) -> bool {
        match self {
            Self::In(items) => items.iter().any(is_it),
            Self::NotIn(items) => !items.iter().any(is_it),
        }
    }
}

impl Action {
    /// Reads `*` or `service:name`; variables are not allowed in it. The error is the rule.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let is_name = |name: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_*?.".contains(c);
            !name.is_empty() && name.chars().all(allowed)
        };
        let is_action =
            text.split_once(':').is_some_and(|(service, name)| is_name(service) && is_name(name));
        if text != "*" && !is_action {
            return Err(format!(
                "the action {text:?} is neither * nor of the form ec2:RunInstances"
            ));
        }
        let syntax = Syntax { wildcards: true, variables: false };
        let pattern = Pattern::parse(&text.to_ascii_lowercase(), syntax)?;
        Ok(Self(pattern.resolve(&Context::default()).unwrap_or_default()))
    }
}

impl Resource {
    /// Reads `*` or an ARN. Parts that it does not have are any. The error is the rule.
    pub(crate) fn parse(text: &str, variables: bool) -> Result<Self, String> {
        if text != "*" && !text.starts_with("arn:") {
            return Err(format!("the resource {text:?} is neither * nor an ARN"));
        }
        let missing = if text == "*" { 0 } else { 5_usize.saturating_sub(colons(text)) };
        let whole = format!("{text}{}", ":*".repeat(missing));
        Ok(Self(Pattern::parse(&whole, Syntax { wildcards: true, variables })?))
    }

    fn matches(&self, request: &Request<'_>) -> bool {
        let atoms = self.0.resolve(request.context);
        atoms.is_some_and(|atoms| matches(&atoms, request.resource, Colons::Bound))
    }
}

/// Colons between the parts of an ARN: those of variables (`${aws:username}`) are none.
fn colons(arn: &str) -> usize {
    let mut rest = arn;
    let mut colons = 0;
    while let Some(at) = rest.find([':', '$']) {
        let here = &rest[at..];
        let variable = here.strip_prefix("${").and_then(|inside| inside.split_once('}'));
        colons += usize::from(here.starts_with(':'));
        rest = variable.map_or(&here[1..], |(_, after)| after);
    }
    colons
}
