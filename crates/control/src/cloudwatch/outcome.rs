//! What all actions share: whose metrics these are, and what an action gives.

use imds_ec2::{Fault, Member};

/// The namespace of EC2's metrics.
pub(super) const NAMESPACE: &str = "AWS/EC2";

/// The unit of all values.
pub(super) const UNIT: &str = "Count";

/// What an action gives.
pub(super) type Outcome = Result<Vec<(&'static str, Member)>, Fault>;

/// All units, in the order of the API model.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// Why a unit is refused, if it is none.
pub(super) fn unit_refusal(parameter: &str, unit: Option<&str>) -> Option<String> {
    let is_known = unit.is_none_or(|unit| UNITS.contains(&unit));
    let rule = || {
        format!("The parameter {parameter} must be a value in the set [ {} ].", UNITS.join(", "))
    };
    (!is_known).then(rule)
}
