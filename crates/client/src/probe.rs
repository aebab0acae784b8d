//! Why is there no answer to the request for a token?
//!
//! EC2 sends the answer with a limited TTL. Behind too many routers the request arrives, and the
//! answer dies: the connection stands and stays silent, as it does when the service is merely slow.
//! What tells the two apart is how the service's kernel takes *more* bytes on the silent
//! connection. One that has not answered yet acknowledges them. One that has answered sends its
//! acknowledgements with the answer's TTL, and they die as well; or it has closed the connection,
//! and resets it.
//!
//! ```text
//!   0 ms  the request is sent, on a new connection
//! 100 ms  silence, and the request is acknowledged: a nudge, one CRLF in two packets, which HTTP
//!         has a server ignore (RFC 9112, 2.2); a second CRLF if nobody acknowledges the first
//! 150 ms  beside it: a request with a false token (is anybody there?), and connections with a
//!         growing TTL (how many routers are there?)
//! 190 ms  a verdict, if packet after packet stays unacknowledged while the others are answered
//! ```
//! A reset ends the connection, and might come of one lost answer: a second connection must meet
//! the same.

pub(crate) mod distance;
mod evidence;
mod witness;

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::connect::Connected;
use crate::endpoint::Endpoint;
use crate::error::{HopLimit, Silence};
use crate::socket::{self, Delivery};
use evidence::{Evidence, Nudged, Way};
use witness::Witness;

/// How long silence is nothing special.
const FIRST_PATIENCE: Duration = Duration::from_millis(100);
/// The same, on a connection that replaces one that was reset.
const NEXT_PATIENCE: Duration = Duration::from_millis(50);
/// When others are asked whether the service is alive.
const WITNESS_AFTER: Duration = Duration::from_millis(150);
/// Between the nudge's two packets. Two under way make the kernel repeat the last of them within
/// milliseconds (RFC 8985, 7.2); for a single one it would wait 200 ms.
const BETWEEN: Duration = Duration::from_millis(20);
/// How long a kernel may hold an acknowledgement back (Linux: 40 ms, and a tick of its clock).
const DELAYED: Duration = Duration::from_millis(45);
/// Between the end of the first round and the second; then twice as long each time.
const FIRST_GAP: Duration = Duration::from_millis(200);
/// How soon after a nudge a reset is its effect.
const RESET_WITHIN: Duration = Duration::from_millis(100);
/// How often the connection is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// What is found out while a token is asked for, over one or more connections.
pub(crate) struct Inquiry<'a> {
    endpoint: &'a Endpoint,
    began: Instant,
    /// Connections that were reset by a nudge.
    resets: u8,
    /// When the current connection was last sent a nudge.
    nudged_at: Option<Instant>,
    witness: Option<Witness>,
}

impl<'a> Inquiry<'a> {
    pub(crate) fn new(endpoint: &'a Endpoint) -> Self {
        Self { endpoint, began: Instant::now(), resets: 0, nudged_at: None, witness: None }
    }

    /// A request for the token was sent on a new connection.
    pub(crate) fn begin(&mut self) {
        self.nudged_at = None;
        if self.resets == 0 {
            self.began = Instant::now();
        }
    }

    /// The connection was reset without a byte; whether the nudge did that.
    pub(crate) fn was_reset(&mut self, facts: &Facts) -> bool {
        let is_effect = self.nudged_at.is_some_and(|at| at.elapsed() < RESET_WITHIN);
        if is_effect {
            self.resets += 1;
            // The next connection is likely to show the same: what else is needed begins at once.
            self.witness(facts);
        }
        is_effect
    }

    /// What is known of the silence so far.
    pub(crate) fn silence(&self) -> Silence {
        match self.witness.as_ref().map(|witness| witness.testimony().status) {
            Some(Some(_)) => Silence::Slow,
            Some(None) => Silence::Mute,
            None => Silence::Unknown,
        }
    }

    /// What follows from the resets so far.
    pub(crate) async fn weigh_resets(&mut self, connection: &Facts) -> Weighed {
        if self.resets < evidence::RESETS {
            return Weighed::Again;
        }
        self.witness(connection).finished().await;
        match self.verdict(connection, Nudged::Unknown) {
            Some(verdict) => Weighed::Lost(verdict),
            None if self.resets < evidence::RESETS_DESPITE_LOSS => Weighed::Again,
            None => Weighed::Nothing,
        }
    }

    /// Follows a silent connection until there is a verdict, if need be for ever.
    pub(crate) async fn follow(&mut self, connected: &Connected) -> HopLimit {
        let facts = Facts::of(connected);
        let sent = Instant::now();
        let patience = if self.resets == 0 { FIRST_PATIENCE } else { NEXT_PATIENCE };
        let mut nudge = Nudge::at(sent + patience);
        sleep_until(sent + patience).await;
        loop {
            let nudged = nudge.advance(connected);
            self.nudged_at = nudge.sent_at;
            if self.began.elapsed() >= WITNESS_AFTER {
                self.witness(&facts);
            }
            if let Some(verdict) = self.verdict(&facts, nudged) {
                return verdict;
            }
            sleep(LOOK).await;
        }
    }

