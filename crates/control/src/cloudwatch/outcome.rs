//! What all actions share: whose metrics these are, and what an action gives.

use imds_ec2::{Fault, Member};

/// The namespace of EC2's metrics.
pub(super) const NAMESPACE: &str = "AWS/EC2";

/// The unit of all values.
pub(super) const UNIT: &str = "Count";

/// What an action gives.
pub(super) type Outcome = Result<Vec<(&'static str, Member)>, Fault>;
