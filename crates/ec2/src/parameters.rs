//! What this API does with each parameter of its actions.

mod table;

use serde_json::Value;

pub use table::PARAMETERS;

use crate::fault::Fault;
use crate::params::Params;

/// A parameter of an action.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parameter {
    /// Its name, such as `Filter.N.Name`: `N` is the number of an element.
    pub name: &'static str,
    /// The same in [`types`](crate::types), such as `filters.n.name`.
    pub member: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// What is done with it.
    pub class: Class,
}

/// What the value of a parameter is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Boolean,
    /// An integer.
    Integer,
    /// A number.
    Number,
    /// A time.
    Time,
    /// Bytes in base64.
    Base64,
}

/// What is done with a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// It decides what the action does, or what the metadata, a later call or the network shows.
    Obeyed,
    /// It is stored and shown again, with no other effect.
    Kept,
    /// It is accepted; nothing shows it.
    NoEffect,
    /// It is a fault.
    Refused,
}

impl Parameter {
    const fn new(name: &'static str, member: &'static str, kind: Kind, class: Class) -> Self {
        Self { name, member, kind, class }
    }
}

/// Fails if `params` have a parameter that the action they name refuses.
///
/// # Errors
/// `UnsupportedOperation` names the parameter.
pub fn check(params: &Params) -> Result<(), Fault> {
    let action = params.value_of("Action").unwrap_or_default();
    let sent = refused(action).find_map(|parameter| params.name_at(parameter.name));
    sent.map_or(Ok(()), |name| Err(unsupported(name)))
}

/// The same for a request of `action` as JSON, as its type is serialized.
///
/// # Errors
/// `UnsupportedOperation` names the parameter.
pub fn check_members(action: &str, request: &Value) -> Result<(), Fault> {
    let stated = refused(action).find(|parameter| {
        let steps: Vec<_> = parameter.member.split('.').collect();
        says(request, &steps)
    });
    stated.map_or(Ok(()), |parameter| Err(unsupported(parameter.name)))
}

fn refused(action: &str) -> impl Iterator<Item = &'static Parameter> {
    let parameters = PARAMETERS.iter().find(|(name, _)| *name == action);
    let parameters = parameters.map_or(&[][..], |(_, parameters)| parameters);
    parameters.iter().filter(|parameter| parameter.class == Class::Refused)
}

/// Whether there is a value below `steps`.
fn says(value: &Value, steps: &[&str]) -> bool {
    match (value, steps) {
        (Value::Null, _) => false,
        (_, []) => true,
        (Value::Array(elements), [_, rest @ ..]) => elements.iter().any(|one| says(one, rest)),
        (Value::Object(members), [name, rest @ ..]) => {
            members.get(*name).is_some_and(|member| says(member, rest))
        }
        _ => false,
    }
}

fn unsupported(name: &str) -> Fault {
    Fault::unsupported_operation(format!("The parameter {name} is not supported by imds."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refused_parameter_is_named_as_it_was_sent() {
        let checked = |query: &str| check(&Params::parse(query.as_bytes(), b"").unwrap());
        let refused = checked("Action=RunInstances&CpuOptions.CoreCount=2").unwrap_err();
        assert_eq!(refused.code, "UnsupportedOperation");
        assert!(refused.message.contains("CpuOptions.CoreCount"), "{refused}");
        let license = "LicenseSpecification.7.LicenseConfigurationArn";
        let refused = checked(&format!("Action=RunInstances&{license}=x")).unwrap_err();
        assert!(refused.message.contains(license), "{refused}");
        for accepted in ["Action=RunInstances&ImageId=x", "Action=None&CpuOptions.CoreCount=2", ""]
        {
            checked(accepted).unwrap();
        }
    }

    #[test]
    fn members_are_looked_for_in_lists() {
        let checked = |request| check_members("RunInstances", &request);
        let license =
            json!({ "license_specifications": [{}, { "license_configuration_arn": "x" }] });
        assert_eq!(checked(license).unwrap_err().code, "UnsupportedOperation");
        checked(json!({ "license_specifications": [], "cpu_options": null })).unwrap();
    }

    #[test]
    fn actions_are_those_that_are_answered() {
        let actions: Vec<_> = PARAMETERS.iter().map(|(action, _)| *action).collect();
        assert_eq!(actions, crate::Request::ACTIONS);
    }
}
