//! Parameters that EC2 obeys in a way that nothing here can, and that are refused for it.

mod refused;

use serde_json::Value;

use crate::fault::Fault;
use crate::params::Params;
use refused::REFUSED;

/// Fails if `params` have a parameter that the action they name refuses.
///
/// # Errors
/// `UnsupportedOperation` names the parameter.
pub fn check(params: &Params) -> Result<(), Fault> {
    let action = params.value_of("Action").unwrap_or_default();
    let sent = refused(action).iter().find_map(|(name, _)| params.name_at(name));
    sent.map_or(Ok(()), |name| Err(unsupported(name)))
}

/// The same for a request of `action` as JSON, as its type is serialized.
///
/// # Errors
/// `UnsupportedOperation` names the parameter.
pub fn check_members(action: &str, request: &Value) -> Result<(), Fault> {
    let stated = refused(action).iter().find(|(_, member)| {
        let steps: Vec<_> = member.split('.').collect();
        says(request, &steps)
    });
    stated.map_or(Ok(()), |(name, _)| Err(unsupported(name)))
}

/// The names of parameters, and the members of [`types`](crate::types) that they are read as.
fn refused(action: &str) -> &'static [(&'static str, &'static str)] {
    REFUSED.iter().find(|(name, _)| *name == action).map_or(&[], |(_, parameters)| parameters)
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
}
