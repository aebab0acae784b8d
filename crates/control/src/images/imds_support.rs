//! `ImdsSupport`, which has one value.

use imds_ec2::Fault;

/// The only value.
pub(super) const V2: &str = "v2.0";

/// Fails unless it is that.
pub(super) fn imds_support(value: &str) -> Result<(), Fault> {
    if value == V2 {
        return Ok(());
    }
    Err(Fault::invalid_parameter_value(format!(
        "A value of '{value}' is not valid for ImdsSupport. Specify '{V2}' and try again."
    )))
}