    fn witness(&mut self, facts: &Facts) -> &Witness {
        let (endpoint, address) = (self.endpoint, facts.address);
        self.witness.get_or_insert_with(|| Witness::call(endpoint.clone(), address))
    }

    fn verdict(&self, facts: &Facts, nudged: Nudged) -> Option<HopLimit> {
        let testimony = self.witness.as_ref()?.testimony();
        let silent_for = self.began.elapsed();
        let evidence = Evidence { silent_for, resets: self.resets, nudged, testimony };
        let (certainty, other_status) = evidence.judge()?;
        Some(HopLimit {
            needed: match testimony.way {
                Way::Hops(hops) => Some(hops),
                Way::Unmeasured | Way::Unmeasurable => None,
            },
            certainty,
            endpoint: facts.address,
            connected_in: facts.connected_in,
            silent_for,
            other_status,
        })
    }
}

/// What resets mean.
pub(crate) enum Weighed {
    /// Another connection must be tried before anything can be said.
    Again,
    /// The token is lost on the way.
    Lost(HopLimit),
    /// Something else resets connections.
    Nothing,
}

/// What stays known of a connection that is gone.
#[derive(Clone, Copy)]
pub(crate) struct Facts {
    address: std::net::SocketAddr,
    connected_in: Duration,
}

impl Facts {
    pub(crate) fn of(connected: &Connected) -> Self {
        Self { address: connected.address, connected_in: connected.took }
    }
}

/// A CRLF on a silent connection, in two packets, and what becomes of them; then another, later and
/// later, for a service that was slow at first may since have answered in vain.
struct Nudge {
    /// When the next round may begin, and how long after it the one that follows.
    next_at: Instant,
    gap: Duration,
    /// How many of this round's packets are sent, and when the last one was.
    sent: usize,
    sent_at: Option<Instant>,
    /// Retransmissions before this round.
    before: u32,
    /// Retransmissions since, and when the number last grew.
    since: u32,
    grew_at: Option<Instant>,
}

impl Nudge {
    /// One packet each. The last is for those only that did not acknowledge the others.
    const PACKETS: [&[u8]; 3] = [b"\r", b"\n", b"\r\n"];
    /// How many packets are a round.
    const ROUND: usize = 2;

    fn at(first: Instant) -> Self {
        Self {
            next_at: first,
            gap: FIRST_GAP,
            sent: 0,
            sent_at: None,
            before: 0,
            since: 0,
            grew_at: None,
        }
    }

    /// Sends what is due, and looks how it fared.
    fn advance(&mut self, connected: &Connected) -> Nudged {
        let Some(delivery) = socket::delivery(&connected.stream) else {
            return Nudged::Unknown;
        };
        let now = Instant::now();
        let is_acknowledged = delivery.unacknowledged == 0;
        let arrives = is_acknowledged || delivery.selectively_acknowledged > 0;
        let is_time = self.sent_at.is_some_and(|at| now >= at + BETWEEN);
        let is_due = match self.sent {
            0 => is_acknowledged && now >= self.next_at,
            sent if sent < Self::ROUND => is_time,
            sent => is_time && !arrives && sent < Self::PACKETS.len(),
        };
        if is_due {
            self.send_next(connected, delivery.retransmissions, now);
            return Nudged::Pending;
        }
        if arrives {
            if self.sent >= Self::ROUND && is_acknowledged {
                self.next_at = now + self.gap;
                self.gap *= 2;
                self.sent = 0;
            }
            return Nudged::Acknowledged;
        }
        self.unacknowledged(&delivery, now)
    }

    fn send_next(&mut self, connected: &Connected, retransmissions: u32, now: Instant) {
        if self.sent == 0 {
            (self.before, self.since, self.grew_at) = (retransmissions, 0, None);
        }
        // A connection that takes no byte is broken, as whoever reads from it will hear.
        if connected.stream.try_write(Self::PACKETS[self.sent]).is_ok() {
            self.sent += 1;
            self.sent_at = Some(now);
        }
    }

    fn unacknowledged(&mut self, delivery: &Delivery, now: Instant) -> Nudged {
        let since = delivery.retransmissions.saturating_sub(self.before);
        if since != self.since {
            self.since = since;
            self.grew_at = Some(now);
        }
        // What was sent last must have had its time to be acknowledged.
        let last = self.grew_at.max(self.sent_at);
        let is_settled = last.is_some_and(|last| now >= last + delivery.round_trip * 4 + DELAYED);
        if !is_settled {
            return Nudged::Pending;
        }
        let packets = u32::try_from(self.sent).unwrap_or(0);
        Nudged::Unacknowledged { packets, retransmissions: since, had_loss: self.before > 0 }
    }
}
