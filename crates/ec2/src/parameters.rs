//! What this API does with each parameter of its actions.

mod class;
mod table;

use serde_json::Value;

pub use class::{Class, Kind, Parameter};
pub use table::PARAMETERS;

use crate::fault::Fault;
use crate::params::Params;

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
