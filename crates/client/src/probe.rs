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
//!         has a server ignore (RFC 9112, 2.2); two more CRLFs if nobody acknowledges the first
//! 150 ms  beside it: a request with a false token (is anybody there?), and connections with a
//!         growing TTL (how many routers are there?)
//!         once there is an answer to these: the last packet of the nudge
//! 200 ms  a verdict, if packet after packet stays unacknowledged while the others are answered,
//!         and last of all one more connection
//! ```
//! That the last packet waits for the others' answer, and the verdict for that connection, tells a
//! loss from a link or a machine that stood still for a moment: then the nudge would be acknowledged
//! before that connection stands.
//!
//! A reset ends the connection, and might come of one lost answer: two more connections must meet the
//! same.

pub(crate) mod distance;
mod evidence;
mod nudge;
mod witness;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::connect::{Connected, connect};
use crate::endpoint::Endpoint;
use crate::error::{HopLimit, Silence};
use evidence::{Evidence, Nudged};
use nudge::Nudge;
use witness::Witness;

/// How long silence is nothing special.
const FIRST_PATIENCE: Duration = Duration::from_millis(100);
/// The same, on a connection that replaces one that was reset.
const NEXT_PATIENCE: Duration = Duration::from_millis(50);
/// When others are asked whether the service is alive.
const WITNESS_AFTER: Duration = Duration::from_millis(150);
/// How soon after a nudge a reset is its effect.
const RESET_WITHIN: Duration = Duration::from_millis(100);
/// How long a connection may take that shows that the link moves.
const PASSAGE: Duration = Duration::from_millis(100);
/// How often the connection is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// What is found out while a token is asked for, over one or more connections.
pub(crate) struct Inquiry<'a> {
    endpoint: &'a Endpoint,
    began: Instant,
    /// Connections that were reset by a nudge.
    resets: u8,
    /// When the current connection was last sent a part of a nudge that is not acknowledged.
    nudged_at: Option<Instant>,
    /// Whether the current connection has acknowledged a nudge.
    is_slow: bool,
    /// Those who ask beside it, since the nudge that is now under way.
    witness: Option<Witness>,
    /// Whether others were answered, ever; not known before anybody asked.
    were_others_answered: Option<bool>,
}

impl<'a> Inquiry<'a> {
    pub(crate) fn new(endpoint: &'a Endpoint) -> Self {
        Self {
            endpoint,
            began: Instant::now(),
            resets: 0,
            nudged_at: None,
            is_slow: false,
            witness: None,
            were_others_answered: None,
        }
    }

    /// A request for the token was sent on a new connection.
    pub(crate) fn begin(&mut self) {
        self.nudged_at = None;
        self.is_slow = false;
        if self.resets == 0 {
            self.began = Instant::now();
        }
    }

    /// The connection was reset without a byte; whether the nudge did that. It did not where it was
    /// acknowledged: then a late answer was lost by chance, and its end came through.
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
        match self.were_others_answered {
            Some(true) => Silence::Slow,
            Some(false) => Silence::Mute,
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
            let is_answered = self.hear_others();
            let nudged = nudge.advance(connected, is_answered);
            self.nudged_at = nudge.unanswered_since();
            self.is_slow |= nudged == Nudged::Acknowledged;
            if nudge.is_new() && self.is_slow {
                // What others saw of an earlier one says nothing of what this one meets.
                self.witness = None;
            }
            let is_first = self.were_others_answered.is_none();
            if nudge.awaits_others() || (is_first && self.began.elapsed() >= WITNESS_AFTER) {
                self.witness(&facts);
            }
            if self.verdict(&facts, nudged).is_some() && has_passed(facts.address).await {
                let nudged = nudge.advance(connected, is_answered);
                if let Some(verdict) = self.verdict(&facts, nudged) {
                    return verdict;
                }
            }
            sleep(LOOK).await;
        }
    }

    fn witness(&mut self, facts: &Facts) -> &Witness {
        let (endpoint, address) = (self.endpoint, facts.address);
        self.witness.get_or_insert_with(|| Witness::call(endpoint.clone(), address))
    }

    /// Whether those who ask now were answered.
    fn hear_others(&mut self) -> bool {
        let Some(witness) = &self.witness else { return false };
        let is_answered = witness.testimony().status.is_some();
        self.were_others_answered = Some(is_answered || self.were_others_answered == Some(true));
        is_answered
    }

    fn verdict(&self, facts: &Facts, nudged: Nudged) -> Option<HopLimit> {
        let testimony = self.witness.as_ref()?.testimony();
        let silent_for = self.began.elapsed();
        let evidence = Evidence { silent_for, resets: self.resets, nudged, testimony };
        let verdict = evidence.judge()?;
        Some(HopLimit {
            needed: verdict.hops,
            certainty: verdict.certainty,
            endpoint: facts.address,
            connected_in: facts.connected_in,
            silent_for,
            other_status: verdict.other_status,
        })
    }
}

/// Whether a packet that is sent now reaches the service, and one of its own comes back. What was
/// sent earlier is not under way any more then: it is lost, or this machine would have heard of it.
async fn has_passed(address: SocketAddr) -> bool {
    connect(&[address], PASSAGE).await.is_ok()
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
    address: SocketAddr,
    connected_in: Duration,
}

impl Facts {
    pub(crate) fn of(connected: &Connected) -> Self {
        Self { address: connected.address, connected_in: connected.took }
    }
}
