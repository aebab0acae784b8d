//! More bytes on a silent connection, and how they fare.

use std::time::Duration;

use tokio::time::Instant;

use super::evidence::{NudgeState, PACKETS};
use crate::connect::Connected;
use crate::delivery::Delivery;
use crate::socket;

/// Between the nudge's packets. Two under way make the kernel repeat the last of them within
/// milliseconds (RFC 8985, 7.2); for a single one it would wait 200 ms.
const BETWEEN: Duration = Duration::from_millis(10);
/// How long a kernel may hold an acknowledgement back (Linux: 40 ms, and a tick of its clock).
const DELAYED: Duration = Duration::from_millis(45);
/// Between the end of the first round and the second; then twice as long each time.
const FIRST_GAP: Duration = Duration::from_millis(200);

/// How many packets are a round where they are acknowledged: one CRLF.
const ROUND: usize = 2;

/// A CRLF on a silent connection, in two packets, and how they fare; then another, later and later,
/// because a service that was slow at first may since have sent a response that is lost. More packets
/// are only sent where the first two are not acknowledged.
pub(super) struct Nudge {
    /// When the next round may begin, and how long after it the one that follows.
    next_at: Instant,
    gap: Duration,
    /// How many of this round's packets are sent, and when the last one was; and of all rounds'.
    sent: usize,
    sent_at: Option<Instant>,
    sent_ever: usize,
    /// Whether this round began just now.
    is_new: bool,
    /// Whether all that was sent has arrived.
    arrived: bool,
    /// Bytes that were acknowledged before this round.
    acknowledged: u64,
    /// Retransmissions before this round.
    before: u32,
    /// Retransmissions since, and when the number last grew.
    since: u32,
    grew_at: Option<Instant>,
}

impl Nudge {
    pub(super) fn at(first: Instant) -> Self {
        Self {
            next_at: first,
            gap: FIRST_GAP,
            sent: 0,
            sent_at: None,
            sent_ever: 0,
            is_new: false,
            arrived: false,
            acknowledged: 0,
            before: 0,
            since: 0,
            grew_at: None,
        }
    }

    /// When a packet was last sent.
    pub(super) fn sent_at(&self) -> Option<Instant> {
        self.sent_at
    }

    /// Whether all that was sent has been acknowledged.
    pub(super) fn is_acknowledged(&self) -> bool {
        self.arrived
    }

    /// Whether a round began when it was last advanced.
    pub(super) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Whether all but the last packet are sent, none of them acknowledged.
    pub(super) fn awaits_liveness(&self) -> bool {
        self.sent == PACKETS - 1 && !self.arrived
    }

    /// Sends what is due, and reads how it fares.
    pub(super) fn advance(&mut self, connected: &Connected, is_service_alive: bool) -> NudgeState {
        let Some(delivery) = socket::delivery(&connected.stream) else {
            return NudgeState::Unknown;
        };
        let now = Instant::now();
        self.is_new = false;
        let is_acknowledged = delivery.unacknowledged == 0;
        let is_acknowledged_in_part =
            self.sent > 0 && delivery.acknowledged_bytes > self.acknowledged;
        let arrives = is_acknowledged || delivery.selectively_acknowledged > 0;
        let is_time = self.sent_at.is_some_and(|at| now >= at + BETWEEN);
        let is_due = match self.sent {
            0 => is_acknowledged && now >= self.next_at,
            sent if sent < ROUND => is_time,
            sent if sent < PACKETS - 1 => is_time && !arrives,
            sent => sent < PACKETS && is_service_alive && !arrives,
        };
        if !arrives && is_acknowledged_in_part {
            // What is not acknowledged is a new round.
            let left = usize::try_from(delivery.unacknowledged).unwrap_or(PACKETS);
            self.begin(left.min(PACKETS - 1), &delivery);
            return NudgeState::Acknowledged;
        }
        if is_due {
            if self.sent == 0 {
                self.begin(0, &delivery);
            }
            self.send_next(connected, now);
            return NudgeState::Pending;
        }
        if arrives {
            self.arrived = is_acknowledged;
            if self.sent >= ROUND && is_acknowledged {
                self.next_at = now + self.gap;
                self.gap *= 2;
                self.sent = 0;
            }
            return NudgeState::Acknowledged;
        }
        self.unacknowledged(&delivery, now)
    }

    /// A round begins, with so many of its packets under way.
    fn begin(&mut self, sent: usize, delivery: &Delivery) {
        self.sent = sent;
        self.is_new = true;
        self.acknowledged = delivery.acknowledged_bytes;
        (self.before, self.since, self.grew_at) = (delivery.retransmissions, 0, None);
    }

    fn send_next(&mut self, connected: &Connected, now: Instant) {
        let byte = if self.sent_ever.is_multiple_of(2) { b"\r" } else { b"\n" };
        // A connection that takes no byte is broken, which its reader will notice.
        if connected.stream.try_write(byte).is_ok() {
            self.sent += 1;
            self.sent_ever += 1;
            self.sent_at = Some(now);
            self.arrived = false;
        }
    }

    fn unacknowledged(&mut self, delivery: &Delivery, now: Instant) -> NudgeState {
        let since = delivery.retransmissions.saturating_sub(self.before);
        if since != self.since {
            self.since = since;
            self.grew_at = Some(now);
        }
        // What was sent last must have had its time to be acknowledged.
        let last = self.grew_at.max(self.sent_at);
        let is_settled = last.is_some_and(|last| now >= last + delivery.round_trip * 4 + DELAYED);
        if !is_settled {
            return NudgeState::Pending;
        }
        let had_loss = self.before > 0;
        NudgeState::Unacknowledged { packets: self.sent, retransmissions: since, had_loss }
    }
}
