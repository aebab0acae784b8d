//! Attributes of instances as the EC2 API reads them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::instance::HostnameType;
use imds_core::launch::MAX_USER_DATA;
use imds_ec2::Fault;
use imds_ec2::types::CapacityReservationSpecification;

/// User data that comes as base64.
pub(super) fn user_data(text: &str) -> Result<Vec<u8>, Fault> {
    let bytes = STANDARD
        .decode(text)
        .map_err(|_| Fault::invalid_parameter_value("Invalid BASE64 encoding of user data"))?;
    if bytes.len() > MAX_USER_DATA {
        return Err(Fault::invalid_parameter_value(format!(
            "User data is limited to {MAX_USER_DATA} bytes"
        )));
    }
    Ok(bytes)
}

/// `stop` or `terminate`.
pub(super) fn shutdown_behavior(value: &str) -> Result<String, Fault> {
    match value {
        "stop" | "terminate" => Ok(value.to_owned()),
        _ => Err(Fault::invalid_value(
            "instanceInitiatedShutdownBehavior",
            value,
            "Expecting stop or terminate.",
        )),
    }
}

/// How an instance uses capacity reservations. There are none, so none can be named.
pub(super) fn capacity_reservations(
    stated: Option<&CapacityReservationSpecification>,
) -> Result<Option<String>, Fault> {
    let Some(stated) = stated else { return Ok(None) };
    if let Some(target) = &stated.capacity_reservation_target {
        if let Some(id) = &target.capacity_reservation_id {
            let message = format!("The capacity reservation '{id}' does not exist");
            return Err(Fault::client("InvalidCapacityReservationId.NotFound", message));
        }
        return Err(Fault::unsupported_operation("There are no groups of capacity reservations."));
    }
    one_of(
        "CapacityReservationSpecification.CapacityReservationPreference",
        stated.capacity_reservation_preference.clone(),
        &["open", "none", "capacity-reservations-only"],
    )
}

/// One of these words, if any is stated.
pub(super) fn one_of(
    parameter: &str,
    stated: Option<String>,
    words: &[&str],
) -> Result<Option<String>, Fault> {
    match stated {
        Some(word) if !words.contains(&word.as_str()) => {
            let rule = format!("Expecting {}.", words.join(" or "));
            Err(Fault::invalid_value(parameter, word, &rule))
        }
        stated => Ok(stated),
    }
}

/// What a private DNS name is made of.
pub(super) fn hostname_type(parameter: &str, stated: &str) -> Result<HostnameType, Fault> {
    match stated {
        "ip-name" => Ok(HostnameType::IpName),
        "resource-name" => Ok(HostnameType::ResourceName),
        other => {
            let rule = "Expecting ip-name or resource-name.";
            Err(Fault::invalid_value(parameter, other, rule))
        }
    }
}
