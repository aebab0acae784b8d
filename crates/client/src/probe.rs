//! Why there is no response to the request for a token.
//!
//! EC2 sends the response with a limited TTL. Behind too many routers the request arrives, and the
//! response is discarded on its way: the connection stands and stays silent, as it does when the
//! service is slow. The difference is how the service's kernel reacts to *more* bytes on the
//! silent connection. One that has not answered yet acknowledges them. One that has answered sends its
//! acknowledgements with the response's TTL, and they are discarded as well; or it has closed the
//! connection, and resets it.
//!
//! ```text
//!   0 ms  the request is sent, on a new connection
//! 100 ms  silence, and the request is acknowledged: a nudge, one CRLF in two packets, which HTTP
//!         has a server ignore (RFC 9112, 2.2); two more CRLFs if the first is not acknowledged
//! 150 ms  beside it: a request with an invalid token (is the service alive?), and connections with a
//!         growing TTL (how many routers are on the path?)
//!         once these are answered: the last packet of the nudge
//! 200 ms  a verdict, if packet after packet stays unacknowledged while the others are answered, and
//!         so is one more connection at the end
//! ```
//! The last packet waits for the others' responses, and the verdict for that last connection, because
//! a link or a machine may stand still for a moment: then the nudge is acknowledged before that
//! connection stands.
//!
//! A reset ends the connection, and may follow from one response lost by chance: two more connections
//! must end in the same way.
//!
//! A relay on the way, such as a sidecar's proxy or a network in user mode, accepts the connection and
//! acknowledges the nudge. Where it passes bytes on, the service's reset makes it end the connection: three
//! such ends make a loss likely. Where it speaks HTTP itself nothing shows, and the service seems slow with
//! tokens alone.

pub(crate) mod distance;
mod evidence;
mod liveness;
mod nudge;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::connect::{Connected, connect};
use crate::endpoint::Endpoint;
use crate::error::{Silence, TokenLost};
use evidence::{Evidence, NudgeState};
use liveness::LivenessCheck;
use nudge::Nudge;

/// How long silence means nothing.
const FIRST_NUDGE_AFTER: Duration = Duration::from_millis(100);
/// The same, on a connection that replaces one that was reset.
const NEXT_NUDGE_AFTER: Duration = Duration::from_millis(50);
/// When the check begins whether the service is alive.
const LIVENESS_AFTER: Duration = Duration::from_millis(150);
/// How soon after a nudge a reset is its effect.
const RESET_WITHIN: Duration = Duration::from_millis(100);
/// How long a connection may take that shows that packets pass.
const LAST_CONNECTION: Duration = Duration::from_millis(100);
/// How often the connection is looked at.
const POLL: Duration = Duration::from_millis(5);

/// What is found out while a token is requested, over one or more connections.
pub(crate) struct Investigation<'a> {
    endpoint: &'a Endpoint,
    began: Instant,
    /// Connections that were reset by a nudge that was not acknowledged.
    resets: u8,
    /// Connections that ended without a byte after a nudge that was acknowledged.
    relayed_ends: u8,
    /// When the current connection was last sent a part of a nudge, and whether it is acknowledged.
    nudged_at: Option<Instant>,
    is_acknowledged: bool,
    /// Whether the current connection has acknowledged a nudge.
    is_slow: bool,
    /// The check beside it, since the current nudge began.
    liveness: Option<LivenessCheck>,
    /// Whether other requests were answered, ever; `None` before one was sent.
    were_others_answered: Option<bool>,
}

impl<'a> Investigation<'a> {
    pub(crate) fn new(endpoint: &'a Endpoint) -> Self {
        Self {
            endpoint,
            began: Instant::now(),
            resets: 0,
            relayed_ends: 0,
            nudged_at: None,
            is_acknowledged: false,
            is_slow: false,
            liveness: None,
            were_others_answered: None,
        }
    }

    /// A request for the token is sent on a new connection.
    pub(crate) fn begin(&mut self) {
        self.nudged_at = None;
        self.is_acknowledged = false;
        self.is_slow = false;
        if !self.has_ends() {
            self.began = Instant::now();
        }
    }

    /// The connection ended without a byte: whether the nudge caused it. Where the nudge was
    /// acknowledged a relay may have ended the connection, or a late response was lost by chance: that
    /// is weaker evidence than a reset by a service that acknowledges nothing.
    pub(crate) fn has_ended(&mut self, facts: &ConnectionFacts, was_reset: bool) -> bool {
        let is_effect = self.nudged_at.is_some_and(|at| at.elapsed() < RESET_WITHIN);
        if is_effect {
            let is_reset = was_reset && !self.is_acknowledged;
            *(if is_reset { &mut self.resets } else { &mut self.relayed_ends }) += 1;
            // The next connection is likely to end in the same way: start what else is needed.
            self.liveness(facts);
        }
        is_effect
    }

