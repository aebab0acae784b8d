//! What is checked of parameters by tables: those that EC2 obeys in a way that nothing here can are refused, and
//! values that a parameter cannot have.

mod refused;
mod rule;
mod values;

use serde_json::Value;

use crate::fault::Fault;
use crate::params::Params;
use crate::tables::shown;
use refused::REFUSED;
use values::VALUES;

/// Fails if `params` have a parameter that the action they name refuses, or one with a value that it cannot have.
///
/// # Errors
/// `UnsupportedOperation` and `InvalidParameterValue` name the parameter.
pub fn check(params: &Params) -> Result<(), Fault> {
    let action = params.value_of("Action").unwrap_or_default();
    let sent = refused(action).iter().find_map(|(name, _)| params.name_at(name));
    sent.map_or(Ok(()), |name| Err(unsupported(name)))?;
    let rules = VALUES.iter().find(|(name, _)| *name == action).map_or(&[][..], |(_, it)| it);
    for (path, rule) in rules {
        for (name, value) in params.values_at(path) {
            if let Some(expected) = rule.refusal(value) {
                return Err(Fault::invalid_value(name, shown(value), &expected));
            }
        }
    }
    Ok(())
}

/// Fails if a request of `action`, in the form in which its type is serialized, has a parameter that it refuses.
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
    fn a_value_that_a_parameter_cannot_have_is_refused_by_its_name() {
        let checked = |query: &str| check(&Params::parse(query.as_bytes(), b"").unwrap());
        let interface = "Action=RunInstances&NetworkInterface.3.InterfaceType";
        checked(&format!("{interface}=efa")).unwrap();
        let refused = checked(&format!("{interface}=zork")).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "InvalidParameterValue: Value (zork) for parameter NetworkInterface.3.InterfaceType is invalid. \
             Expecting interface, efa or efa-only."
        );
        let template = "Action=CreateLaunchTemplate&LaunchTemplateData.Placement.Tenancy";
        checked(&format!("{template}=dedicated")).unwrap();
        assert!(checked(&format!("{template}=zork")).is_err());
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
