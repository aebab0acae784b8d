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
//!         lets a server ignore (RFC 9112, 2.2)
//! 150 ms  beside it: a request with a false token (is anybody there?), and connections with a
//!         growing TTL (how many routers are there?)
//! 170 ms  a verdict, if packet after packet stays unacknowledged while the others are answered
//! ```
//! A reset ends the connection, and might come of one lost answer: a second connection must meet
//! the same.

pub(crate) mod distance;
mod evidence;
mod witness;

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::connect::Connected;
use crate::endpoint::Endpoint;
use crate::error::{HopLimit, Silence};
use crate::socket;
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
/// How often the connection is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// What is found out while a token is asked for, over one or more connections.
pub(crate) struct Inquiry<'a> {
    endpoint: &'a Endpoint,
    began: Instant,
    /// Connections that were reset by a nudge.
    resets: u8,
    is_nudged: bool,
    witness: Option<Witness>,
}

impl<'a> Inquiry<'a> {
    pub(crate) fn new(endpoint: &'a Endpoint) -> Self {
        Self { endpoint, began: Instant::now(), resets: 0, is_nudged: false, witness: None }
    }

    /// A request for the token was sent on a new connection.
    pub(crate) fn begin(&mut self) {
        self.is_nudged = false;
        if self.resets == 0 {
            self.began = Instant::now();
        }
    }

    /// The connection was reset without a byte; whether the nudge did that.
    pub(crate) fn was_reset(&mut self) -> bool {
        self.resets += u8::from(self.is_nudged);
        self.is_nudged
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
        let mut nudge = Nudge::default();
        let mut look_at = sent + patience;
        loop {
            sleep_until(look_at).await;
            look_at += LOOK;
            let nudged = nudge.advance(connected);
            self.is_nudged = nudge.is_sent();
            if self.began.elapsed() >= WITNESS_AFTER || self.resets > 0 {
                self.witness(&facts);
            }
            if let Some(verdict) = self.verdict(&facts, nudged) {
                return verdict;
            }
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

/// One CRLF on a silent connection, in two packets, and what becomes of them.
#[derive(Default)]
struct Nudge {
    /// How many of its bytes are sent, and when the last one was.
    sent: usize,
    sent_at: Option<Instant>,
    /// Retransmissions before it.
    before: u32,
    /// Retransmissions since, and when the number last grew.
    since: u32,
    grew_at: Option<Instant>,
}

impl Nudge {
    const BYTES: &[u8; 2] = b"\r\n";

    fn is_sent(&self) -> bool {
        self.sent > 0
    }

    /// Sends what is due, and looks how it fared.
    fn advance(&mut self, connected: &Connected) -> Nudged {
        let Some(delivery) = socket::delivery(&connected.stream) else {
            return Nudged::Unknown;
        };
        let is_acknowledged = delivery.unacknowledged == 0 || delivery.selectively_acknowledged > 0;
        let now = Instant::now();
        match self.sent_at {
            None if is_acknowledged => {
                self.before = delivery.retransmissions;
                self.send_next(connected, now);
                return Nudged::Pending;
            }
            Some(_) if is_acknowledged => return Nudged::Acknowledged,
            Some(at) if self.sent < Self::BYTES.len() && now >= at + BETWEEN => {
                self.send_next(connected, now);
            }
            // Before the nudge, the request itself is not acknowledged: its packet was lost, or the
            // way back is shut.
            None | Some(_) => {}
        }
        let since = delivery.retransmissions - self.before.min(delivery.retransmissions);
        if since != self.since {
            self.since = since;
            self.grew_at = Some(now);
        }
        let last = self.grew_at.max(self.sent_at);
        // What was sent last has had its time to be acknowledged.
        let is_settled = last.is_some_and(|last| now >= last + delivery.round_trip * 4 + BETWEEN);
        if !is_settled {
            return Nudged::Pending;
        }
        let packets = u32::try_from(self.sent).unwrap_or(0);
        Nudged::Unacknowledged { packets, retransmissions: since, had_loss: self.before > 0 }
    }

    fn send_next(&mut self, connected: &Connected, now: Instant) {
        // A connection that takes no byte is broken, as whoever reads from it will hear.
        if let Ok(count) = connected.stream.try_write(&Self::BYTES[self.sent..=self.sent]) {
            self.sent += count;
            self.sent_at = Some(now);
        }
    }
}