    /// What is known so far about the silence.
    pub(crate) fn silence(&self) -> Silence {
        match self.were_others_answered {
            Some(true) => Silence::Slow,
            Some(false) => Silence::Mute,
            None => Silence::Unknown,
        }
    }

    fn has_ends(&self) -> bool {
        self.resets + self.relayed_ends > 0
    }

    /// What follows from the ends so far.
    pub(crate) async fn weigh_ends(&mut self, facts: &ConnectionFacts) -> EndVerdict {
        if self.resets + self.relayed_ends < evidence::RESETS {
            return EndVerdict::Unknown;
        }
        self.liveness(facts).finished().await;
        match self.verdict(facts, NudgeState::Unknown) {
            Some(verdict) => EndVerdict::Lost(verdict),
            // Behind a router, ends of both kinds together say less than as many of one.
            None if self.resets.max(self.relayed_ends) < evidence::RESETS_DESPITE_LOSS => {
                EndVerdict::Unknown
            }
            None => EndVerdict::OtherCause,
        }
    }

    /// Follows a silent connection until there is a verdict; without one it never ends.
    pub(crate) async fn follow(&mut self, connected: &Connected) -> TokenLost {
        let facts = ConnectionFacts::of(connected);
        let sent = Instant::now();
        let patience = if self.has_ends() { NEXT_NUDGE_AFTER } else { FIRST_NUDGE_AFTER };
        let mut nudge = Nudge::at(sent + patience);
        sleep_until(sent + patience).await;
        loop {
            let is_answered = self.poll_liveness();
            let state = nudge.advance(connected, is_answered);
            self.nudged_at = nudge.sent_at();
            self.is_acknowledged = nudge.is_acknowledged();
            self.is_slow |= state == NudgeState::Acknowledged;
            if nudge.is_new() && self.is_slow {
                // The check beside an earlier nudge says nothing about this one.
                self.liveness = None;
            }
            let is_first = self.were_others_answered.is_none();
            if nudge.awaits_liveness() || (is_first && self.began.elapsed() >= LIVENESS_AFTER) {
                self.liveness(&facts);
            }
            if self.verdict(&facts, state).is_some() && packets_pass(facts.address).await {
                let state = nudge.advance(connected, is_answered);
                if let Some(verdict) = self.verdict(&facts, state) {
                    return verdict;
                }
            }
            sleep(POLL).await;
        }
    }

    fn liveness(&mut self, facts: &ConnectionFacts) -> &LivenessCheck {
        let (endpoint, address) = (self.endpoint, facts.address);
        self.liveness.get_or_insert_with(|| LivenessCheck::start(endpoint.clone(), address))
    }

    /// Whether another request has been answered, since the current nudge began.
    fn poll_liveness(&mut self) -> bool {
        let Some(check) = &self.liveness else { return false };
        let is_answered = check.observed().status.is_some();
        self.were_others_answered = Some(is_answered || self.were_others_answered == Some(true));
        is_answered
    }

    fn verdict(&self, facts: &ConnectionFacts, nudge: NudgeState) -> Option<TokenLost> {
        let liveness = self.liveness.as_ref()?.observed();
        let silent_for = self.began.elapsed();
        let Self { resets, relayed_ends, .. } = *self;
        let evidence = Evidence { silent_for, resets, relayed_ends, nudge, liveness };
        let verdict = evidence.verdict()?;
        Some(TokenLost {
            routers: verdict.routers,
            hop_limit: (verdict.routers + 1).max(2),
            certainty: verdict.certainty,
            endpoint: facts.address,
            connected_in: facts.connected_in,
            silent_for,
            other_status: verdict.other_status,
            tokens_required: false,
        })
    }
}

/// Whether a packet that is sent now reaches the service, and its answer comes back. Then what was
/// sent earlier is no longer on its way: it is lost, or this machine would have its acknowledgement.
async fn packets_pass(address: SocketAddr) -> bool {
    connect(&[address], LAST_CONNECTION).await.is_ok()
}

/// What ends of connections mean.
pub(crate) enum EndVerdict {
    /// Another connection must be tried before anything can be said.
    Unknown,
    /// The token is lost on the way.
    Lost(TokenLost),
    /// Something else ends connections.
    OtherCause,
}

/// What is known of a connection, also after its end.
#[derive(Clone, Copy)]
pub(crate) struct ConnectionFacts {
    address: SocketAddr,
    connected_in: Duration,
}

impl ConnectionFacts {
    pub(crate) fn of(connected: &Connected) -> Self {
        Self { address: connected.address, connected_in: connected.took }
    }
}
