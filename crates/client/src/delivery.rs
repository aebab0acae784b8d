//! How the bytes sent on a connection fared.

use std::time::Duration;

/// What the kernel says of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Delivery {
    /// Packets sent that the peer has not acknowledged.
    pub(crate) unacknowledged: u32,
    /// Of these, packets that the peer has all the same, out of order.
    pub(crate) selectively_acknowledged: u32,
    /// Bytes that the peer has acknowledged, over the connection's life.
    pub(crate) acknowledged_bytes: u64,
    /// How often a packet was sent again, over the connection's life.
    pub(crate) retransmissions: u32,
    /// The smoothed round-trip time.
    pub(crate) round_trip: Duration,
}
