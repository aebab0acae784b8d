//! What is allowed.

use std::time::Duration;

/// The longest delay of a response, and the longest duration of a rule: ten minutes, and a year.
pub const MAX_DELAY: Duration = Duration::from_secs(600);
/// See [`MAX_DELAY`].
pub const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 3600);

/// Packets a second to link-local addresses that EC2 allows each network interface.
pub const EC2_PACKET_ALLOWANCE: u32 = 1024;
