//! Times as the EC2 API shows them.

use imds_ec2::Timestamp;

/// A time in seconds since 1970; `None` beyond the year 9999.
pub(super) fn shape(unix_seconds: u64) -> Option<Timestamp> {
    let seconds = i64::try_from(unix_seconds).ok()?;
    Timestamp::from_unix_ms(seconds.checked_mul(1000)?)
}
